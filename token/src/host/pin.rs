//! The PIN, from its source to a [`Pin`]: bounded, wiped, and gone after the login.
//!
//! The source is a descriptor that `hsm-config` opened after checking owner and mode. Its identity (inode and time of
//! change) is all that is ever told of it; nothing is computed from the PIN itself.

use std::fs::File;
use std::io::Read;

use hsm_config::{PinFile, PinIdentity, PinSource};
use zeroize::Zeroizing;

use crate::lane::Fault;
use crate::pin::Pin;

/// The longest PIN, in bytes.
pub(super) const MAX_PIN_BYTES: usize = 256;

/// Reads a PIN that is not typed by a person.
pub(super) fn read(source: &PinSource) -> Result<(Pin, PinIdentity), Fault> {
    let file = open(source)?;
    Ok((take(File::from(file.fd))?, file.identity))
}

/// Reads another secret from a source of the same kind.
#[cfg(feature = "piv")]
pub(super) fn read_bytes(source: &PinSource) -> Result<Zeroizing<Vec<u8>>, Fault> {
    take_bytes(File::from(open(source)?.fd))
}

fn open(source: &PinSource) -> Result<PinFile, Fault> {
    let file = source.open().map_err(|error| Fault::PinSource(format!("{error}; {}", error.help())))?;
    file.ok_or_else(|| Fault::PinSource("it is typed by a person: run kunci token unlock".into()))
}

fn take(file: impl Read) -> Result<Pin, Fault> {
    let bytes = take_bytes(file)?;
    Pin::from_bytes(&bytes).ok_or_else(|| Fault::PinSource("it is empty or not UTF-8".into()))
}

fn take_bytes(file: impl Read) -> Result<Zeroizing<Vec<u8>>, Fault> {
    // Room for all that is read, so that the buffer never moves and leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_PIN_BYTES));
    let limit = u64::try_from(MAX_PIN_BYTES + 2).unwrap_or(u64::MAX);
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| Fault::PinSource(format!("it cannot be read: {error}")))?;
    if bytes.len() > MAX_PIN_BYTES + 1 {
        return Err(Fault::PinSource(format!("it holds more than the {MAX_PIN_BYTES} bytes of a PIN")));
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
            assert!(matches!(take(bad), Err(Fault::PinSource(_))), "{bad:?}");
        }
        assert!(take(&b"1234\n"[..]).is_ok());
    }
}
