//! Reading evidence, as far as any is accepted.

use std::path::Path;

use attest::MAX_FILE_BYTES;

use crate::bounded;
use crate::failure::Failure;

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    bounded::read(path, MAX_FILE_BYTES)
}
