//! What a start finds, what it may repair, and what it writes again before it builds on it.
//!
//! Only an incomplete last frame of the open bundle is cut, and only where no leaf hash vouches for it. Missing hashes
//! and unfinished moves are completed. Everything else that is not as it was written refuses the start, with file,
//! offset and index: a log that repairs damage would hide it. What was read above the marks is believed only once it was
//! written to new files (`rewrite`): what the page cache gives may never have reached the disk.

use jiff::Timestamp;

use crate::{
    Entry, Error, Reader, SignedCheckpoint, Tree, TreeHead,
    bundle::OpenBundle,
    dir::Dir,
    frame::{Frames, Tail},
    hash::{Hash, leaf_hash},
    layout::{
        BUNDLE, CHECKPOINT, FOLDERS, OPEN, RESERVE, TILES, open_entries, open_hashes, open_number,
        sealed_entries, tile,
    },
    lifecycle_index::LifecycleIndex,
    reserve::Reserve,
    rewrite,
    right_edge::RightEdge,
    sealed,
    sealer::seal,
    tile::{is_lost, kept},
};

/// What the log held when it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// How many entries there are.
    pub size: u64,
    /// All lifecycle and posture entries with their indices, in order: the state of today is a fold of these.
    pub lifecycle: Vec<(u64, Entry)>,
    /// The time in the last entry.
    pub last_time: Option<Timestamp>,
    /// How many bytes of a frame that was never finished were cut.
    pub cut_bytes: u64,
    /// The checkpoint that was published last; the log begins with what it is of.
    pub checkpoint: Option<SignedCheckpoint>,
}

/// All that the two threads start from.
pub(crate) struct Ready {
    pub(crate) recovered: Recovered,
    pub(crate) bundle: OpenBundle,
    pub(crate) reserve: Reserve,
    pub(crate) marks: LifecycleIndex,
    pub(crate) unmarked: LifecycleIndex,
    pub(crate) state: Vec<u64>,
    pub(crate) edge: RightEdge,
}

pub(crate) fn recover(dir: &Dir) -> Result<Ready, Error> {
    make_folders(dir)?;
    let mut reserve = Reserve::open(dir).map_err(Error::io(RESERVE))?;
    let sealed = sealed::count(dir)?;
    let mut found = Recovered::default();
    let marks = read_marked(dir, sealed, &mut found)?;
    for number in marks.size / BUNDLE..sealed {
        let (bytes, leaves) = sealed::read(dir, number, &mut found)?;
        reserve.lend(|| rewrite::sealed(dir, number, &bytes, &leaves))?;
    }
    let bundle = recover_open(dir, sealed, &mut reserve, &mut found)?;
    let first = bundle.number() * BUNDLE;
    found.size = bundle.next_index();
    let edge = take_up(dir, &mut reserve, &mut found)?;
    reserve.fill().map_err(Error::io(RESERVE))?;
    let indices = |range: std::ops::Range<u64>| {
        found.lifecycle.iter().map(|(index, _)| *index).filter(|index| range.contains(index)).collect()
    };
    let unmarked = LifecycleIndex { size: first, lifecycle: indices(0..first) };
    let state = indices(first..u64::MAX);
    Ok(Ready { recovered: found, bundle, reserve, marks, unmarked, state, edge })
}

/// Takes up the log where its last checkpoint ends, and makes sure that this one is on the disk.
fn take_up(dir: &Dir, reserve: &mut Reserve, found: &mut Recovered) -> Result<RightEdge, Error> {
    let reader = dir.again().map(Reader::on).map_err(Error::io("."))?;
    let tree = reader.tree_at(found.size)?;
    let Some(signed) = reader.checkpoint()? else { return Ok(RightEdge::new(tree)) };
    let edge = compare(&reader, signed.head(), found, tree)?;
    reserve.lend(|| rewrite::entries(dir, CHECKPOINT, signed.to_string().as_bytes()))?;
    found.checkpoint = Some(signed);
    Ok(edge)
}

/// Holds the log against its last checkpoint.
fn compare(reader: &Reader, checkpoint: TreeHead, found: &Recovered, tree: Tree) -> Result<RightEdge, Error> {
    if checkpoint.size > found.size {
        return Err(Error::Diverged { checkpoint, log: tree.head() });
    }
    let earlier = reader.tree_at(checkpoint.size)?;
    match earlier.head() {
        log if log != checkpoint => Err(Error::Diverged { checkpoint, log }),
        _ => Ok(RightEdge::grown(earlier, reader.range(checkpoint.size, found.size)?, tree)),
    }
}

fn make_folders(dir: &Dir) -> Result<(), Error> {
    FOLDERS.iter().try_for_each(|folder| dir.make_folder(folder).map_err(Error::io(folder)))?;
    let sync = |folder| dir.sync_folder(folder).map_err(|failed| Error::io(folder)(failed.errno()));
    [".", TILES].into_iter().try_for_each(sync)
}

/// Reads the entries that the marks name; marks that name another kind of entry are not believed.
fn read_marked(dir: &Dir, sealed: u64, found: &mut Recovered) -> Result<LifecycleIndex, Error> {
    let Some(marks) = LifecycleIndex::load(dir, sealed * BUNDLE)? else {
        return Ok(LifecycleIndex::default());
    };
    match sealed::pick(dir, &marks)? {
        Some((lifecycle, last_time)) => {
            found.lifecycle = lifecycle;
            found.last_time = last_time;
            Ok(marks)
        }
        None => Ok(LifecycleIndex::default()),
    }
}

impl Recovered {
    pub(crate) fn note(&mut self, index: u64, entry: Entry) {
        self.last_time = entry.time.or(self.last_time);
        if entry.kind.is_state() {
            self.lifecycle.push((index, entry));
        }
    }
}

/// Seals the full bundles that a kill left in `open/`, and resumes the first that has room.
fn recover_open(
    dir: &Dir,
    sealed: u64,
    reserve: &mut Reserve,
    found: &mut Recovered,
) -> Result<OpenBundle, Error> {
    let mut number = sealed;
    let walked = loop {
        let walked = walk_open(dir, number, found)?;
        let file = open_entries(number);
        reserve.lend(|| rewrite::entries(dir, &file, &walked.bytes))?;
        if walked.leaves.len() as u64 != BUNDLE {
            break walked;
        }
        reserve.lend(|| seal(dir, number, &walked.leaves))?;
        number += 1;
    };
    refuse_strays(dir, number)?;
    found.cut_bytes = walked.torn;
    resume(dir, number, walked)
}

/// A bundle in `open/`: its whole frames, and how many bytes of an unfinished one stood behind them.
struct Walked {
    bytes: Vec<u8>,
    leaves: Vec<Hash>,
    torn: u64,
}

fn resume(dir: &Dir, number: u64, walked: Walked) -> Result<OpenBundle, Error> {
    let (file, end) = (open_entries(number), walked.bytes.len() as u64);
    let mut bundle = OpenBundle::resume(dir, number, end, walked.leaves).map_err(Error::io(&file))?;
    bundle.keep_hashes();
    Ok(bundle)
}

fn walk_open(dir: &Dir, number: u64, found: &mut Recovered) -> Result<Walked, Error> {
    let file = open_entries(number);
    let mut bytes = dir.read(&file).map_err(Error::io(&file))?.unwrap_or_default();
    let kept = kept_hashes(dir, number)?;
    let mut leaves: Vec<Hash> = Vec::with_capacity(BUNDLE as usize);
    let mut end = 0;
    let corrupt = |offset: usize, leaves: &[Hash], what| {
        let index = number * BUNDLE + leaves.len() as u64;
        Error::Corrupt { file: file.clone(), offset: offset as u64, index, what }
    };
    let mut frames = Frames::new(&bytes);
    while let Some(frame) = frames.next() {
        let Ok(entry) = frame.entry() else { break };
        let leaf = leaf_hash(frame.body);
        if kept.get(leaves.len()).is_some_and(|kept| *kept != leaf && !is_lost(kept)) {
            return Err(corrupt(frame.offset, &leaves, "the entry is not the one that was hashed"));
        }
        if leaves.len() as u64 == BUNDLE {
            return Err(corrupt(frame.offset, &leaves, "a bundle holds more than 256 entries"));
        }
        found.note(number * BUNDLE + leaves.len() as u64, entry);
        leaves.push(leaf);
        end = frames.at();
    }
    let rest = &bytes[end..];
    match Tail::of(rest) {
        Tail::Bad => Err(corrupt(end, &leaves, "a bad frame that no interrupted append leaves")),
        _ if kept.len() > leaves.len() => {
            Err(corrupt(end, &leaves, "an entry is missing whose hash was kept after it was durable"))
        }
        Tail::Torn | Tail::Clean => {
            let torn = rest.len() as u64;
            bytes.truncate(end);
            Ok(Walked { bytes, leaves, torn })
        }
    }
}

/// The hashes in `open/`, or in the leaf tile where a kill came between placing it and moving the entries.
fn kept_hashes(dir: &Dir, number: u64) -> Result<Vec<Hash>, Error> {
    for file in [open_hashes(number), tile(0, number)] {
        let bytes = dir.read(&file).map_err(Error::io(&file))?.unwrap_or_default();
        match kept(&bytes) {
            [] => continue,
            hashes => return Ok(hashes.to_vec()),
        }
    }
    Ok(Vec::new())
}

/// Behind the open bundle only empty files stand ready, and they are made anew as well; before it, none may be left.
fn refuse_strays(dir: &Dir, open: u64) -> Result<(), Error> {
    for number in dir.names(OPEN).map_err(Error::io(OPEN))?.iter().filter_map(|name| open_number(name)) {
        if number == open {
            continue;
        }
        let file = open_entries(number);
        if dir.read(&file).map_err(Error::io(&file))?.is_some_and(|bytes| !bytes.is_empty()) {
            let (missing, what) = match number < open {
                true => (sealed_entries(number), "the same bundle lies in open/ and in tile/"),
                false => (open_entries(open), "entries are missing: a later bundle has some"),
            };
            let index = number.min(open) * BUNDLE;
            return Err(Error::Corrupt { file: missing, offset: 0, index, what });
        }
        dir.remove(&file).map_err(Error::io(&file))?;
    }
    Ok(())
}
