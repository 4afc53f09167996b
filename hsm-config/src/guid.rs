//! GUIDs, in which nearly every tenant and client id is written: text of 36 characters, 16 bytes.

/// The length of a GUID as text, in characters.
pub(crate) const TEXT_LEN: usize = 36;
/// Where the dashes of a GUID stand.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// The bytes of a GUID in the order of its text; `None` if this is no GUID.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; TEXT_LEN] = text.as_bytes().try_into().ok()?;
    let mut guid = [0; 16];
    let mut nibbles = 0;
    for (at, byte) in text.iter().enumerate() {
        if DASHES.contains(&at) {
            (*byte == b'-').then_some(())?;
            continue;
        }
        let nibble = u8::try_from(char::from(*byte).to_digit(16)?).ok()?;
        guid[nibbles / 2] = guid[nibbles / 2] << 4 | nibble;
        nibbles += 1;
    }
    Some(guid)
}

/// The canonical text: lower case, with dashes.
pub(crate) fn text(guid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(TEXT_LEN);
    for nibble in guid.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        if DASHES.contains(&text.len()) {
            text.push('-');
        }
        text.extend(char::from_digit(nibble.into(), 16));
    }
    text
}

/// A GUID in lower case; other text as it is.
pub(crate) fn canonical(value: &str) -> String {
    parse(value).map_or_else(|| value.to_owned(), |guid| text(&guid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_guid_reads_back_in_either_case(guid: [u8; 16]) {
            prop_assert_eq!(parse(&text(&guid)), Some(guid));
            prop_assert_eq!(parse(&text(&guid).to_uppercase()), Some(guid));
        }
    }

    #[test]
    fn what_is_nearly_a_guid_stays_as_it_is() {
        let nearly = "00000000-0000-0000-0000-00000000000G";
        assert_eq!(canonical(nearly), nearly);
        assert_eq!(canonical("00000000x0000-0000-0000-000000000000"), "00000000x0000-0000-0000-000000000000");
    }
}
