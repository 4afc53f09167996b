//! One lane: a thread that reads a question, does it in its session, and answers. The hot path.
//!
//! One frame in, one frame out, in buffers that live as long as the lane. While the token is not served, every
//! question is answered at once with the reason. A frame that cannot be read ends the lane.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{RecvFlags, SendFlags};

use super::keeper::Suspicion;
use super::shared::{Now, Shared, Up};
use super::work;
use crate::lane::{self, Answer, Ask, Done, Fault, MAX_ANSWER, MAX_ASK, Work};
use crate::pkcs11::{Class, Pkcs11Token};
use crate::seqpacket;

/// How long a request waits for a lost login to come back: slow tokens take a second to log in.
const RELOGIN_PATIENCE: Duration = Duration::from_secs(2);

/// A lane's session, and the token's life that it belongs to.
struct Desk {
    token: Pkcs11Token,
    generation: u64,
    epoch: u64,
}

/// Serves a lane until the front closes it.
pub(super) fn serve(lane: &OwnedFd, shared: &Shared) {
    let (mut frame, mut out, mut fds) = (vec![0; MAX_ASK], vec![0; MAX_ANSWER], Vec::new());
    let mut desk = None;
    loop {
        let ask: Result<Ask, Fault> = match seqpacket::receive(lane, &mut frame, &mut fds, RecvFlags::empty())
        {
            Ok([]) => break,
            Ok(bytes) if fds.is_empty() => lane::decode(bytes),
            _ => Err(Fault::Protocol),
        };
        let answer = match &ask {
            Ok(ask) => Answer { id: ask.id, outcome: answer(shared, &mut desk, ask) },
            Err(fault) => Answer { id: 0, outcome: Err(fault.clone()) },
        };
        let sent = match postcard::to_slice(&answer, &mut out) {
            Ok(bytes) => seqpacket::send(lane, bytes, &[], SendFlags::empty()).is_ok(),
            Err(_) => refuse(lane, &mut out, answer.id),
        };
        if !sent || ask.is_err() {
            break;
        }
    }
    leave(shared, desk);
}

/// Answers a question whose answer is over its limit.
fn refuse(lane: &OwnedFd, out: &mut [u8], id: u64) -> bool {
    let answer =
        Answer { id, outcome: Err(Fault::Permanent("the answer is over its limit of 64 KiB".into())) };
    postcard::to_slice(&answer, out)
        .is_ok_and(|bytes| seqpacket::send(lane, bytes, &[], SendFlags::empty()).is_ok())
}

fn answer(shared: &Shared, desk: &mut Option<Desk>, ask: &Ask) -> Result<Done, Fault> {
    let outcome = once(shared, desk, ask);
    if outcome == Err(Fault::KeyMissing) {
        shared.suspect(Suspicion::Changed);
    }
    let class = desk.as_mut().and_then(|desk| desk.token.take_suspicion());
    class.into_iter().for_each(|class| tell(shared, class));
    let generation = desk.as_ref().map_or(0, |desk| desk.generation);
    // A call without a login did nothing, so this one repetition does nothing twice.
    if class == Some(Class::Login) && shared.await_newer(generation, RELOGIN_PATIENCE) {
        return once(shared, desk, ask);
    }
    outcome
}

fn once(shared: &Shared, desk: &mut Option<Desk>, ask: &Ask) -> Result<Done, Fault> {
    if ask.work == Work::Initialise
        && let Some(outcome) = shared.initialise()
    {
        return outcome.map(Done::Token);
    }
    match &*shared.now() {
        Now::Up(up) => work::serve(shared, &mut sit(shared, desk, up)?.token, &ask.work),
        Now::Down(fault) => work::serve_without_token(fault, &ask.work),
    }
}

/// Tells the keeper what the class of a failure makes it look into.
fn tell(shared: &Shared, class: Class) {
    match class {
        Class::Token => shared.suspect(Suspicion::Gone),
        Class::Module => shared.suspect(Suspicion::Broken),
        Class::Login => shared.suspect(Suspicion::Changed),
        _ => {}
    }
}

/// The session of this life of the token, opened if need be.
fn sit<'a>(shared: &Shared, desk: &'a mut Option<Desk>, up: &Up) -> Result<&'a mut Desk, Fault> {
    if desk.as_ref().is_some_and(|desk| desk.generation != up.generation) {
        // A session of before the module was loaded again is gone; its handle may be another's by now.
        desk.take().filter(|desk| desk.epoch == up.epoch).into_iter().for_each(|desk| desk.token.close());
    }
    if desk.is_none() {
        let token = Pkcs11Token::open(&up.module, up.slot).map_err(|failure| {
            failure.class().into_iter().for_each(|class| tell(shared, class));
            failure.into_fault()
        })?;
        *desk = Some(Desk { token, generation: up.generation, epoch: up.epoch });
    }
    desk.as_mut().ok_or(Fault::Starting)
}

fn leave(shared: &Shared, desk: Option<Desk>) {
    if let (Some(desk), Now::Up(up)) = (desk, &*shared.now())
        && desk.epoch == up.epoch
    {
        desk.token.close();
    }
}
