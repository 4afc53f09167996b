//! The PIN, from its source to a [`Pin`]: bounded, wiped, and gone after the login, unless a key wants it for each signature
//! ([`super::pin_reauth`]).
//!
//! The source is a descriptor that `hsm-config` opened after checking owner and mode. Its identity (inode and time of
//! change) is all that is ever told of it; nothing is computed from the PIN itself. What is in it is judged as text before
//! any token sees it ([`crate::pin`]).

use std::fs::File;
use std::io::{self, Read};

use hsm_config::{PinFile, PinIdentity, PinSource};
use zeroize::Zeroizing;

use crate::lane::Fault;
#[cfg(feature = "piv")]
use crate::pin::one_line;
use crate::pin::{NotOneLine, Pin};

/// The longest PIN, in bytes.
pub(super) const MAX_PIN_BYTES: usize = 256;

/// Why a source's content is no secret.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("cannot be read: {0}")]
    Unread(#[from] io::Error),
    #[error("holds more than the {MAX_PIN_BYTES} bytes of a PIN")]
    TooLong,
    #[error(transparent)]
    Text(#[from] NotOneLine),
}

/// Reads a PIN that is not typed by a person.
pub(super) fn read(source: &PinSource) -> Result<(Pin, PinIdentity), Fault> {
    let file = open(source)?;
    let pin =
        take(File::from(file.fd)).map_err(|why| Fault::PinSource(format!("{} {why}", named(source))))?;
    Ok((pin, file.identity))
}

/// Reads another secret from a source of the same kind, as its one line of text.
#[cfg(feature = "piv")]
pub(super) fn read_line(source: &PinSource) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let unfit = |why| Fault::PinSource(format!("{} {why}", named(source)));
    let bytes = take_bytes(File::from(open(source)?.fd)).map_err(unfit)?;
    one_line(&bytes).map_err(|why| unfit(why.into()))?;
    Ok(bytes)
}

fn open(source: &PinSource) -> Result<PinFile, Fault> {
    let file = source.open().map_err(|error| Fault::PinSource(format!("{error}; {}", error.help())))?;
    file.ok_or_else(|| Fault::PinSource("it is typed by a person: run `kunci token unlock`".into()))
}

/// A source as its operator knows it.
fn named(source: &PinSource) -> String {
    match source {
        PinSource::File(path) => format!("the file {}", path.display()),
        PinSource::Credential(name) => format!("the credential {name:?}"),
        PinSource::Prompt => "what was typed".into(),
    }
}

fn take(file: impl Read) -> Result<Pin, Unfit> {
    Ok(Pin::from_bytes(&take_bytes(file)?)?)
}

fn take_bytes(file: impl Read) -> Result<Zeroizing<Vec<u8>>, Unfit> {
    // Room for all that is read, so that the buffer never moves and leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_PIN_BYTES));
    let limit = u64::try_from(MAX_PIN_BYTES + 2).unwrap_or(u64::MAX);
    let read = file.take(limit).read_to_end(&mut bytes);
    read?;
    if bytes.len() > MAX_PIN_BYTES + 1 {
        return Err(Unfit::TooLong);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_is_empty_too_long_or_not_text_is_never_tried() {
        let long = [b'1'; MAX_PIN_BYTES + 2];
        for bad in [&b""[..], b"\n", b"\xff\n", &long] {
            assert!(take(bad).is_err(), "{bad:?}");
        }
        assert!(take(&b"1234\n"[..]).is_ok());
    }
}
