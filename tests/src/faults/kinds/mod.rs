//! The kinds of fault, by what fails. Each is a few lines: how it comes, and when its cause is gone.

mod agent;
mod codes;
mod devices;
mod ends;
mod logins;
mod results;
mod tokens;

use std::time::Duration;

use super::row::RECOVERY;
use super::scene::Scene;
use super::site::Shape;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// A function answers a code.
    Codes,
    /// The module crashes, ends or hangs.
    Ends,
    /// A login fails.
    Logins,
    /// What comes back is false.
    Results,
    /// The token goes, or is another.
    Tokens,
    /// A YubiKey or a TPM goes, or the daemon before it.
    Devices,
    /// What is around the agent's own processes.
    Agent,
}

/// One kind of fault.
pub struct Kind {
    pub name: &'static str,
    pub group: Group,
    pub shape: Shape,
    /// How many requests a run may refuse or cut off; none where a token or a process is gone until a recovery.
    pub refusals: Option<usize>,
    /// How long a recovery may take.
    pub recovery: Duration,
    pub fault: Fault,
}

/// Makes the fault happen, until its cause is gone.
type Fault = Box<dyn Fn(&mut Scene<'_>) + Send + Sync>;

impl Kind {
    fn new(group: Group, name: &'static str, fault: impl Fn(&mut Scene<'_>) + Send + Sync + 'static) -> Self {
        let (shape, refusals, recovery) = (Shape::Plain, None, RECOVERY);
        Self { name, group, shape, refusals, recovery, fault: Box::new(fault) }
    }

    fn refusing(mut self, at_most: usize) -> Self {
        self.refusals = Some(at_most);
        self
    }

    /// What is under way has this limit of its own, and nothing ends it before: the recovery begins there.
    fn after(mut self, limit: Duration) -> Self {
        self.recovery = limit + RECOVERY;
        self
    }

    fn on(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }
}

/// Every kind.
pub fn all() -> Vec<Kind> {
    let groups: [fn() -> Vec<Kind>; 7] = [
        codes::kinds,
        ends::kinds,
        logins::kinds,
        results::kinds,
        tokens::kinds,
        devices::kinds,
        agent::kinds,
    ];
    groups.iter().flat_map(|kinds| kinds()).collect()
}
