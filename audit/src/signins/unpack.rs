//! gzip or not, by its first bytes. What unpacks to far more than it is packed into is a bomb and no log.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// How a gzip file begins (RFC 1952 section 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b";
/// How many times its size a file may unpack to. Sign-ins reach 40; deflate itself ends at 1,032.
const MAX_RATIO: u64 = 200;
/// Up to this size nobody minds the ratio, in bytes.
const SMALL: u64 = 64 << 20;
/// What is read at once, in bytes.
const CHUNK: usize = 128 << 10;

/// The bytes of a file, unpacked where it is gzip, of one member or of many.
pub(super) fn unpack<'s>(source: impl Read + 's) -> io::Result<Box<dyn Read + 's>> {
    let mut source = BufReader::with_capacity(CHUNK, Counted { source, count: 0 });
    if !source.fill_buf()?.starts_with(GZIP) {
        return Ok(Box::new(source));
    }
    Ok(Box::new(Gzip { decoder: MultiGzDecoder::new(source), unpacked: 0 }))
}

struct Counted<R> {
    source: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.count += read as u64;
        Ok(read)
    }
}

struct Gzip<R> {
    decoder: MultiGzDecoder<BufReader<Counted<R>>>,
    unpacked: u64,
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(into)?;
        self.unpacked += read as u64;
        let packed = self.decoder.get_ref().get_ref().count;
        if self.unpacked > SMALL && self.unpacked / MAX_RATIO > packed {
            let what = format!("it unpacks to more than {MAX_RATIO} times its size, as no sign-in log does");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(read)
    }
}
