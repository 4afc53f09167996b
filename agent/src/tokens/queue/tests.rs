//! Who is called when.

use super::*;

fn requester(uid: u32) -> RequesterId {
    Some(ledger::Caller { uid, unit: None })
}

fn now(entry: Result<Entry, Closed>) -> QueuePermit {
    match entry {
        Ok(Entry::Now(taken)) => taken,
        Ok(Entry::Later(_)) => panic!("it waits"),
        Err(closed) => panic!("{closed:?}"),
    }
}

fn later(entry: Result<Entry, Closed>) -> oneshot::Receiver<QueuePermit> {
    match entry {
        Ok(Entry::Later(wait)) => wait,
        Ok(Entry::Now(_)) => panic!("it does not wait"),
        Err(closed) => panic!("{closed:?}"),
    }
}

#[test]
fn a_greedy_caller_waits_its_turn_like_a_modest_one() {
    let queue = Queue::new(1, 1);
    let mut held = now(queue.enter(&requester(1), PermitKind::Shared));
    let mut greedy: Vec<_> = (0..10).map(|_| later(queue.enter(&requester(1), PermitKind::Shared))).collect();
    assert_eq!(queue.ahead_of(&requester(2)), 1, "one turn of the greedy one, not ten");
    assert_eq!(queue.ahead_of(&requester(1)), 10);
    let mut modest = later(queue.enter(&requester(2), PermitKind::Shared));
    drop(held);
    held = greedy[0].try_recv().unwrap();
    assert!(modest.try_recv().is_err());
    drop(held);
    held = modest.try_recv().unwrap();
    drop(held);
    held = greedy[1].try_recv().unwrap();
    assert_eq!(queue.waiting(), 8);
    drop(held);
}

#[test]
fn who_gave_up_is_passed_over() {
    let queue = Queue::new(1, 1);
    let held = now(queue.enter(&requester(1), PermitKind::Shared));
    let gone = later(queue.enter(&requester(1), PermitKind::Shared));
    let mut next = later(queue.enter(&requester(1), PermitKind::Shared));
    drop(gone);
    drop(held);
    drop(next.try_recv().unwrap());
    now(queue.enter(&requester(1), PermitKind::Shared));
}

#[test]
fn who_wants_a_lane_is_not_overtaken_for_ever() {
    let queue = Queue::new(1, 2);
    let (one, two) = (
        now(queue.enter(&requester(1), PermitKind::Shared)),
        now(queue.enter(&requester(1), PermitKind::Shared)),
    );
    let mut wide = later(queue.enter(&requester(2), PermitKind::Exclusive));
    let mut narrow = later(queue.enter(&requester(3), PermitKind::Shared));
    drop(one);
    assert!(wide.try_recv().is_err());
    assert!(narrow.try_recv().is_err(), "the one place is kept for who is next");
    drop(two);
    drop(wide.try_recv().unwrap());
    assert!(narrow.try_recv().is_ok());
}

#[test]
fn a_full_queue_and_a_shut_one_say_so() {
    let queue = Queue::new(1, 1);
    let held = now(queue.enter(&requester(1), PermitKind::Shared));
    let mut waiting = Vec::new();
    for uid in 0..4 {
        waiting
            .extend((0..MAX_WAITING_EACH).map(|_| later(queue.enter(&requester(uid), PermitKind::Shared))));
        assert!(
            matches!(queue.enter(&requester(uid), PermitKind::Shared), Err(Closed::Full)),
            "one caller alone does not fill it"
        );
    }
    assert!(matches!(queue.enter(&requester(4), PermitKind::Shared), Err(Closed::Full)));
    queue.shut();
    for mut wait in waiting {
        assert_eq!(wait.try_recv().err(), Some(oneshot::error::TryRecvError::Closed));
    }
    drop(held);
    assert!(matches!(queue.enter(&requester(1), PermitKind::Shared), Err(Closed::Shut)));
}

#[test]
fn who_has_a_lane_of_its_own_leaves_the_others_theirs_however_many_places_there_are() {
    let queue = Queue::new(2, 1);
    let alone = now(queue.enter(&requester(1), PermitKind::Exclusive));
    let beside = now(queue.enter(&requester(2), PermitKind::Shared));
    let mut next = later(queue.enter(&requester(3), PermitKind::Shared));
    queue.set_depth(2);
    drop(beside);
    let _taken = (next.try_recv().unwrap(), now(queue.enter(&requester(3), PermitKind::Shared)));
    let mut last = later(queue.enter(&requester(3), PermitKind::Shared));
    assert!(last.try_recv().is_err(), "two places on the one lane that is shared");
    drop(alone);
    assert!(last.try_recv().is_ok());
}

#[test]
fn who_has_a_place_keeps_it_when_a_lane_has_fewer() {
    let queue = Queue::new(1, 2);
    let (one, two) = (
        now(queue.enter(&requester(1), PermitKind::Shared)),
        now(queue.enter(&requester(1), PermitKind::Shared)),
    );
    queue.set_depth(1);
    let mut next = later(queue.enter(&requester(1), PermitKind::Shared));
    drop(one);
    assert!(next.try_recv().is_err());
    drop(two);
    assert!(next.try_recv().is_ok());
}
