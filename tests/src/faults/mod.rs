//! Faults of every kind, against the binaries, under load: the fault module before SoftHSM2, a YubiKey and a TPM behind
//! their daemons, and what befalls the agent itself.
//!
//! A [`Kind`] makes its fault happen on a [`Scene`] and says when its cause is gone; [`run`] does that as often as it is
//! told, judges what callers hold, and makes one [`Row`] of it. `make test` runs each kind once, `make faults` 25 times.

pub mod amid;
pub mod callers;
pub mod device;
pub mod handed;
pub mod kinds;
pub mod module;
pub mod row;
pub mod run;
pub mod scene;
pub mod site;
pub mod stillness;
pub mod table;
pub mod unseen;
pub mod witness;

pub use device::Device;
pub use fault_module::{Action, Function};
pub use kinds::{Group, Kind};
pub use module::{Faults, Times};
pub use row::Row;
pub use scene::Scene;
pub use site::{Shape, Site, Sites};
