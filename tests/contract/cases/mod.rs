//! What every backend must do, in the order of a token's life.

mod birth;
pub(crate) mod certificates;
pub(crate) mod checkpoint;
mod end;
mod login;
mod serving;
mod signing;

use crate::life::Life;

/// One case: a row of the table.
pub(crate) struct Case {
    pub name: &'static str,
    pub run: fn(&mut Life),
}

/// All of them.
pub(crate) const ALL: [Case; 19] = [
    Case { name: "initialise", run: birth::initialise },
    Case { name: "generate rsa-2048", run: birth::rsa_2048 },
    Case { name: "generate rsa-3072", run: birth::rsa_3072 },
    Case { name: "generate p-256", run: birth::p_256 },
    Case { name: "attributes", run: birth::attributes },
    Case { name: "find", run: birth::find },
    Case { name: "sign ps256", run: signing::ps256 },
    Case { name: "sign rs256", run: signing::rs256 },
    Case { name: "sign es256", run: signing::es256 },
    Case { name: "pinned key only", run: signing::pinned },
    Case { name: "dated now", run: signing::dated },
    Case { name: "probe", run: signing::probe },
    Case { name: "certificate", run: certificates::certificate },
    Case { name: "many lanes", run: serving::lanes },
    Case { name: "restart", run: serving::restart },
    Case { name: "missing token", run: serving::missing },
    Case { name: "wrong pin", run: login::wrong_pin },
    Case { name: "checkpoint", run: checkpoint::checkpoint },
    Case { name: "destroy", run: end::destroy },
];

/// Where keys cannot be made through this module: they are found, and sign, and that is judged.
pub(crate) const SHORT: [&str; 4] = ["find", "sign ps256", "sign rs256", "sign es256"];
