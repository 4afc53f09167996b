//! Every way in which a request for an assertion or a proof can end without an answer has its test, or a reason why it has none
//! here: a new one does not compile until it has. Those that are no variant are in `codes`.

use ledger::Error;
use token::lane::Fault;

use super::{input, keys, ledgers, lost, refusals, retries, tokens, voids, waits};
use crate::keys::readiness::Reason;
use crate::spine::policy::Refusal;
use crate::spine::request::RequestError;
use crate::spine::route::Miss;
use crate::tokens::AskError;

/// What shows an end.
pub(super) enum Shown {
    /// These tests.
    By(&'static [fn()]),
    /// None here, because of this.
    Not(&'static str),
}

use Shown::{By, Not};

pub(super) fn of_a_request(error: &RequestError) -> Shown {
    match error {
        RequestError::Connector => By(&[input::a_path_that_is_no_text_or_no_connectors_name_is_refused]),
        RequestError::Body(_) => By(&[input::a_body_with_anything_but_the_two_fields_is_refused]),
        RequestError::Tenant(_) => By(&[input::what_is_not_one_tenant_is_refused]),
        RequestError::ClientId(_) => By(&[input::what_is_no_client_id_is_refused]),
    }
}

pub(super) fn of_policy(refusal: Refusal) -> Shown {
    match refusal {
        Refusal::Connector => By(&[
            refusals::a_connector_that_is_not_granted_and_one_that_does_not_exist_get_the_same_answer,
            refusals::whom_no_rule_names_is_refused_and_counted_with_all_such,
            refusals::a_proof_is_refused_for_a_connector_that_does_not_exist,
            waits::a_connector_that_a_reload_took_away_is_not_waited_for,
        ]),
        Refusal::Tenant => By(&[
            refusals::a_tenant_that_the_table_does_not_name_is_refused,
            refusals::a_tenant_that_the_rule_does_not_name_is_refused,
        ]),
        Refusal::ClientId => By(&[
            refusals::a_client_id_of_another_tenants_line_is_refused,
            refusals::a_client_id_that_the_rule_does_not_name_is_refused,
        ]),
        Refusal::ObjectId => {
            By(&[refusals::a_proof_is_for_an_application_of_the_connectors_and_for_no_other])
        }
        Refusal::Unreadable => By(&[refusals::where_the_tenants_cannot_be_read_nobody_is_granted_anything]),
        Refusal::Rate(_) => By(&[
            refusals::who_spent_a_rules_rate_is_told_when_there_is_more_and_a_refused_request_spends_none,
        ]),
        Refusal::Verb(_) => By(&[refusals::a_proof_takes_the_verb_and_root_is_not_exempt]),
        Refusal::Admin => Not("no signature is asked for: it is for those who read logs and tokens"),
    }
}

/// Why a connector has no key, and what does not stop it.
pub(super) fn of_a_key(reason: &Reason) -> Shown {
    match reason {
        Reason::Unprovisioned(_) => By(&[keys::without_a_key_on_record_there_is_none]),
        Reason::Orphaned(..) => By(&[keys::a_key_that_the_log_does_not_know_signs_nothing]),
        Reason::Forgotten(..) => {
            By(&[keys::a_certificate_that_the_log_does_not_know_says_that_the_log_is_lost])
        }
        Reason::Uncertified(_) => By(&[keys::a_key_without_a_certificate_waits_for_one]),
        Reason::TokenAway(_) => By(&[
            keys::a_token_that_is_not_there_is_not_waited_for,
            keys::a_token_that_waits_for_its_pin_is_not_waited_for,
            keys::a_latched_token_is_not_waited_for,
            keys::a_token_whose_pin_cannot_be_had_is_not_waited_for,
            keys::a_token_that_is_not_served_as_it_is_is_not_waited_for,
            keys::a_token_whose_first_host_fails_is_not_waited_for,
            waits::a_wait_for_a_host_ends_where_a_person_is_needed,
        ]),
        Reason::Missing(_) => By(&[keys::a_key_that_is_not_on_its_token_signs_nothing]),
        Reason::Mismatch(_) => By(&[
            keys::another_key_under_the_pinned_ones_identifier_signs_nothing,
            keys::two_keys_under_the_pinned_ones_identifier_are_none,
        ]),
        Reason::Unfit(..) => By(&[
            keys::a_key_that_fails_a_requirement_signs_nothing,
            keys::a_key_on_a_token_that_may_wrap_it_signs_nothing,
        ]),
        Reason::Software(_) => By(&[keys::a_soft_tokens_key_signs_nothing_unless_that_is_allowed]),
        Reason::Unrecorded(_) => By(&[keys::an_exception_that_cannot_be_recorded_is_not_in_force]),
        Reason::CertificateLost(_) => By(&[
            keys::a_key_whose_certificate_is_nowhere_signs_nothing,
            keys::a_certificate_of_another_key_is_none,
        ]),
        Reason::KeyKind(..) => By(&[keys::a_key_of_another_kind_than_is_configured_signs_nothing]),
        Reason::Frozen(..) => By(&[refusals::nothing_of_a_frozen_connector_is_composed]),
        Reason::ClockStepped => By(&[refusals::while_the_clock_is_behind_the_log_nothing_is_composed]),
        Reason::LedgerFails => By(&[
            ledgers::without_a_record_no_signature_leaves_and_no_token_is_asked_until_the_disk_works_again,
        ]),
        Reason::LogIsNew => Not("it is told; what it stands in the way of has no key on record"),
        Reason::CertificateExpired(..) | Reason::CertificateNotYet(..) => {
            Not("it signs on where there is no other: answers has the test")
        }
        Reason::TokenFailing(..) => Not("it is asked last, and signs: retries has the test"),
        Reason::CertificateEnds(..) | Reason::KeySize(..) => Not("it is only told"),
        Reason::LedgerKeyless | Reason::CheckpointsLost(_) | Reason::CheckpointStale(..) => {
            Not("checkpoints stand in no signature's way")
        }
    }
}

pub(super) fn of_a_token(error: &AskError) -> Shown {
    match error {
        AskError::Fault(fault) => of_a_fault(fault),
        AskError::Gone => By(&[
            lost::a_request_whose_host_left_is_composed_anew_for_the_next_host,
            lost::a_request_that_lost_three_hosts_ends_no_fourth,
            voids::an_answer_to_another_question_is_none_and_ends_its_host,
            voids::a_frame_that_cannot_be_read_is_no_answer_and_ends_its_host,
            voids::an_answer_with_bytes_behind_it_is_none_and_ends_its_host,
        ]),
        AskError::Deadline => By(&[
            lost::a_silent_token_is_given_up_at_its_deadline_and_its_host_has_to_go,
            lost::where_one_token_is_silent_the_other_signs,
        ]),
        AskError::Busy(_) => By(&[
            waits::who_would_wait_for_longer_than_the_deadline_is_refused_at_once_and_told_when_to_come,
            waits::who_waited_for_twice_the_deadline_is_refused_and_nothing_was_composed,
            waits::one_caller_fills_its_part_of_the_queue_and_no_more,
        ]),
        AskError::TooLong => Not("no request makes a message so long: the fields' own bounds are far below"),
        AskError::Unexpected => By(&[
            tokens::a_host_that_says_something_else_is_done,
            retries::an_answer_of_another_kind_is_no_reason_to_ask_a_lone_token_again,
        ]),
    }
}

pub(super) fn of_a_fault(fault: &Fault) -> Shown {
    match fault {
        Fault::Starting => By(&[lost::a_token_that_logs_in_again_is_asked_until_it_has]),
        Fault::TokenMissing(_) => By(&[tokens::a_token_that_is_away]),
        Fault::TokenAmbiguous(_) => By(&[tokens::a_token_beside_another_like_it]),
        Fault::Locked => By(&[tokens::a_token_that_waits_for_its_pin]),
        Fault::Latched(_) => By(&[tokens::a_token_that_is_latched]),
        Fault::PinSource(_) => By(&[tokens::a_token_whose_pin_cannot_be_had]),
        Fault::NoUserPin(_) => By(&[tokens::a_token_without_a_users_pin]),
        Fault::Refused(_) => By(&[tokens::a_token_that_is_not_served_as_it_is]),
        Fault::Touch => By(&[tokens::a_token_that_nobody_touched]),
        Fault::KeyMissing => By(&[tokens::a_token_that_lost_the_key]),
        Fault::KeyMismatch => By(&[tokens::a_token_with_another_key]),
        Fault::Permanent(_) => By(&[tokens::a_token_that_cannot_do_it_at_all]),
        Fault::UnknownConnector => By(&[tokens::a_host_that_does_not_know_the_connector]),
        Fault::Protocol => By(&[tokens::a_host_that_cannot_read_the_question]),
        Fault::Message(_) => By(&[tokens::a_host_that_does_not_compose_it]),
        Fault::Attributes(_) => By(&[tokens::a_host_that_speaks_of_attributes]),
        Fault::CertificateMismatch => By(&[tokens::a_host_that_speaks_of_a_certificate]),
        Fault::Initialise(_) => By(&[tokens::a_host_that_speaks_of_a_blank_token]),
        Fault::Unfinished(_) => By(&[tokens::a_host_that_speaks_of_a_token_half_made]),
        Fault::Slot(_) => By(&[tokens::a_host_that_speaks_of_a_slot]),
        Fault::OtherCertificate(_) => By(&[tokens::a_host_that_speaks_of_another_certificate]),
        Fault::ManagementKey(_) => By(&[tokens::a_host_that_speaks_of_a_management_key]),
        Fault::Ledger(_) => By(&[tokens::a_host_that_speaks_of_the_ledgers_key]),
        Fault::Untimely(_) => By(&[
            retries::what_was_too_old_for_its_host_is_dated_anew_once,
            retries::what_was_too_old_twice_is_refused,
        ]),
        Fault::Device(_) => By(&[
            retries::a_lone_token_that_failed_once_is_asked_once_more,
            retries::a_lone_token_that_failed_twice_is_not_asked_again,
        ]),
        Fault::Broken(_) => {
            By(&[lost::a_request_whose_module_broke_is_asked_of_one_more_host_and_of_no_third])
        }
    }
}

pub(super) fn of_the_log(error: &Error) -> Shown {
    match error {
        Error::Unavailable(_) => By(&[
            ledgers::without_a_record_no_signature_leaves_and_no_token_is_asked_until_the_disk_works_again,
        ]),
        Error::Fatal(_) => {
            By(&[ledgers::where_the_disk_does_not_confirm_who_asked_is_told_and_the_process_ends])
        }
        Error::Busy => By(&[ledgers::where_too_many_records_wait_nothing_is_released_and_no_token_is_asked]),
        Error::Closed => Not("the ledger lives as long as the front that asks it"),
        Error::TooLong => Not("an entry's texts are cut far below: ledger/src/text.rs"),
        Error::Locked { .. }
        | Error::Corrupt { .. }
        | Error::Diverged { .. }
        | Error::Checkpoint(_)
        | Error::Unsure { .. } => Not("the front does not start"),
        Error::Older { .. } | Error::NotSealed => Not("no signature waits for a checkpoint"),
        Error::NotFound | Error::Io { .. } => Not("nothing is read for a signature"),
    }
}

/// Why a signature did not come, and where a request goes then.
pub(super) fn of_a_miss(miss: &Miss) -> Shown {
    match miss {
        Miss::Token(error) => of_a_token(error),
        Miss::Wrong(_) => By(&[
            voids::garbage_is_no_signature,
            voids::nothing_is_no_signature,
            voids::another_keys_signature_of_the_very_message_is_refused,
            voids::the_pinned_keys_signature_of_another_message_is_refused,
            retries::where_one_token_signed_wrongly_the_other_is_asked_and_the_first_intent_stays,
            retries::a_lone_token_that_signed_wrongly_is_not_asked_again,
        ]),
        Miss::Ours(_) => Not("it ends the request with a code of its own, below"),
    }
}
