//! Sealed bundles at a start: counted, a few read, none trusted blindly.
//!
//! They are numbered without a gap. Those above the marks are read whole, checked against their leaf tiles and written anew;
//! below, only the entries that the marks name are read. `verify` reads everything.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    Entry, Error, Recovered,
    dir::Dir,
    frame::{Frame, Frames},
    hash::{Hash, leaf_hash},
    layout::{BUNDLE, SEALED, sealed_entries, tile},
    lifecycle_index::LifecycleIndex,
    tile::stored,
};

/// How many bundles are sealed; a missing one below the last is damage.
pub(crate) fn count(dir: &Dir) -> Result<u64, Error> {
    let mut numbers = Vec::new();
    list(dir, SEALED, 0, &mut numbers)?;
    numbers.sort_unstable();
    for (expected, number) in (0u64..).zip(&numbers) {
        if *number != expected {
            return Err(corrupt(expected, 0, 0, "the bundle is missing, and later ones are there"));
        }
    }
    Ok(numbers.len() as u64)
}

/// The numbers below a folder of C2SP path groups.
pub(crate) fn list(dir: &Dir, folder: &str, high: u64, numbers: &mut Vec<u64>) -> Result<(), Error> {
    for name in dir.names(folder).map_err(Error::io(folder))? {
        let (digits, is_folder) = name.strip_prefix('x').map_or((name.as_str(), false), |rest| (rest, true));
        let Some(group) = digits.parse::<u64>().ok().filter(|_| digits.len() == 3) else { continue };
        let Some(number) = high.checked_mul(1000).and_then(|high| high.checked_add(group)) else { continue };
        if is_folder {
            list(dir, &format!("{folder}/{name}"), number, numbers)?;
        } else {
            numbers.push(number);
        }
    }
    Ok(())
}

fn corrupt(number: u64, offset: usize, leaf: usize, what: &'static str) -> Error {
    let index = number * BUNDLE + leaf as u64;
    Error::Corrupt { file: sealed_entries(number), offset: offset as u64, index, what }
}

fn load(dir: &Dir, number: u64) -> Result<Vec<u8>, Error> {
    let file = sealed_entries(number);
    let bytes = dir.read(&file).map_err(Error::io(&file))?;
    bytes.ok_or_else(|| corrupt(number, 0, 0, "the bundle is missing"))
}

fn frames(bytes: &[u8], number: u64) -> Result<Vec<Frame<'_>>, Error> {
    let mut walk = Frames::new(bytes);
    let frames: Vec<_> = walk.by_ref().collect();
    if frames.len() as u64 == BUNDLE && walk.at() == bytes.len() {
        return Ok(frames);
    }
    let first_bad = frames.iter().position(|frame| frame.entry().is_err()).unwrap_or(frames.len());
    let offset = frames.get(first_bad).map_or(walk.at(), |frame| frame.offset);
    Err(corrupt(number, offset, first_bad, "a full bundle does not hold 256 complete frames"))
}

type Picked = (Vec<(u64, Entry)>, Option<Timestamp>);

/// Reads the entries that the marks name, and the time of the last one below them. Nothing, where they name another kind.
pub(crate) fn pick(dir: &Dir, marks: &LifecycleIndex) -> Result<Option<Picked>, Error> {
    let mut by_bundle: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    marks.lifecycle.iter().for_each(|index| by_bundle.entry(index / BUNDLE).or_default().push(*index));
    let mut picked = Vec::with_capacity(marks.lifecycle.len());
    for (number, indices) in by_bundle {
        let bytes = load(dir, number)?;
        let frames = frames(&bytes, number)?;
        for index in indices {
            let entry = entry(&frames, number, (index % BUNDLE) as usize)?;
            if !entry.kind.is_state() {
                return Ok(None);
            }
            picked.push((index, entry));
        }
    }
    Ok(Some((picked, last_time(dir, marks)?)))
}

fn last_time(dir: &Dir, marks: &LifecycleIndex) -> Result<Option<Timestamp>, Error> {
    let Some(number) = (marks.size / BUNDLE).checked_sub(1) else { return Ok(None) };
    let bytes = load(dir, number)?;
    Ok(entry(&frames(&bytes, number)?, number, BUNDLE as usize - 1)?.time)
}

fn entry(frames: &[Frame<'_>], number: u64, leaf: usize) -> Result<Entry, Error> {
    let frame = frames.get(leaf).ok_or_else(|| corrupt(number, 0, leaf, "the entry is missing"))?;
    frame.entry().map_err(|_| corrupt(number, frame.offset, leaf, "the bytes are not an entry"))
}

/// Reads a whole bundle and compares it with its leaf tile; gives its bytes and its leaf hashes.
pub(crate) fn read(dir: &Dir, number: u64, found: &mut Recovered) -> Result<(Vec<u8>, Vec<Hash>), Error> {
    let leaf_tile = tile(0, number);
    let kept = dir.read(&leaf_tile).map_err(Error::io(&leaf_tile))?.unwrap_or_default();
    let kept = stored(&kept);
    let bytes = load(dir, number)?;
    let mut leaves: Vec<Hash> = Vec::with_capacity(BUNDLE as usize);
    for (leaf, frame) in frames(&bytes, number)?.iter().enumerate() {
        let hash = leaf_hash(frame.body);
        if kept.get(leaf).is_some_and(|kept| *kept != hash) {
            return Err(corrupt(number, frame.offset, leaf, "the entry is not the one that was hashed"));
        }
        let parsed = frame.entry();
        let entry = parsed.map_err(|_| corrupt(number, frame.offset, leaf, "the bytes are not an entry"))?;
        found.note(number * BUNDLE + leaf as u64, entry);
        leaves.push(hash);
    }
    Ok((bytes, leaves))
}
