//! Keys that want their PIN for each signature (CKA_ALWAYS_AUTHENTICATE), on real modules, as the supervisor sees the host.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, dead_code)]

#[path = "posture/bad.rs"]
mod bad;
#[path = "posture/bench.rs"]
mod bench;
#[path = "posture/maker.rs"]
mod maker;
mod support;

use std::thread;

use bench::{Soft, kryoptic, softhsm2};
use hsm_config::Algorithm;
use support::host::{Host, ask, be_a_host, pin_of};
use support::{is_role, messages};
use token::Message;
use token::control::{HostState, LoginOutcome, Order, Report};
use token::lane::{Done, Fault, KeyReport, Work};

#[test]
fn host_process() {
    be_a_host("host_process");
}

#[test]
fn maker_process() {
    if is_role("maker_process") {
        maker::run();
    }
}

#[test]
fn on_softhsm2_it_has_no_flaw_and_signs_after_a_login_for_that_one_signature() {
    signs(&softhsm2(), &[("ps", Algorithm::PS256), ("rs", Algorithm::RS256)]);
}

#[test]
fn on_kryoptic_it_has_no_flaw_and_signs_after_a_login_for_that_one_signature() {
    signs(&kryoptic(), &[("ps", Algorithm::PS256), ("rs", Algorithm::RS256), ("es", Algorithm::ES256)]);
}

fn signs(soft: &Soft, connectors: &[(&str, Algorithm)]) {
    soft.make("always");
    let host = Host::ready(soft.config());
    for (connector, algorithm) in connectors {
        let key = surveyed(&host, connector);
        assert_eq!((&key.flaws[..], key.attributes.always_authenticate), (&[][..], Some(true)), "{key:#?}");
        for _ in 0..2 {
            let message = messages::assertion();
            let (outcome, signed) = sign(&host, connector, &key, message.clone());
            assert_eq!(outcome, LoginOutcome::Accepted);
            let Ok(Done::Signature(signature)) = signed else { panic!("{connector}: {signed:?}") };
            let public = key.public_key().unwrap();
            let input = message.signing_input(*algorithm, &public).unwrap();
            assert!(public.verifies(*algorithm, &input, &signature), "{connector}");
        }
    }
}

#[test]
fn what_the_module_cannot_sign_in_parts_is_refused_in_words() {
    let soft = softhsm2();
    soft.make("always");
    let host = Host::ready(soft.config());
    // SoftHSM2 has no ECDSA but CKM_ECDSA, which takes a digest at once.
    let (_, refused) = sign(&host, "es", &surveyed(&host, "es"), messages::assertion());
    let Err(Fault::Permanent(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("in parts"), "{why}");
    // The operation that was begun did not stay with the session.
    let (_, signed) = sign(&host, "ps", &surveyed(&host, "ps"), messages::assertion());
    assert!(signed.is_ok(), "{signed:?}");
}

#[test]
fn no_pin_is_given_where_the_supervisor_says_that_it_is_latched() {
    let soft = softhsm2();
    soft.make("always");
    let host = Host::ready(soft.config());
    let key = surveyed(&host, "ps");
    let refused = while_asking(&host, "ps", &key, messages::assertion(), || {
        host.await_report(|report| matches!(report, Report::Attempt { .. }));
        host.order(&Order::Latched("for the test".into()));
    });
    assert_eq!(refused, Err(Fault::Latched("for the test".into())));
    host.await_state(|state| matches!(state, HostState::Latched(_)));
    assert_eq!(host.ask(Work::Survey { from: 0 }), Err(Fault::Latched("for the test".into())));
}

fn surveyed(host: &Host, connector: &str) -> KeyReport {
    let Ok(Done::Survey(_, keys)) = host.ask(Work::Survey { from: 0 }) else { panic!("no survey") };
    keys.into_iter().find(|key| key.label == format!("kunci:{connector}")).unwrap()
}

/// A signature, and what came of the login that it took.
fn sign(
    host: &Host,
    connector: &str,
    key: &KeyReport,
    message: Message,
) -> (LoginOutcome, Result<Done, Fault>) {
    let mut outcome = None;
    let signed = while_asking(host, connector, key, message, || outcome = Some(host.log_in()));
    (outcome.unwrap(), signed)
}

/// Asks for a signature on a lane of its own, and does something meanwhile.
fn while_asking(
    host: &Host,
    connector: &str,
    key: &KeyReport,
    message: Message,
    meanwhile: impl FnOnce(),
) -> Result<Done, Fault> {
    let (lane, work) = (host.open_lane(), messages::sign(connector, pin_of(key), message));
    thread::scope(|scope| {
        let asked = scope.spawn(move || ask(&lane, 1, work));
        meanwhile();
        asked.join().unwrap()
    })
}
