//! Which file of a crate takes names from which: read from its `mod` and `use` items and from the paths in its code.
//!
//! A name that a module only passes on (`pub use`) counts as its own file's. Tests inside of files are left out: what they
//! use says nothing of how the product hangs together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// Files of which each takes from each other, at first hand or through others.
pub type Ring = BTreeSet<PathBuf>;

/// The names on the way from the crate's root to a module or an item.
type Way = Vec<String>;

type Arrows<'a> = BTreeMap<&'a Path, BTreeSet<&'a Path>>;

/// How often one name may be another's.
const MAX_PASSED_ON: usize = 16;

/// The files of one target of a crate, and what each takes from the others.
#[derive(Default)]
pub struct Imports {
    modules: BTreeMap<Way, Module>,
}

struct Module {
    file: PathBuf,
    /// What each name that it brings in by `use` is called where it comes from.
    names: BTreeMap<String, Way>,
    taken: Vec<Way>,
}

impl Imports {
    /// Reads a target from its root file, as `src/lib.rs`.
    ///
    /// # Panics
    /// Panics if a file cannot be read or is no Rust.
    pub fn read(root: &Path) -> Self {
        let mut imports = Self::default();
        imports.file(Way::new(), root, root.parent().unwrap_or(root));
        imports
    }

    /// Its files.
    pub fn files(&self) -> BTreeSet<&Path> {
        self.modules.values().map(|module| module.file.as_path()).collect()
    }

    /// The rings that go through more than one folder.
    pub fn rings(&self) -> Vec<Ring> {
        let arrows = self.arrows();
        let reached: BTreeMap<_, _> = arrows.keys().map(|file| (*file, reached(&arrows, file))).collect();
        let ring = |file: &Path| -> Ring {
            let mutual = reached[file].iter().filter(|other| reached[**other].contains(file));
            mutual.map(|other| other.to_path_buf()).collect()
        };
        let rings: BTreeSet<Ring> = arrows.keys().map(|file| ring(file)).collect();
        let is_wide =
            |ring: &Ring| ring.iter().map(|file| self.folder(file)).collect::<BTreeSet<_>>().len() > 1;
        rings.into_iter().filter(is_wide).collect()
    }

    /// From each file to those that it takes from.
    fn arrows(&self) -> Arrows<'_> {
        let mut arrows: Arrows<'_> = self.files().into_iter().map(|file| (file, BTreeSet::new())).collect();
        for module in self.modules.values() {
            let from = module.file.as_path();
            let others = module.taken.iter().map(|way| self.holder(way, MAX_PASSED_ON));
            arrows.entry(from).or_default().extend(others.filter(|to| *to != from));
        }
        arrows
    }

    /// The file that holds what is at the end of a way.
    fn holder(&self, way: &[String], left: usize) -> &Path {
        let length = (0..=way.len()).rev().find(|length| self.modules.contains_key(&way[..*length]));
        let (known, rest) = way.split_at(length.expect("the root is known"));
        let module = &self.modules[known];
        match rest.split_first().and_then(|(name, rest)| Some((module.names.get(name)?, rest))) {
            Some((origin, rest)) if left > 0 => self.holder(&[origin, rest].concat(), left - 1),
            _ => &module.file,
        }
    }

    /// The folder that a file belongs to: `latch.rs` with files in `latch/` is of that one.
    fn folder(&self, file: &Path) -> PathBuf {
        let own = file.with_extension("");
        let has_own = self.modules.values().any(|module| module.file.parent() == Some(&own));
        if has_own { own } else { file.parent().unwrap_or(file).to_owned() }
    }

    fn file(&mut self, way: Way, path: &Path, children: &Path) {
        let broken = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", path.display()) };
        let text = fs::read_to_string(path).unwrap_or_else(|error| broken(&error));
        let file = syn::parse_file(&text).unwrap_or_else(|error| broken(&error));
        self.module(way, path, children, &file.items);
    }

    fn module(&mut self, way: Way, path: &Path, children: &Path, items: &[Item]) {
        let inner: Vec<_> = items.iter().filter_map(inner_module).collect();
        let names = inner.iter().map(|module| module.ident.to_string()).collect();
        let mut reader = Reader { at: &way, inner: names, names: BTreeMap::new(), taken: Vec::new() };
        items.iter().filter(|item| !matches!(item, Item::Mod(_))).for_each(|item| reader.visit_item(item));
        let (names, taken) = (reader.names, reader.taken);
        for item in inner {
            self.inner(&way, path, children, item);
        }
        self.modules.insert(way, Module { file: path.to_owned(), names, taken });
    }

    fn inner(&mut self, outer: &[String], path: &Path, children: &Path, item: &ItemMod) {
        let name = item.ident.to_string();
        let children = children.join(&name);
        let way = [outer, &[name]].concat();
        if let Some((_, items)) = &item.content {
            return self.module(way, path, &children, items);
        }
        let beside = children.with_extension("rs");
        let file = if beside.exists() { beside } else { children.join("mod.rs") };
        self.file(way, &file, &children);
    }
}

/// Reads what one module names of its crate.
struct Reader<'a> {
    at: &'a [String],
    inner: BTreeSet<String>,
    names: BTreeMap<String, Way>,
    taken: Vec<Way>,
}

impl Reader<'_> {
    /// The way from the crate's root, or nothing where a path leads out of the crate.
    fn way(&self, path: &[String]) -> Option<Way> {
        let (first, rest) = path.split_first()?;
        let supers = path.iter().take_while(|part| *part == "super").count();
        let above = &self.at[..self.at.len().saturating_sub(supers)];
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([self.at, rest].concat()),
            "super" => Some([above, &path[supers..]].concat()),
            name if self.inner.contains(name) => Some([self.at, path].concat()),
            _ => None,
        }
    }

    fn tree(&mut self, before: &[String], tree: &UseTree, is_passed_on: bool) {
        let (origin, name) = match tree {
            UseTree::Path(path) => {
                let before = [before, &[path.ident.to_string()]].concat();
                return self.tree(&before, &path.tree, is_passed_on);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.tree(before, tree, is_passed_on));
            }
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), before.last().cloned()),
            UseTree::Name(name) => {
                ([before, &[name.ident.to_string()]].concat(), Some(name.ident.to_string()))
            }
            UseTree::Rename(name) => {
                ([before, &[name.ident.to_string()]].concat(), Some(name.rename.to_string()))
            }
            UseTree::Glob(_) => (before.to_vec(), None),
        };
        let Some(origin) = self.way(&origin) else { return };
        if !is_passed_on {
            self.taken.push(origin.clone());
        }
        if let Some(name) = name {
            self.names.insert(name, origin);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.tree(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
    }

    /// `pub(super)` takes nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Way = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.taken.extend(self.way(&names));
        syn::visit::visit_path(self, path);
    }
}

fn inner_module(item: &Item) -> Option<&ItemMod> {
    match item {
        Item::Mod(module) if !is_test(&module.attrs) => Some(module),
        _ => None,
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let says_test =
        |attribute: &Attribute| attribute.parse_args::<syn::Ident>().is_ok_and(|flag| flag == "test");
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg") && says_test(attribute))
}

/// All files that a file takes from, at first hand or at any other.
fn reached<'a>(arrows: &Arrows<'a>, file: &'a Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut left = vec![file];
    while let Some(file) = left.pop() {
        left.extend(arrows[file].iter().filter(|other| reached.insert(**other)));
    }
    reached
}
