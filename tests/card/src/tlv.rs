//! Tags, lengths and values, as PIV writes them (SP 800-73-4 part 1, section 3).

/// Appends one value.
pub(crate) fn write(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    match value.len() {
        length @ 0..=0x7F => out.push(length as u8),
        length @ 0x80..=0xFF => out.extend([0x81, length as u8]),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(value);
}

/// One value.
pub(crate) fn one(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, tag, value);
    out
}

/// The values that follow each other, up to the first that is not whole.
pub(crate) fn read(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, value, rest) = split(bytes)?;
        bytes = rest;
        Some((tag, value))
    })
}

/// The first value of this tag.
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<&[u8]> {
    read(bytes).find(|(tag, _)| *tag == wanted).map(|(_, value)| value)
}

fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, body) = match bytes.get(1)? {
        0x81 => (usize::from(*bytes.get(2)?), 3),
        0x82 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 4),
        length @ 0..=0x7F => (usize::from(*length), 2),
        _ => return None,
    };
    Some((bytes[0], bytes.get(body..body + length)?, &bytes[body + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 3000] {
            let value = vec![7; length];
            let bytes = [one(0x53, &value), one(0x70, &[1])].concat();
            assert_eq!(find(&bytes, 0x53), Some(value.as_slice()));
            assert_eq!(find(&bytes, 0x70), Some(&[1][..]));
        }
    }

    #[test]
    fn a_value_that_is_cut_is_none() {
        assert_eq!(find(&[0x53, 5, 1, 2], 0x53), None);
        assert_eq!(find(&[0x53], 0x53), None);
    }
}
