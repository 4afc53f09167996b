//! One log's entries that match, in order: by the index where there is one, else by reading all of them.
//!
//! Memory is one bundle. Every entry that is given was hashed, and where the log has tiles above it, that hash leads to
//! their root. What is damaged is told between the entries.

use std::collections::VecDeque;

use ledger::{Damage, Root, Tree};

use crate::bundle::BUNDLE;
use crate::index::{Segment, Spot, Term};
use crate::log::{BUNDLES, Log, Place, Stretch, unreadable};
use crate::{Index, Line, Query};

/// Of so many entries of a bundle or fewer, each is read by itself.
const FEW: usize = 16;

/// What a scan comes upon.
#[derive(Debug)]
pub enum Found<'a> {
    /// An entry that matches.
    Entry(&'a Hit<'a>),
    /// Something that is not as it was written.
    Damage(Damage),
}

/// An entry that matches.
#[derive(Debug)]
pub struct Hit<'a> {
    /// Its index in its log.
    pub index: u64,
    /// The stored bytes.
    pub bytes: &'a [u8],
    /// What they say.
    pub line: Line<'a>,
}

/// How far a scan saw its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// How many entries the log had.
    pub size: u64,
    /// The root of these entries; nothing where damage was found.
    pub root: Option<Root>,
}

/// A question on its way through a log.
#[derive(Debug)]
pub struct Scan<'a> {
    log: &'a Log,
    index: Option<&'a Index>,
    query: &'a Query,
    /// The next stretch; one past the last is the tail.
    next: u64,
    stretch: Option<&'a Stretch>,
    ahead: VecDeque<Reading>,
    tree: Tree,
    is_damaged: bool,
}

/// What is read next.
#[derive(Debug)]
enum Reading {
    Whole(u64),
    Few(u64, Vec<Place>),
}

impl<'a> Scan<'a> {
    /// Begins at the log's first entry.
    pub fn new(log: &'a Log, index: Option<&'a Index>, query: &'a Query) -> Self {
        let (tree, ahead) = (Tree::new(), VecDeque::new());
        Self { log, index, query, next: 0, stretch: None, ahead, tree, is_damaged: false }
    }

    /// Reads one bundle more, or what of it matters; gives whether there may be another.
    pub fn step(&mut self, each: &mut dyn FnMut(Found<'_>)) -> bool {
        while self.ahead.is_empty() {
            if self.next > self.log.stretches() {
                return false;
            }
            self.plan();
        }
        match self.ahead.pop_front() {
            Some(Reading::Whole(n)) => self.whole(n, each),
            Some(Reading::Few(n, places)) => self.few(n, &places, each),
            None => {}
        }
        true
    }

    /// Goes through all of it.
    pub fn run(mut self, each: &mut dyn FnMut(Found<'_>)) -> Reached {
        while self.step(each) {}
        self.reached()
    }

    /// How far the log was seen, once all of it was.
    pub fn reached(&self) -> Reached {
        Reached { size: self.log.size(), root: (!self.is_damaged).then(|| Root(self.tree.root())) }
    }

    fn plan(&mut self) {
        let k = self.next;
        self.next += 1;
        if k == self.log.stretches() {
            self.stretch = None;
            self.ahead.extend((k * BUNDLES..self.log.bundles()).map(Reading::Whole));
            return;
        }
        self.stretch = self.log.stretch(k);
        match self.stretch {
            Some(stretch) => self.tree.push_tile(1, stretch.root),
            None => self.is_damaged = true,
        }
        let all = (k * BUNDLES..(k + 1) * BUNDLES).map(Reading::Whole);
        match self.indexed(k) {
            Some(some) => self.ahead.extend(some),
            None => self.ahead.extend(all),
        }
    }

    /// What of a stretch has to be read, where a segment tells.
    fn indexed(&self, k: u64) -> Option<Vec<Reading>> {
        let (index, root) = (self.index?, self.stretch?.root);
        let segment = index.segment(&root)?;
        let Some(term) = Term::of_query(self.query) else {
            return Some(
                segment.timely(self.query).into_iter().map(|n| Reading::Whole(k * BUNDLES + n)).collect(),
            );
        };
        let found = few(&segment, term, k);
        if found.is_none() {
            index.forget(&root);
        }
        found
    }

    fn whole(&mut self, n: u64, each: &mut dyn FnMut(Found<'_>)) {
        let root = self.stretch.and_then(|stretch| stretch.roots.get((n % BUNDLES) as usize));
        let bundle = self.log.bundle(n, root);
        if self.stretch.is_none() {
            bundle.leaves().iter().for_each(|leaf| self.tree.push(*leaf));
        }
        for (slot, bytes, _) in bundle.entries() {
            self.entry(n * BUNDLE + slot, bytes, each);
        }
        for damage in bundle.damage {
            self.damaged(damage, each);
        }
    }

    fn few(&mut self, n: u64, places: &[Place], each: &mut dyn FnMut(Found<'_>)) {
        let root = self.stretch.and_then(|stretch| stretch.roots.get((n % BUNDLES) as usize));
        let Some(entries) = root.and_then(|root| self.log.entries_at(n, places, root)) else {
            return self.whole(n, each);
        };
        for (place, bytes) in places.iter().zip(&entries) {
            self.entry(n * BUNDLE + u64::from(place.slot), bytes, each);
        }
    }

    fn entry(&mut self, index: u64, bytes: &[u8], each: &mut dyn FnMut(Found<'_>)) {
        match Line::parse(bytes) {
            Ok(line) if self.query.matches(&line) => each(Found::Entry(&Hit { index, bytes, line })),
            Ok(_) => {}
            Err(error) => self.damaged(unreadable(index, &error), each),
        }
    }

    fn damaged(&mut self, damage: Damage, each: &mut dyn FnMut(Found<'_>)) {
        self.is_damaged = true;
        each(Found::Damage(damage));
    }
}

/// The entries with a term, bundle by bundle.
fn few(segment: &Segment, term: Term, k: u64) -> Option<Vec<Reading>> {
    let spots = segment.look(term)?;
    let bundle = |number: u16| u64::from(number) / BUNDLE;
    let groups = spots.chunk_by(|a, b| bundle(a.number) == bundle(b.number));
    let reading = |group: &[Spot]| {
        let n = k * BUNDLES + bundle(group.first()?.number);
        let place =
            |spot: &Spot| Place { slot: (u64::from(spot.number) % BUNDLE) as u8, begins: spot.begins };
        let few = || Reading::Few(n, group.iter().map(place).collect());
        Some(if group.len() > FEW { Reading::Whole(n) } else { few() })
    };
    Some(groups.filter_map(reading).collect())
}
