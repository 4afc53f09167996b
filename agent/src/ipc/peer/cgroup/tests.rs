use proptest::prelude::*;

use super::unit;

fn told(text: &str) -> Option<String> {
    unit(text.as_bytes())
}

/// What fields and units are made of.
const WORDS: [&str; 9] =
    ["0::", ":name=systemd:", "1:name=systemd:", "/system.slice/", "iep.service", "/", ":", ",", "\0"];

/// What a user may name folders, as part of a path: anything but a newline.
fn planted() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(&WORDS[..]).prop_map(|word| word.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| {
        let mut path = pieces.concat();
        path.retain(|byte| *byte != b'\n');
        path
    })
}

#[test]
fn a_unit_is_the_first_non_slice_under_system_slice_only() {
    let unit = |path: &str| told(&format!("0::{path}\n"));
    assert_eq!(unit("/system.slice/iep.service").as_deref(), Some("iep.service"));
    assert_eq!(unit("/system.slice/system-iep.slice/iep@1.service/sub").as_deref(), Some("iep@1.service"));
    assert_eq!(unit("/user.slice/user-1000.slice/user@1000.service/app.slice/iep.service"), None);
    assert_eq!(unit("/evil/system.slice/iep.service"), None);
    assert_eq!(unit("/system.slice/"), None);
    assert_eq!(unit("/system.slice/system-iep.slice"), None);
    assert_eq!(unit("/system.slicex/iep.service"), None);
    assert_eq!(unit("/../system.slice/iep.service"), None);
}

#[test]
fn a_unit_that_is_named_as_a_file_of_the_kernels_is_known_by_its_own_name() {
    assert_eq!(told("0::/system.slice/_memory.service\n").as_deref(), Some("memory.service"));
    assert_eq!(told("0::/system.slice/__iep.service\n").as_deref(), Some("_iep.service"));
    assert_eq!(told("0::/system.slice/_\n"), None);
}

#[test]
fn a_hybrid_hierarchy_is_read_from_systemds_own() {
    let cgroup = "3:cpu,cpuacct:/\n1:name=systemd:/system.slice/iep.service\n0::/\n";
    assert_eq!(told(cgroup).as_deref(), Some("iep.service"));
    let both = "1:name=systemd:/system.slice/iep.service\n0::/system.slice/iep.service/sub\n";
    assert_eq!(told(both).as_deref(), Some("iep.service"));
}

#[test]
fn what_stands_in_a_path_is_no_field() {
    let service = "/system.slice/iep.service";
    for path in ["0::", ":name=systemd:", "1:name=systemd:", "x0::", "0::/0::", "a:b:0::"] {
        let forged = format!("/user.slice/user-1000.slice/user@1000.service/{path}{service}");
        assert_eq!(told(&format!("1:name=systemd:{forged}\n0::/\n")), None, "{path}");
        assert_eq!(told(&format!("0::{forged}\n")), None, "{path}");
        assert_eq!(told(&format!("4:memory:{forged}\n0::/\n")), None, "{path}");
    }
    // Names of hierarchies that only hold systemd's.
    for name in ["name=systemd2", "xname=systemd", "name=systemd.x", "name=", "systemd"] {
        assert_eq!(told(&format!("1:{name}:{service}\n0::/\n")), None, "{name}");
    }
}

#[test]
fn two_answers_and_broken_lines_are_none() {
    let service = "/system.slice/iep.service";
    for text in [
        // Twice.
        format!("0::{service}\n0::{service}\n"),
        format!("1:name=systemd:{service}\n2:name=systemd:{service}\n0::/\n"),
        format!("0::/\n0::{service}\n"),
        // Another in each.
        format!("1:name=systemd:{service}\n0::/system.slice/other.service\n"),
        format!("1:name=systemd:/user.slice/a\n0::{service}\n"),
        // No line of the kernel's.
        format!("0::{service}"),
        format!("0::{service}\n\n"),
        format!("\n0::{service}\n"),
        format!("x\n0::{service}\n"),
        format!("0:{service}\n"),
        format!("00::{service}\n"),
        format!("+0::{service}\n"),
        format!(" 0::{service}\n"),
        format!("0:cpu:{service}\n"),
        format!("0:name=systemd:{service}\n"),
        format!("5::{service}\n"),
        format!(":name=systemd:{service}\n0::/\n"),
        "0::system.slice/iep.service\n".to_owned(),
        String::new(),
    ] {
        assert_eq!(told(&text), None, "{text:?}");
    }
    assert_eq!(unit(b"0::/system.slice/\xff.service\n"), None);
}

proptest! {
    /// Somebody who may make cgroups below a folder of his own is of no other unit, whatever he calls them.
    #[test]
    fn nobody_names_himself_into_a_unit(path in planted()) {
        for before in ["1:name=systemd:/user.slice/u/", "0::/user.slice/u/", "4:memory:/u/"] {
            let after: &[u8] = if before.starts_with('0') { b"\n" } else { b"\n0::/\n" };
            prop_assert_eq!(unit(&[before.as_bytes(), &path, after].concat()), None);
        }
        // Below his own service he is of that one.
        let text = [b"1:name=systemd:/system.slice/own.service/", path.as_slice(), b"\n0::/\n"].concat();
        let told = unit(&text);
        prop_assert_eq!(told.as_deref(), Some("own.service"));
    }

    #[test]
    fn no_text_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = unit(&text);
    }
}
