use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn caller(uid: u32) -> Caller {
    Caller { uid, unit: None }
}

fn counted(due: &[(Key, Entry)]) -> u64 {
    due.iter().filter_map(|(_, entry)| entry.count).sum()
}

#[test]
fn a_million_refusals_of_one_kind_are_one_entry_a_minute() {
    let (refusals, start) = (Refusals::default(), Instant::now());
    let count = |times: u32| (0..times).for_each(|_| refusals.count(caller(7), None, "rate-exceeded", start));
    count(1);
    assert_eq!(refusals.due(start)[0].1.count, Some(1));
    count(1_000);
    assert!(refusals.due(start + 59 * SECOND).is_empty());
    assert_eq!(refusals.due(start + 60 * SECOND)[0].1.count, Some(1_000));
}

#[test]
fn what_the_disk_refused_is_counted_on_and_written_later() {
    let (refusals, start) = (Refusals::default(), Instant::now());
    (0..3).for_each(|_| refusals.count(caller(7), None, "rate-exceeded", start));
    for (key, entry) in refusals.due(start) {
        refusals.not_written(key, entry, start);
    }
    refusals.count(caller(7), None, "rate-exceeded", start);
    assert!(refusals.due(start + 59 * SECOND).is_empty());
    let due = refusals.due(start + 60 * SECOND);
    assert_eq!((due.len(), due[0].1.count, due[0].1.caller.clone()), (1, Some(4), Some(caller(7))));
}

#[test]
fn whom_no_rule_names_shares_one_counter_for_each_reason_however_many_uids_there_are() {
    let (refusals, start) = (Refusals::default(), Instant::now());
    refusals.count_unnamed(caller(7), "not-an-admin", start);
    (0..65_536).for_each(|uid| refusals.count_unnamed(caller(uid), "connector-not-granted", start));
    let mut due = refusals.due(start);
    due.sort_by_key(|(key, _)| key.reason);
    let told = due.iter().map(|(_, entry)| {
        (entry.reason.as_deref().unwrap(), entry.count.unwrap(), entry.caller.clone(), entry.callers.clone())
    });
    let unnamed = Some("unnamed".to_owned());
    let expected = [
        ("connector-not-granted", 65_536, None, unnamed.clone()),
        // One user's are told as that one's.
        ("not-an-admin", 1, Some(caller(7)), unnamed),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

/// A group's rule names whoever has the group, and who has sub-uids has it with each of them.
#[test]
fn entries_have_a_cap_in_any_minute_and_no_count_is_lost() {
    let (refusals, start) = (Refusals::default(), Instant::now());
    let (mut written, mut total): (Vec<(u64, usize)>, u64) = (Vec::new(), 0);
    for second in 0..900u64 {
        let now = start + u32::try_from(second).unwrap() * SECOND;
        if second < 600 {
            let uids = (0..100).map(|number| u32::try_from(second * 100 + number).unwrap());
            uids.for_each(|uid| refusals.count(caller(uid), None, "connector-not-granted", now));
            refusals.count_unnamed(caller(1), "not-an-admin", now);
        }
        let due = refusals.due(now);
        total += counted(&due);
        written.push((second, due.len()));
    }
    for &(end, _) in &written {
        let minute = written.iter().filter(|(second, _)| *second <= end && second + 60 > end);
        let entries: usize = minute.map(|(_, entries)| entries).sum();
        assert!(entries <= MAX_ENTRIES, "{entries} in the minute before second {end}");
    }
    assert_eq!(total + counted(&refusals.rest(start + 900 * SECOND)), 600 * 101);
}

#[test]
fn who_waits_longest_is_written_first() {
    let (refusals, start) = (Refusals::default(), Instant::now());
    (0..200).for_each(|uid| refusals.count(caller(uid), None, "rate-exceeded", start));
    refusals.due(start);
    refusals.count(caller(7_777), None, "rate-exceeded", start + SECOND);
    (1_000..1_050).for_each(|uid| refusals.count(caller(uid), None, "rate-exceeded", start + 2 * SECOND));
    let told = |minute: u32| {
        let due = refusals.due(start + minute * 60 * SECOND);
        due.into_iter().any(|(_, entry)| entry.caller == Some(caller(7_777)))
    };
    assert_eq!((1..=4).position(told), Some(2), "before those that came after it");
}

#[test]
fn counters_are_bounded_and_lose_no_count() {
    let (refusals, start) = (Refusals::default(), Instant::now());
    (0..5_000).for_each(|uid| refusals.count(caller(uid), None, "connector-not-granted", start));
    let due = refusals.rest(start);
    assert_eq!((due.len(), counted(&due)), (MAX_COUNTERS + 1, 5_000));
    let several = due.iter().find(|(_, entry)| entry.callers.as_deref() == Some("several"));
    assert_eq!(several.unwrap().1.caller, None);
}
