//! The boundary, to the second, for every kind of message that has a date.

use hsm_config::Algorithm;
use proptest::prelude::*;

use super::*;
use crate::PublicKey;
use crate::message::{Assertion, Certificate, Probe, Proof, Request, Thumbprint};

/// A P-256 key of nobody's.
const KEY: &[u8] = include_bytes!("../../../../fuzz/keys/p-256.spki");

/// Each kind of message that has a date, as an honest front composes it at this moment.
fn composed_at(moment: i64) -> [Message; 3] {
    let certificate = Thumbprint::of(b"certificate");
    let text = || "text".to_owned();
    [
        Message::Assertion(Assertion {
            certificate,
            aud: text(),
            client_id: text(),
            jti: text(),
            iat: moment,
            exp: moment + 300,
        }),
        Message::Proof(Proof { certificate, object_id: text(), nbf: moment, exp: moment + 600 }),
        Message::Certificate(Certificate {
            common_name: text(),
            serial: [1; 16],
            not_before: moment - BACKDATE_S,
            not_after: moment + 86_400,
        }),
    ]
}

fn compose(message: &Message, now: Now) -> Result<(), MessageError> {
    let key = PublicKey::from_spki(KEY).unwrap();
    message.compose(Algorithm::ES256, &key, now).map(drop)
}

proptest! {
    #[test]
    fn what_is_dated_within_a_minute_and_the_deadline_is_composed_and_nothing_else(
        now in 1_000_000_000i64..4_000_000_000,
        deadline in 1u64..120,
        off in -200i64..200,
    ) {
        let at = Now::at(now, Duration::from_secs(deadline));
        let allowed = off.unsigned_abs() <= 60 + deadline;
        for message in composed_at(now + off) {
            let composed = compose(&message, at);
            let untimely = matches!(composed, Err(MessageError::Untimely { .. }));
            prop_assert!(composed.is_ok() == allowed && untimely != allowed, "{}: {composed:?}", message.kind());
        }
    }

    #[test]
    fn no_dates_break_the_judge(now in any::<i64>(), date in any::<i64>(), deadline in any::<u64>()) {
        let at = Now::at(now, Duration::from_secs(deadline));
        let near = now.abs_diff(date) <= deadline.min(i64::MAX.unsigned_abs()).saturating_add(60);
        prop_assert!(!at.is_near(date) || near);
    }
}

#[test]
fn the_boundary_is_exact_to_the_second() {
    let now = Now::at(1_700_000_000, Duration::from_secs(5));
    for (off, taken) in [(-66, false), (-65, true), (0, true), (65, true), (66, false), (3_600, false)] {
        for message in composed_at(1_700_000_000 + off) {
            let kind = message.kind();
            match compose(&message, now) {
                Ok(()) => assert!(taken, "{kind}, {off} s off"),
                Err(MessageError::Untimely { now, .. }) => {
                    assert!(!taken && now == 1_700_000_000, "{kind}, {off} s off")
                }
                Err(other) => panic!("{kind}, {off} s off: {other}"),
            }
        }
    }
}

#[test]
fn what_has_no_date_is_composed_at_any_time() {
    let request = Message::Request(Request { common_name: "Germany (de)".into() });
    for message in [request, Message::Probe(Probe { nonce: [7; 32] })] {
        assert_eq!(compose(&message, Now::at(0, Duration::ZERO)), Ok(()));
    }
}
