//! No file is in a ring of imports with a file of another folder, in any crate: who reads one folder needs not read the next
//! to understand it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use tests::imports::{Imports, Ring};

#[test]
fn no_file_takes_from_another_folder_that_takes_from_it() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for root in roots(repository) {
        let imports = Imports::read(&root);
        assert!(
            imports.files().len() > 1 || root.ends_with("main.rs"),
            "{}: its modules were not found",
            root.display()
        );
        found.extend(imports.rings().iter().map(|ring| words(repository, ring)));
    }
    assert!(found.is_empty(), "{} rings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_ring_over_two_folders_is_found_and_one_inside_a_folder_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    let root = write("lib.rs", "mod a; mod b; mod c; pub use a::One;");
    write("a/mod.rs", "mod one; mod two; pub use one::One; pub(crate) struct Outer;");
    write("a/one.rs", "use super::two::{self, Two}; use super::Outer; pub(crate) struct One(Two, Outer);");
    write("a/two.rs", "pub(crate) fn two() -> Option<super::One> { None } pub(crate) struct Two;");
    write("b.rs", "mod inner; use crate::One; #[cfg(test)] mod tests { use crate::c::See; }");
    write("b/inner.rs", "");
    write("c.rs", "pub(crate) struct See(crate::b::Bee);");
    assert!(Imports::read(&root).rings().is_empty());
    assert_eq!(Imports::read(&root).files().len(), 7);

    write("a/two.rs", "use crate::{b::Bee as Other}; pub(crate) struct Two(Other);");
    let rings = Imports::read(&root).rings();
    let ring: Ring = ["a/one.rs", "a/two.rs", "b.rs"].map(|name| folder.path().join(name)).into();
    assert_eq!(rings, [ring]);
}

/// The root files of all crates that ship.
fn roots(repository: &Path) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for entry in fs::read_dir(repository).unwrap() {
        let source = entry.unwrap().path().join("src");
        roots.extend(
            ["lib.rs", "main.rs"].map(|name| source.join(name)).into_iter().filter(|root| root.exists()),
        );
    }
    assert!(roots.len() > 6, "{roots:?}");
    roots
}

fn words(repository: &Path, ring: &Ring) -> String {
    let names = ring.iter().map(|file| file.strip_prefix(repository).unwrap().display().to_string());
    names.collect::<Vec<_>>().join(", ")
}
