//! The backends: each real, none mocked. A new one is a file here and a line below.

mod kryoptic;
mod nss;
mod p11_kit;
mod piv;
mod softhsm2;
mod tpm2;
mod yubikey;

use crate::backend::Backend;
use crate::bench::Bench;
use crate::cases::{self, Case};
use crate::life::{Outcome, Row};

/// How a backend is made, and what it goes through.
pub(crate) struct Entry {
    pub name: &'static str,
    pub make: fn(&Bench) -> Backend,
    run: Run,
}

/// How much of the suite.
#[derive(PartialEq, Eq)]
enum Run {
    Full,
    /// Keys were made by another tool: they are found, sign, and that is judged.
    Short,
}

/// All backends, in the order of the table.
pub(crate) const ALL: [Entry; 9] = [
    Entry { name: "softhsm2", make: softhsm2::make, run: Run::Full },
    Entry { name: "kryoptic", make: kryoptic::make, run: Run::Full },
    Entry { name: "tpm2", make: tpm2::make, run: Run::Full },
    Entry { name: "p11-kit", make: p11_kit::make, run: Run::Full },
    Entry { name: "nss", make: nss::make, run: Run::Short },
    Entry { name: "yubikey-piv", make: piv::recent, run: Run::Full },
    Entry { name: "yubikey-piv-5.4", make: piv::older, run: Run::Full },
    Entry { name: "ykcs11", make: yubikey::ykcs11, run: Run::Full },
    Entry { name: "opensc", make: yubikey::opensc, run: Run::Full },
];

impl Entry {
    /// The cases that it goes through.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &'static Case> {
        let full = self.run == Run::Full;
        cases::ALL.iter().filter(move |case| full || cases::SHORT.contains(&case.name))
    }

    /// The row of a case that could not begin.
    pub(crate) fn failed(&self, case: &Case, why: String) -> Row {
        Row { backend: self.name, case: case.name, result: Outcome::Fail, why }
    }
}
