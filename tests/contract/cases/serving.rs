//! Serving: many lanes at once, through restarts, and with a token that is away for a while.

use std::thread;

use token::KeyRef;
use token::control::HostState;
use token::lane::Done;

use crate::connector::Connector;
use crate::host::Lane;
use crate::life::{Life, pin_of};
use crate::messages;

/// How many lanes sign at once, and how often each.
const LANES: usize = 8;
const SIGNATURES: usize = 25;

/// All lanes get good signatures, of all keys, and no answer is another's.
pub(super) fn lanes(life: &mut Life) {
    let (host, keys) = life.host_and_keys();
    let keys: Vec<_> = keys.iter().map(|(connector, report)| (*connector, report)).collect();
    let lanes: Vec<Lane> = (0..LANES).map(|_| host.open_lane()).collect();
    thread::scope(|scope| {
        let threads = lanes.into_iter().enumerate().map(|(turn, lane)| {
            let keys = &keys;
            scope.spawn(move || {
                (0..SIGNATURES).try_for_each(|count| {
                    let (connector, report) = keys[(turn + count) % keys.len()];
                    let (key, public) = (pin_of(report), report.public_key().unwrap());
                    let (message, algorithm) =
                        (messages::numbered(turn, count), Connector::named(connector).used().algorithm);
                    let input = message.signing_input(algorithm, &public).unwrap();
                    match lane.sign(connector, key, message) {
                        Ok(Done::Signature(signature)) if public.verifies(algorithm, &input, &signature) => {
                            Ok(())
                        }
                        other => Err(format!("lane {turn}, signature {count} of {connector}: {other:?}")),
                    }
                })
            })
        });
        for thread in threads.collect::<Vec<_>>() {
            thread.join().unwrap().unwrap();
        }
    });
}

/// A host that was killed is followed by one that finds the same keys.
pub(super) fn restart(life: &mut Life) {
    let before = life.host().survey();
    life.stop();
    let after = life.host().survey();
    assert_eq!(before.len(), after.len());
    assert!(before.iter().all(|key| after.contains(key)), "{before:#?} became {after:#?}");
    sign_with_all(life);
}

/// A token that is not there is said to be missing; once it is back, it is served.
pub(super) fn missing(life: &mut Life) {
    life.stop();
    life.backend.device.take_away();
    let mut host = life.start();
    let away = |state: &HostState| matches!(state, HostState::Missing(_) | HostState::Failed(_));
    host.await_state(away);
    life.backend.device.put_back();
    // As the supervisor does it: a host that could not go on without its token is started again.
    if host.has_failed() {
        life.note("its module cannot start without the token, so its host is started again");
        host = life.start();
    }
    host.await_login();
    life.serve(host);
    sign_with_all(life);
}

fn sign_with_all(life: &mut Life) {
    let (host, keys) = life.host_and_keys();
    assert!(!keys.is_empty(), "no key was made");
    for (connector, report) in keys {
        let key: KeyRef = pin_of(report);
        let done = host.sign(connector, key, messages::assertion());
        assert!(matches!(done, Ok(Done::Signature(_))), "{connector}: {done:?}");
    }
}
