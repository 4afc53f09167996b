//! A command to a card and what it may answer (ISO/IEC 7816-4 sections 5.1 and 5.6).

/// A command, with the data of all its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Command {
    pub(crate) class: u8,
    pub(crate) instruction: u8,
    pub p1: u8,
    pub p2: u8,
    pub(crate) data: Vec<u8>,
    /// Whether it was written in the extended form, and so may be answered in one piece.
    pub(crate) extended: bool,
}

impl Command {
    pub(crate) const SELECT: u8 = 0xA4;
    pub(crate) const VERIFY: u8 = 0x20;
    pub(crate) const CHANGE_REFERENCE: u8 = 0x24;
    pub(crate) const RESET_RETRY: u8 = 0x2C;
    pub(crate) const GENERATE: u8 = 0x47;
    pub(crate) const AUTHENTICATE: u8 = 0x87;
    pub(crate) const GET_RESPONSE: u8 = 0xC0;
    pub(crate) const GET_DATA: u8 = 0xCB;
    pub(crate) const PUT_DATA: u8 = 0xDB;
    /// Yubico's own.
    pub(crate) const DELETE_KEY: u8 = 0xF6;
    pub(crate) const METADATA: u8 = 0xF7;
    pub(crate) const SERIAL: u8 = 0xF8;
    pub(crate) const ATTEST: u8 = 0xF9;
    pub(crate) const SET_RETRIES: u8 = 0xFA;
    pub(crate) const RESET: u8 = 0xFB;
    pub(crate) const VERSION: u8 = 0xFD;
    pub(crate) const SET_MANAGEMENT_KEY: u8 = 0xFF;

    /// The bit of the class that says: more of this command follows.
    pub(crate) const CHAINED: u8 = 0x10;

    /// Reads a command. A missing Le means that as much as fits is wanted, so it is not kept.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Sw> {
        let (&[class, instruction, p1, p2], body) = bytes.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
        let (data, extended) = match body {
            [] | [_] => (&[][..], false),
            [0, _, _] => (&[][..], true),
            [0, high, low, rest @ ..] => {
                (part(rest, usize::from(u16::from_be_bytes([*high, *low])), 2)?, true)
            }
            [length, rest @ ..] => (part(rest, usize::from(*length), 1)?, false),
        };
        Ok(Self { class, instruction, p1, p2, data: data.to_vec(), extended })
    }
}

/// The data before an Le of at most so many bytes.
fn part(rest: &[u8], length: usize, le: usize) -> Result<&[u8], Sw> {
    let data = rest.get(..length).ok_or(Sw::WRONG_LENGTH)?;
    if rest.len() > length + le { Err(Sw::WRONG_LENGTH) } else { Ok(data) }
}

/// A status word other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sw(pub(crate) u16);

impl Sw {
    pub(crate) const SUCCESS: Self = Self(0x9000);
    pub(crate) const WRONG_LENGTH: Self = Self(0x6700);
    pub(crate) const NOT_ALLOWED: Self = Self(0x6982);
    pub(crate) const BLOCKED: Self = Self(0x6983);
    pub(crate) const CONDITIONS: Self = Self(0x6985);
    pub(crate) const WRONG_DATA: Self = Self(0x6A80);
    pub(crate) const NOT_FOUND: Self = Self(0x6A82);
    pub(crate) const WRONG_PARAMETERS: Self = Self(0x6A86);
    pub(crate) const NO_SUCH_KEY: Self = Self(0x6A88);
    pub(crate) const NO_SUCH_INSTRUCTION: Self = Self(0x6D00);
    pub(crate) const NO_SUCH_CLASS: Self = Self(0x6E00);
    pub(crate) const BROKEN: Self = Self(0x6F00);

    /// A wrong PIN or PUK, with the tries that are left.
    pub(crate) fn tries_left(tries: u8) -> Self {
        if tries == 0 { Self::BLOCKED } else { Self(0x63C0 | u16::from(tries.min(15))) }
    }

    /// More of an answer is there.
    pub(crate) fn more(left: usize) -> Self {
        Self(0x6100 | u16::try_from(left).ok().filter(|left| *left < 256).unwrap_or(0))
    }
}

/// What a command came to.
pub(crate) type Answer = Result<Vec<u8>, Sw>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_in_every_form() {
        for (bytes, data, extended) in [
            (&[0, 0xFD, 0, 0][..], &[][..], false),
            (&[0, 0xFD, 0, 0, 0], &[], false),
            (&[0, 0xA4, 4, 0, 2, 7, 8], &[7, 8], false),
            (&[0, 0xA4, 4, 0, 2, 7, 8, 0], &[7, 8], false),
            (&[0, 0xFD, 0, 0, 0, 1, 0], &[], true),
            (&[0, 0xA4, 4, 0, 0, 0, 2, 7, 8, 1, 0], &[7, 8], true),
        ] {
            let command = Command::parse(bytes).unwrap();
            assert_eq!((command.data.as_slice(), command.extended), (data, extended), "{bytes:?}");
        }
    }

    #[test]
    fn a_command_of_another_length_than_it_says_is_refused() {
        for bytes in [&[0, 0xA4, 4][..], &[0, 0xA4, 4, 0, 3, 7, 8], &[0, 0xA4, 4, 0, 1, 7, 8, 0]] {
            assert_eq!(Command::parse(bytes).err(), Some(Sw::WRONG_LENGTH), "{bytes:?}");
        }
    }
}
