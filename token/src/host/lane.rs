//! One lane: a thread that reads a question, does it in its session, and answers. The hot path.
//!
//! One frame in, one frame out, in buffers that live as long as the lane. While the token is not served, every
//! question is answered at once with the reason. A frame that cannot be read ends the lane.

use std::os::fd::OwnedFd;
#[cfg(feature = "piv")]
use std::sync::{Mutex, PoisonError};

use rustix::net::{RecvFlags, SendFlags};

use super::keeper::Suspicion;
use super::shared::{Door, Now, Shared, Up};
use super::{remedy, work};
use crate::lane::{self, Answer, Ask, Done, Fault, MAX_ANSWER, MAX_ASK, Work};
#[cfg(feature = "piv")]
use crate::piv::PivToken;
use crate::pkcs11::Class;
use crate::{seqpacket, writes};

/// What came of a question, and what is suspected of the token.
struct Served {
    outcome: Result<Done, Fault>,
    class: Option<Class>,
}

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
        left.into_iter().for_each(|class| remedy::give_up(shared, class));
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
    let before = *shared.life();
    let (mut served, mut tries) = (once(shared, ask), 0);
    while let Some(class) = served.ails() {
        let is_over = served.outcome.is_ok() || tries >= class.tries();
        if is_over || !remedy::apply(shared, class, before, tries) {
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
    match &*shared.now() {
        Now::Up(up) => match &up.door {
            Door::Module(..) => at_a_desk(shared, up, &ask.work),
            #[cfg(feature = "piv")]
            Door::Yubikey(card) => at_the_card(shared, card, &ask.work),
        },
        Now::Down(fault) => plain(work::serve_without_token(fault, &ask.work)),
    }
}

/// Does it in a session, for which it waits no longer than half of what the front waits for the answer.
fn at_a_desk(shared: &Shared, up: &Up, work: &Work) -> Served {
    let mut desk = match shared.desks.take(up, shared.config.token.deadline / 2) {
        Ok(desk) => desk,
        Err(failure) => {
            let class = failure.class();
            return Served { outcome: Err(failure.into_fault()), class };
        }
    };
    let outcome = work::serve(shared, &mut desk.token, work);
    let class = desk.token.take_suspicion();
    shared.desks.put(desk);
    if outcome == Err(Fault::Locked) {
        shared.suspect(Suspicion::WantsPin);
    }
    Served { outcome, class }
}

/// Does it with the card, of which there is one.
#[cfg(feature = "piv")]
fn at_the_card(shared: &Shared, card: &Mutex<PivToken>, work: &Work) -> Served {
    let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = work::serve(shared, &mut *card, work);
    Served { outcome, class: card.take_suspicion() }
}

impl Served {
    /// What the matter is. A token that nobody is logged in to hides its private keys, and one that is being logged in to
    /// is not served.
    fn ails(&self) -> Option<Class> {
        match self.outcome {
            Err(Fault::KeyMissing | Fault::Starting) => Some(Class::Login),
            _ => self.class,
        }
    }
}
