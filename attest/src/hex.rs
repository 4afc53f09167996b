//! Hexadecimal digits of the pins, read when the crate is compiled.

/// 32 bytes from 64 lower-case digits; anything else does not compile.
pub(crate) const fn digest(text: &str) -> [u8; 32] {
    let text = text.as_bytes();
    assert!(text.len() == 64, "a digest has 64 digits");
    let mut bytes = [0; 32];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => panic!("a digit is 0 to 9 or a to f"),
    }
}
