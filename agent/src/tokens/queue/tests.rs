//! Who is called when.

use super::*;

fn asker(uid: u32) -> Asker {
    Some(ledger::Caller { uid, unit: None })
}

fn now(entry: Result<Entry, Closed>) -> Places {
    match entry {
        Ok(Entry::Now(places)) => places,
        Ok(Entry::Later(_)) => panic!("it waits"),
        Err(closed) => panic!("{closed:?}"),
    }
}

fn later(entry: Result<Entry, Closed>) -> oneshot::Receiver<Places> {
    match entry {
        Ok(Entry::Later(wait)) => wait,
        Ok(Entry::Now(_)) => panic!("it does not wait"),
        Err(closed) => panic!("{closed:?}"),
    }
}

#[test]
fn a_greedy_caller_waits_its_turn_like_a_modest_one() {
    let queue = Queue::new(1);
    let mut held = now(queue.enter(&asker(1), 1));
    let mut greedy: Vec<_> = (0..10).map(|_| later(queue.enter(&asker(1), 1))).collect();
    assert_eq!(queue.ahead_of(&asker(2)), 1, "one turn of the greedy one, not ten");
    assert_eq!(queue.ahead_of(&asker(1)), 10);
    let mut modest = later(queue.enter(&asker(2), 1));
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
    let queue = Queue::new(1);
    let held = now(queue.enter(&asker(1), 1));
    let gone = later(queue.enter(&asker(1), 1));
    let mut next = later(queue.enter(&asker(1), 1));
    drop(gone);
    drop(held);
    drop(next.try_recv().unwrap());
    now(queue.enter(&asker(1), 1));
}

#[test]
fn who_wants_more_places_is_not_overtaken_for_ever() {
    let queue = Queue::new(2);
    let (one, two) = (now(queue.enter(&asker(1), 1)), now(queue.enter(&asker(1), 1)));
    let mut wide = later(queue.enter(&asker(2), 2));
    let mut narrow = later(queue.enter(&asker(3), 1));
    drop(one);
    assert!(wide.try_recv().is_err());
    assert!(narrow.try_recv().is_err(), "the one place is kept for who is next");
    drop(two);
    drop(wide.try_recv().unwrap());
    assert!(narrow.try_recv().is_ok());
}

#[test]
fn a_full_queue_and_a_shut_one_say_so() {
    let queue = Queue::new(1);
    let held = now(queue.enter(&asker(1), 1));
    let mut waiting = Vec::new();
    for uid in 0..4 {
        waiting.extend((0..MAX_WAITING_EACH).map(|_| later(queue.enter(&asker(uid), 1))));
        assert!(
            matches!(queue.enter(&asker(uid), 1), Err(Closed::Full)),
            "one caller alone does not fill it"
        );
    }
    assert!(matches!(queue.enter(&asker(4), 1), Err(Closed::Full)));
    queue.shut();
    for mut wait in waiting {
        assert_eq!(wait.try_recv().err(), Some(oneshot::error::TryRecvError::Closed));
    }
    drop(held);
    assert!(matches!(queue.enter(&asker(1), 1), Err(Closed::Shut)));
}
