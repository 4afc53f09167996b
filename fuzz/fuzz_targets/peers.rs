//! What the kernel tells of a process that connects: the first byte chooses which text, and the rest is what its user chose.
//! Whoever may only name folders below his own is of no other unit, and a name changes nothing of uid, parent and groups.
#![no_main]

use agent::ipc::peer::cgroup::unit;
use agent::ipc::peer::status::Status;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, chosen)) = bytes.split_first() else { return };
    match which % 4 {
        0 => whole(chosen),
        1 => drop(Status::parse(chosen)),
        // The kernel lets no newline into a folder's name, and escapes it in a process's.
        _ if chosen.contains(&b'\n') => {}
        2 => planted(chosen),
        _ => named(chosen),
    }
});

/// A unit that is told is in some line's third field.
fn whole(text: &[u8]) {
    let Some(unit) = unit(text) else { return };
    assert!(!unit.is_empty() && !unit.contains(['/', '\n']));
    let told = text.split(|byte| *byte == b'\n').filter(|line| {
        let path = line.splitn(3, |byte| *byte == b':').nth(2);
        path.is_some_and(|path| path.starts_with(b"/system.slice/"))
    });
    assert!(told.count() > 0);
}

fn planted(path: &[u8]) {
    let line = |before: &[u8], after: &[u8]| unit(&[before, path, after].concat());
    assert_eq!(line(b"1:name=systemd:/user.slice/u/", b"\n0::/\n"), None);
    assert_eq!(line(b"0::/user.slice/u/", b"\n"), None);
    assert_eq!(line(b"4:memory:/u/", b"\n0::/\n"), None);
    assert_eq!(line(b"0::/system.slice/own.service/", b"\n").as_deref(), Some("own.service"));
}

fn named(name: &[u8]) {
    let text = [b"Name:\t", name, b"\nPPid:\t7\nUid:\t1\t2\t3\t4\nGroups:\t5 6 \n"].concat();
    assert_eq!(Status::parse(&text), Some(Status { parent: 7, uid: 2, groups: vec![5, 6] }));
}
