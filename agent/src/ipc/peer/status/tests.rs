use proptest::prelude::*;

use super::Status;

/// As the kernel writes it, shortened.
fn status(name: &[u8], groups: &str) -> Vec<u8> {
    let rest = format!(
        "\nUmask:\t0022\nPPid:\t41\nUid:\t0\t1000\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t{groups} \nNStgid:\t7\n"
    );
    [b"Name:\t", name, rest.as_bytes()].concat()
}

#[test]
fn a_name_that_is_no_text_hides_nothing() {
    let expected = Some(Status { parent: 41, uid: 1000, groups: vec![4, 24] });
    for name in [&b"sh"[..], b"\xff\xfe", b"Groups:", b"Groups:\t0", b"a:b", b"", b"\\nGroups:\\t0"] {
        assert_eq!(Status::parse(&status(name, "4 24")), expected, "{name:?}");
    }
    assert!(Status::parse(&status(b"sh", "")).unwrap().groups.is_empty());
}

#[test]
fn a_file_that_is_cut_short_is_none_and_no_group_is_the_beginning_of_another() {
    let text = status(b"sh", "100000 165535");
    assert!(Status::parse(&text).is_some());
    let groups = text.windows(7).position(|part| part == b"Groups:").unwrap();
    for end in 0..=groups + b"Groups:\t100000 165535".len() {
        assert_eq!(Status::parse(&text[..end]), None, "{:?}", String::from_utf8_lossy(&text[..end]));
    }
}

#[test]
fn lines_that_are_missing_twice_or_no_numbers_are_none() {
    let text = String::from_utf8(status(b"sh", "4 24")).unwrap();
    for (from, to) in [
        ("PPid:\t41\n", ""),
        ("Groups:", "Group:"),
        ("PPid:\t41", "PPid:\t41\nPPid:\t1"),
        ("PPid:\t41", "PPid:\t41 1"),
        ("Uid:\t0\t1000\t0\t0", "Uid:\t0\t1000\t0"),
        ("Groups:\t4 24", "Groups:\t4 24\nGroups:\t0"),
        ("4 24", "4 +24"),
        ("4 24", "4 x"),
        ("4 24", "4 4294967296"),
        ("Umask:\t0022", "Umask"),
    ] {
        let broken = text.replace(from, to);
        assert_ne!(broken, text);
        assert_eq!(Status::parse(broken.as_bytes()), None, "{from:?} {to:?}");
    }
}

proptest! {
    #[test]
    fn no_name_changes_what_is_read(name in prop::collection::vec(any::<u8>().prop_filter("escaped", |b| *b != b'\n'), 0..15),
        groups in prop::collection::vec(any::<u32>(), 0..20)) {
        let shown: Vec<_> = groups.iter().map(u32::to_string).collect();
        let read = Status::parse(&status(&name, &shown.join(" "))).unwrap();
        prop_assert_eq!(read.groups, groups);
    }
}
