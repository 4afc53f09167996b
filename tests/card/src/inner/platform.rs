//! What trussed stands on: our storage, and the system's random numbers.
//!
//! trussed's own virtual platform draws from a fixed seed: two cards, or one card started twice, would make the same
//! keys.

use rand_core::OsRng;
use trussed::virt::{Store, UserInterface};

/// A machine for one card.
pub(crate) struct Platform<'a> {
    store: Store<'a>,
    random: OsRng,
    interface: UserInterface,
}

impl<'a> Platform<'a> {
    pub(crate) fn new(store: Store<'a>) -> Self {
        Self { store, random: OsRng, interface: UserInterface::new() }
    }
}

impl<'a> trussed::platform::Platform for Platform<'a> {
    type R = OsRng;
    type S = Store<'a>;
    type UI = UserInterface;

    fn rng(&mut self) -> &mut Self::R {
        &mut self.random
    }

    fn store(&self) -> Self::S {
        self.store
    }

    fn user_interface(&mut self) -> &mut Self::UI {
        &mut self.interface
    }
}
