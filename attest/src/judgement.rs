//! What the judge of one kind of evidence returns; `verify` then asks the questions that are the same for all kinds.

use crate::{Finding, RootName, Statement, Verdict};

/// A kind's own verdict, with what the evidence says and why.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The verdict by signatures and contents alone.
    pub verdict: Verdict,
    /// What the evidence says.
    pub statement: Statement,
    /// Where the path ended, if it is one.
    pub root: Option<RootName>,
    /// Reasons and deviations.
    pub findings: Vec<Finding>,
}
