//! What a caller is told of a token that did not sign, fault by fault. The intent is voided, and nothing left.

use token::lane::{Done, Fault};

use super::host::Does;
use super::rig::Rig;

/// Wants that a lone token that fails so is asked once, and its caller told this.
async fn ends(fault: Fault, status: u16, code: &str) {
    let (mut rig, mut asked) = Rig::of([Does::Fails(fault)]).await;
    let problem = rig.ask("de").await.refused(status, code);
    assert!(!problem.detail.contains("secret") || status == 409, "{}", problem.detail);
    assert_eq!(asked.rest().len(), 1);
    assert!(rig.killed().is_empty());
    rig.all_voided(1).await;
    // It says nothing of the next request.
    rig.ask("de").await.released();
}

macro_rules! ends {
    ($($name:ident: $fault:expr => $status:literal $code:literal;)*) => {$(
        #[tokio::test]
        pub(super) async fn $name() {
            ends($fault, $status, $code).await;
        }
    )*};
}

fn words() -> String {
    "secret".into()
}

ends! {
    a_token_that_is_away: Fault::TokenMissing(words()) => 503 "token-unavailable";
    a_token_beside_another_like_it: Fault::TokenAmbiguous(words()) => 503 "token-unavailable";
    a_token_that_waits_for_its_pin: Fault::Locked => 503 "token-unavailable";
    a_token_that_is_latched: Fault::Latched(words()) => 503 "token-unavailable";
    a_token_whose_pin_cannot_be_had: Fault::PinSource(words()) => 503 "token-unavailable";
    a_token_without_a_users_pin: Fault::NoUserPin("one".parse().unwrap()) => 503 "token-unavailable";
    a_token_that_is_not_served_as_it_is: Fault::Refused(words()) => 503 "token-unavailable";
    a_token_that_nobody_touched: Fault::Touch => 503 "token-unavailable";
    a_token_that_lost_the_key: Fault::KeyMissing => 503 "token-unavailable";
    a_token_with_another_key: Fault::KeyMismatch => 503 "token-unavailable";
    a_token_that_cannot_do_it_at_all: Fault::Permanent(words()) => 500 "token-failed";
    a_host_that_does_not_know_the_connector: Fault::UnknownConnector => 500 "token-failed";
    a_host_that_cannot_read_the_question: Fault::Protocol => 500 "token-failed";
    a_host_that_does_not_compose_it: Fault::Message(words()) => 500 "token-failed";
    a_host_that_speaks_of_attributes: Fault::Attributes(words()) => 500 "token-failed";
    a_host_that_speaks_of_a_certificate: Fault::CertificateMismatch => 500 "token-failed";
    a_host_that_speaks_of_a_blank_token: Fault::Initialise(words()) => 500 "token-failed";
    a_host_that_speaks_of_a_token_half_made: Fault::Unfinished(words()) => 500 "token-failed";
    a_host_that_speaks_of_the_ledgers_key: Fault::Ledger(words()) => 500 "token-failed";
    a_host_that_speaks_of_a_slot: Fault::Slot(words()) => 409 "no-slot";
    a_host_that_speaks_of_another_certificate: Fault::OtherCertificate(words()) => 409 "certificate-in-the-way";
    a_host_that_speaks_of_a_management_key: Fault::ManagementKey(words()) => 409 "management-key";
}

#[tokio::test]
pub(super) async fn a_host_that_says_something_else_is_done() {
    let (rig, _asked) = Rig::of([Does::Says(Done::Nothing)]).await;
    rig.ask("de").await.refused(500, "token-failed");
    rig.all_voided(1).await;
}

#[tokio::test]
pub(super) async fn a_proof_is_refused_and_voided_as_an_assertion_is() {
    let (rig, mut asked) = Rig::of([Does::Fails(Fault::KeyMissing)]).await;
    rig.prove("de").await.refused(503, "token-unavailable");
    assert_eq!(asked.rest().len(), 1);
    rig.all_voided(1).await;
}
