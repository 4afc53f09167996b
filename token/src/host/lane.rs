//! One lane: a thread that reads a question, has it done, and answers. The hot path.
//!
//! One frame in, one frame out, in buffers that live as long as the lane. While the token is not served, every
//! question is answered at once with the reason. A frame that cannot be read ends the lane.

use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, SendFlags};

use super::backend::Served;
use super::shared::{Shared, State};
use super::{recovery, work};
use crate::lane::{self, Answer, Ask, Done, Fault, MAX_ANSWER, MAX_ASK, Work};
use crate::pkcs11::Class;
use crate::{seqpacket, writes};

/// Serves a lane until the front closes it, or this process is about to end.
pub(super) fn serve(lane: &OwnedFd, shared: &Shared) {
    let (mut frame, mut out, mut fds) = (vec![0; MAX_ASK], vec![0; MAX_ANSWER], Vec::new());
    loop {
        let ask: Result<Ask, Fault> = match seqpacket::receive(lane, &mut frame, &mut fds, RecvFlags::empty())
        {
            Ok([]) => break,
            Ok(bytes) if fds.is_empty() => lane::decode(bytes),
            _ => Err(Fault::Protocol),
        };
        // The front asks elsewhere at once, while a call under way keeps this process from its end.
        if writes::is_leaving() {
            break;
        }
        let (answer, left) = match &ask {
            Ok(ask) => answer(shared, ask),
            Err(fault) => (Answer { id: 0, outcome: Err(fault.clone()) }, None),
        };
        let sent = match postcard::to_slice(&answer, &mut out) {
            Ok(bytes) => seqpacket::send(lane, bytes, &[], SendFlags::empty()).is_ok(),
            Err(_) => refuse(lane, &mut out, answer.id),
        };
        // After the answer: it may end this process, and the front must know which question that was for.
        left.into_iter().for_each(|class| recovery::give_up(shared, class));
        if !sent || ask.is_err() {
            break;
        }
    }
}

/// Answers a question whose answer is over its limit.
fn refuse(lane: &OwnedFd, out: &mut [u8], id: u64) -> bool {
    let answer =
        Answer { id, outcome: Err(Fault::Permanent("the answer is over its limit of 64 KiB".into())) };
    postcard::to_slice(&answer, out)
        .is_ok_and(|bytes| seqpacket::send(lane, bytes, &[], SendFlags::empty()).is_ok())
}

/// Answers a question, after what stood in its way was mended, if that is the host's to do: see [`Class::tries`]. Says also
/// what nothing helped against.
fn answer(shared: &Shared, ask: &Ask) -> (Answer, Option<Class>) {
    let before = *shared.epoch();
    let (mut served, mut tries) = (once(shared, ask), 0);
    while let Some(class) = served.failure_class() {
        let is_over = served.outcome.is_ok() || tries >= class.tries();
        if is_over || !recovery::apply(shared, class, before, tries) {
            // A login that nobody told anything of yet may be on its way: that a key did not show says nothing so far.
            let is_untold = !is_over && class == Class::Login;
            let outcome = if is_untold { Err(Fault::Starting) } else { served.outcome };
            return (Answer { id: ask.id, outcome }, Some(class));
        }
        served = once(shared, ask);
        tries += 1;
    }
    (Answer { id: ask.id, outcome: served.outcome }, None)
}

fn once(shared: &Shared, ask: &Ask) -> Served {
    let plain = |outcome| Served { outcome, class: None };
    if ask.work == Work::Initialise
        && let Some(outcome) = shared.initialise()
    {
        return plain(outcome.map(Done::Token));
    }
    match &*shared.state() {
        State::Serving(serving) => serving.backend.answer(shared, &ask.work),
        State::Down(fault) => plain(work::serve_without_token(fault, &ask.work)),
    }
}
