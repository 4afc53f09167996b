//! What a proof is worth: a maker's word on hardware, or less. The first line of a page says it, of several keys that of the least.

use attest::{Grade, Report};

/// What a proof is worth, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    Software,
    Asserted,
    GivenRoot,
    Maker,
}

impl Worth {
    pub(super) fn of(report: &Report) -> Self {
        match (report.software, is_given(report)) {
            (true, _) => Self::Software,
            (false, true) => Self::GivenRoot,
            (false, false) => Self::Maker,
        }
    }

    /// A bundle's grade tells besides whether the key was made in its device, to stay.
    pub(super) fn graded(grade: Grade, report: &Report) -> Self {
        match grade {
            Grade::Software => Self::Software,
            Grade::Asserted => Self::of(report).min(Self::Asserted),
            Grade::Attested => Self::of(report),
        }
    }

    pub(super) fn head(self) -> &'static str {
        match self {
            Self::Software => "PROVEN, BUT SOFTWARE",
            Self::Asserted => "PROVEN, BUT ASSERTED",
            Self::GivenRoot => "PROVEN UNDER YOUR ROOT",
            Self::Maker => "PROVEN",
        }
    }
}

/// All are proven, which is worth what the least of the proofs is.
pub(super) fn every(keys: &str, worths: impl Iterator<Item = Worth>) -> String {
    let worth = worths.min().unwrap_or(Worth::Maker);
    let but = match worth {
        Worth::Software => "; the device of one or more of them is a program: no hardware holds the key",
        Worth::Asserted => "; one or more of them came from outside of the device, or can leave it",
        Worth::GivenRoot => {
            "; for one or more of them whoever owns the root that you gave vouches, and no maker"
        }
        Worth::Maker => "",
    };
    format!("{}: {keys}{but}.", worth.head())
}

pub(super) fn is_given(report: &Report) -> bool {
    report.root.as_ref().is_some_and(|root| root.given)
}
