//! Every kind of fault, once: nothing is released without a record or by another key, nobody is stuck, a PIN is refused at
//! most once, and five seconds after the cause is gone it signs again. `make faults` runs each 25 times.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::faults::{Group, Row, Sites, handed, kinds, row, run, table, unseen};

/// How often a connection is handed on, and a process id used again, here.
const HANDED: usize = 50;

#[test]
fn a_code_from_any_function_costs_a_request_or_a_moment_and_nothing_else() {
    hold(Group::Codes);
}

#[test]
fn a_module_that_crashes_ends_hangs_or_forks_is_replaced() {
    hold(Group::Ends);
}

#[test]
fn a_login_that_fails_spends_one_try_at_most() {
    hold(Group::Logins);
}

#[test]
fn nothing_false_that_a_module_says_leaves_the_agent() {
    hold(Group::Results);
}

#[test]
fn a_token_that_goes_or_is_another_signs_again_when_it_is_back() {
    hold(Group::Tokens);
}

#[test]
fn a_device_or_its_daemon_that_goes_amid_load_signs_again_when_it_is_back() {
    hold(Group::Devices);
}

#[test]
fn what_befalls_the_agents_own_processes_and_files_loses_nothing() {
    hold(Group::Agent);
}

#[test]
fn a_connection_is_worthless_to_every_other_process_also_to_one_with_the_same_id() {
    let rows = [handed::handed(HANDED), handed::reused(HANDED)];
    assert!(rows.iter().all(Row::holds), "{rows:#?}");
}

#[test]
fn a_caller_whom_the_agent_cannot_see_is_told_so_and_gets_nothing() {
    let row = unseen::unseen(HANDED);
    assert!(row.holds(), "{row:#?}");
}

#[test]
fn the_page_has_a_row_for_every_kind_with_all_its_runs_and_within_bounds() {
    let kinds = kinds::all().into_iter();
    let kinds = kinds.map(|kind| (kind.name.to_owned(), run::RUNS, kind.refusals, kind.recovery));
    let handed = [handed::HANDED, handed::REUSED, unseen::UNSEEN];
    let handed = handed.map(|kind| (kind.to_owned(), handed::TRIES, None, row::RECOVERY));
    let rows = table::rows(include_str!("../../docs/faults.md"));
    let shown = rows.iter().map(|row| (row.kind.clone(), row.runs, row.refused_bound, row.recovery_bound));
    assert_eq!(shown.collect::<Vec<_>>(), kinds.chain(handed).collect::<Vec<_>>());
    rows.iter().for_each(|row| assert!(row.holds(), "{row:?}"));
}

/// Runs a group's kinds once each; `KUNCI_KIND` names only some of them.
#[track_caller]
fn hold(group: Group) {
    let named = std::env::var("KUNCI_KIND").unwrap_or_default();
    let meant = kinds::all().into_iter().filter(|kind| kind.group == group && kind.name.contains(&named));
    let mut sites = Sites::default();
    let rows: Vec<Row> =
        meant.map(|kind| run::row(&kind, &mut sites, 1, &|line| println!("{line}"))).collect();
    println!("{}", table::markdown(&rows));
    let failed: Vec<&Row> = rows.iter().filter(|row| !row.holds()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
