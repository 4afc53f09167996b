use super::*;

const ORIGIN: &str = "rig.example/kunci";
const OURS: Sha256 = Sha256([1; 32]);
const FOREIGN: Sha256 = Sha256([2; 32]);

fn head(size: u64, root: u8) -> TreeHead {
    TreeHead { size, root: Sha256([root; 32]) }
}

fn heads(folder: &tempfile::TempDir) -> SignedHeads {
    SignedHeads::open(folder.path().join("signed")).unwrap()
}

/// An origin whose last checkpoint is of ten entries.
fn begun(folder: &tempfile::TempDir) -> SignedHeads {
    let mut heads = heads(folder);
    heads.register(ORIGIN, OURS).unwrap();
    heads.allow(ORIGIN, OURS, TreeHead::empty(), head(10, 7)).unwrap();
    heads
}

#[test]
fn nothing_but_what_goes_on_from_the_last_checkpoint_is_allowed_and_a_restart_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(begun(&folder));
    let mut heads = heads(&folder);
    for (last, next) in [
        (TreeHead::empty(), head(20, 8)),
        (head(9, 7), head(20, 8)),
        (head(10, 8), head(20, 8)),
        (head(10, 7), head(9, 8)),
        (head(10, 7), head(10, 8)),
        (TreeHead::empty(), head(10, 8)),
    ] {
        assert!(matches!(heads.allow(ORIGIN, OURS, last, next), Err(Refusal::Fork(_))), "{last:?} {next:?}");
    }
    let signed = heads.allow(ORIGIN, OURS, head(10, 7), head(20, 8)).unwrap();
    assert_eq!(signed.last, head(20, 8));
    assert!(heads.allow(ORIGIN, OURS, head(10, 7), head(21, 9)).is_err(), "twice from one checkpoint");
}

#[test]
fn the_last_checkpoint_may_be_signed_again_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut heads = begun(&folder);
    for last in [head(10, 7), TreeHead::empty()] {
        assert_eq!(heads.allow(ORIGIN, OURS, last, head(10, 7)).unwrap().last, head(10, 7));
    }
}

#[test]
fn a_key_that_was_not_made_for_the_origin_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut heads = begun(&folder);
    let foreign = heads.allow(ORIGIN, FOREIGN, head(10, 7), head(20, 8));
    assert!(matches!(foreign, Err(Refusal::Foreign(_))));
    // The next key goes on where the last one was.
    assert_eq!(heads.register(ORIGIN, FOREIGN).unwrap().last, head(10, 7));
    assert!(heads.allow(ORIGIN, FOREIGN, TreeHead::empty(), head(20, 8)).is_err());
    heads.allow(ORIGIN, FOREIGN, head(10, 7), head(20, 8)).unwrap();
    assert_eq!(heads.keys(), [OURS, FOREIGN]);
}

#[test]
fn where_the_file_is_lost_the_keys_of_before_sign_nothing_even_when_another_is_made() {
    let folder = tempfile::tempdir().unwrap();
    drop(begun(&folder));
    fs::remove_dir_all(folder.path().join("signed")).unwrap();
    let mut heads = heads(&folder);
    let lost = heads.allow(ORIGIN, OURS, TreeHead::empty(), head(5, 9));
    assert!(matches!(lost, Err(Refusal::Unknown(_))));
    heads.register(ORIGIN, FOREIGN).unwrap();
    let forked = heads.allow(ORIGIN, OURS, TreeHead::empty(), head(5, 9));
    assert!(matches!(forked, Err(Refusal::Foreign(_))));
}

#[test]
fn a_file_that_cannot_be_read_is_neither_believed_nor_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = begun(&folder).path(ORIGIN);
    let whole = fs::read(&path).unwrap();
    for broken in [&whole[..whole.len() - 1], b"", &[&whole[..], b"x"].concat()] {
        fs::write(&path, broken).unwrap();
        let mut heads = heads(&folder);
        assert!(heads.allow(ORIGIN, OURS, head(10, 7), head(20, 8)).is_err());
        assert!(matches!(heads.register(ORIGIN, FOREIGN), Err(Refusal::Unreadable(_))));
        assert_eq!(fs::read(&path).unwrap(), broken);
    }
    // Nor is one origin's file another's, whatever its name says.
    fs::write(&path, String::from_utf8(whole).unwrap().replace(ORIGIN, "other.example")).unwrap();
    assert!(heads(&folder).of("other.example").is_none());
}

#[test]
fn what_the_disk_refuses_is_not_signed_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut heads = begun(&folder);
    fs::create_dir(heads.path(ORIGIN).with_extension("tmp")).unwrap();
    let refused = heads.allow(ORIGIN, OURS, head(10, 7), head(20, 8));
    assert!(matches!(refused, Err(Refusal::Disk(_))));
    assert_eq!(heads.of(ORIGIN).unwrap().last, head(10, 7));
}

#[test]
fn an_origin_chooses_no_file_outside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut heads = heads(&folder);
    for origin in ["../../x", "a/b", &"o".repeat(255)] {
        heads.register(origin, OURS).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(super::SignedHeads::open(folder.path().join("signed")).unwrap().origins, heads.origins);
}
