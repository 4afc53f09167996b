//! The end of a host that has to go: it is told, takes no further question, finishes the calls that may write to its token,
//! and leaves by itself.
//!
//! SIGKILL is the last resort: for a host that does not leave although nothing is under way, and for calls that are over
//! their own limits. Counted in looks, not in time: a machine that stood still is no host that hangs.

use std::process::ExitStatus;
use std::time::Duration;

use token::control::{HostState, Seen};
use token::writes::Call;

use super::child::Child;
use super::host::Host;
use super::latch;
use super::load_timeout::looks;

/// How many looks a host may take to leave once nothing is under way, and how many a killed one is waited for: half a second
/// to a whole one.
const LAST: u32 = 2;
/// What is said of an end that no call under way was waited for.
const INTERRUPTED: &str = "a token that is kept in files can be damaged, since that interrupted";

/// A host that was told to go.
pub(super) struct Ending {
    /// Why.
    pub(super) why: String,
    over: Over,
    looks: u32,
    /// How many looks ago it was killed.
    killed: Option<u32>,
}

/// What of a host is over its limit already, so that nobody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing.
    Nothing,
    /// What it does at its start, amid this call or between two of them; or its login.
    Silence(Option<Call>),
}

impl Ending {
    pub(super) fn new(why: String, over: Over) -> Self {
        Self { why, over, looks: 0, killed: None }
    }

    /// What it is waited for, of what is under way.
    pub(super) fn awaited(&self, calls: Vec<Call>) -> Vec<Call> {
        calls.into_iter().filter(|call| self.over != Over::Silence(Some(*call))).collect()
    }

    /// Another look at a host that has not left, of a token with this deadline; whether it is to be killed now. At once
    /// where it hangs in a call that is over its limit and in nothing else.
    pub(super) fn is_due(&mut self, awaited: &[Call], deadline: Duration) -> bool {
        self.looks += 1;
        self.killed = self.killed.map(|looks| looks + 1);
        let longest = awaited.iter().map(|call| looks(call.limit(deadline))).max();
        let hangs = self.over != Over::Nothing && awaited.is_empty();
        let patience = if hangs { 0 } else { LAST + longest.unwrap_or(0) };
        self.looks > patience && self.kills()
    }

    /// Whether it was killed and is there all the same: some device holds it in the kernel.
    pub(super) fn is_given_up(&self) -> bool {
        self.killed.is_some_and(|looks| looks > LAST)
    }

    fn kills(&mut self) -> bool {
        self.killed.replace(self.killed.unwrap_or(0)).is_none()
    }
}

impl Host {
    /// Lets the process finish what is under way and leave; why is said for as long as it is gone. What is over its limit is
    /// not waited for.
    pub(super) fn end(&mut self, why: String, over: Over) {
        self.was_seen();
        let Some(child) = &mut self.child else { return };
        // From here on it begins no call. Only what is under way now is finished, and only the next look may kill: what was
        // seen before was the moment's, and the host may have come further since.
        child.hang_up();
        let calls = self.calls();
        let is_told = self.ending.is_some();
        // A host that fails says why, and ends by itself: that its lanes end with it is no better reason.
        let why = match &self.state {
            HostState::Failed(own) if !is_told => own.clone(),
            _ => why,
        };
        let ending = self.ending.get_or_insert_with(|| Ending::new(why, over));
        if over != Over::Nothing {
            ending.over = over;
        }
        let awaited = ending.awaited(calls);
        if !is_told {
            self.is_told_to_go(&awaited);
        }
    }

    fn is_told_to_go(&mut self, awaited: &[Call]) {
        let Some(Ending { why, .. }) = &self.ending else { return };
        let finishing = named(awaited);
        tracing::warn!(token = %self.config.name, why, finishing, "the host has to go");
        self.state = HostState::Failed(match awaited {
            [] => why.clone(),
            _ => format!("{why}; it finishes {finishing} first"),
        });
    }

    /// Another look at a host that has to go: the last resort, if it is time for that.
    pub(super) fn end_at_last(&mut self) {
        let calls = self.calls();
        let Some(ending) = self.ending.as_mut().filter(|_| self.child.is_some()) else { return };
        let awaited = ending.awaited(calls);
        tracing::debug!(token = %self.config.name, finishing = named(&awaited), "the host has not left yet");
        if ending.is_due(&awaited, self.config.token.deadline) {
            self.kill();
        }
    }

    fn kill(&mut self) {
        let why = self.ending.as_ref().map_or("", |ending| &ending.why);
        let amid = named(&self.calls());
        tracing::error!(token = %self.config.name, why, amid, "the host does not leave, and is killed");
        self.state = HostState::Failed(why.into());
        self.child.iter().for_each(Child::kill);
    }

    /// A token that was served until now is there now: what the next host may have to say of it, should it be gone.
    fn was_seen(&mut self) {
        let is_served = matches!(self.state, HostState::Ready { .. });
        if let Some(known) = self.config.known.as_mut().filter(|_| is_served) {
            known.seen = Seen::Last(latch::now());
        }
    }

    /// Whether it is gone, or cannot be made to go.
    pub(super) fn is_done_with(&self) -> bool {
        self.child.is_none() || self.ending.as_ref().is_some_and(Ending::is_given_up)
    }

    /// Takes the process's end, and says what that interrupted.
    pub(super) fn ended(&mut self, status: ExitStatus) {
        // One that was not allowed its login, or told the outcome, was amid none, whatever the board shows.
        let was_in = |call: &Call| *call != Call::Login || self.trying;
        let amid = named(&self.calls().into_iter().filter(was_in).collect::<Vec<_>>());
        self.child = None;
        self.was_seen();
        if let Some(known) = self.config.known.as_mut().filter(|_| !amid.is_empty()) {
            known.doubt = Some(format!("its host ended amid {amid}"));
        }
        let why = match (&self.ending, &self.state) {
            (Some(ending), _) => ending.why.clone(),
            (None, HostState::Failed(why)) => why.clone(),
            (None, _) => format!("its process ended ({status}) and is started again"),
        };
        if amid.is_empty() {
            tracing::info!(token = %self.config.name, why, "the host ended");
            self.state = HostState::Failed(why);
        } else {
            tracing::error!(token = %self.config.name, why, amid, "the host ended amid a call that may write to its token");
            self.state = HostState::Failed(format!("{why}; {INTERRUPTED} {amid}"));
        }
    }
}

/// What is under way, in words.
pub(super) fn named(calls: &[Call]) -> String {
    calls.iter().map(Call::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    /// How many looks it takes until it is killed.
    fn looks(ending: &mut Ending, calls: &[Call]) -> u32 {
        (1..1000).find(|_| ending.is_due(&ending.awaited(calls.to_vec()), DEADLINE)).unwrap()
    }

    fn ending(over: Over) -> Ending {
        Ending::new("for the test".into(), over)
    }

    #[test]
    fn a_host_is_killed_late_where_a_call_is_under_way_and_soon_where_none_is() {
        assert_eq!(looks(&mut ending(Over::Nothing), &[]), 3);
        assert_eq!(looks(&mut ending(Over::Nothing), &[Call::Session]), 23);
        assert_eq!(looks(&mut ending(Over::Nothing), &[Call::Login]), 63);
        assert_eq!(looks(&mut ending(Over::Nothing), &[Call::Login, Call::Generate]), 363);
    }

    #[test]
    fn a_call_that_is_over_its_limit_is_not_waited_for_and_others_are() {
        let login = Over::Silence(Some(Call::Login));
        assert_eq!(looks(&mut ending(login), &[Call::Login]), 1);
        assert_eq!(looks(&mut ending(login), &[Call::Login, Call::Session]), 23);
        assert_eq!(looks(&mut ending(Over::Silence(None)), &[]), 1);
        assert_eq!(looks(&mut ending(Over::Silence(Some(Call::Load))), &[Call::Load]), 1);
    }

    #[test]
    fn a_start_that_was_silent_for_too_long_is_no_reason_to_kill_amid_a_login_that_began_since() {
        for over in [None, Some(Call::Load), Some(Call::Session)] {
            assert_eq!(looks(&mut ending(Over::Silence(over)), &[Call::Login]), 63);
        }
    }

    #[test]
    fn it_is_killed_once() {
        let mut ending = ending(Over::Silence(None));
        assert!(ending.is_due(&[], DEADLINE) && !ending.is_given_up());
        assert!((0..100).all(|_| !ending.is_due(&[], DEADLINE)) && ending.is_given_up());
    }
}
