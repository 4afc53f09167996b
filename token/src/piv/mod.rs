//! The YubiKey's PIV application, on the crate `yubikey` and through pcscd.
//!
//! A [`CardCell`] holds at most one open YubiKey, told by its serial number; a [`PivToken`] is one thread's use of it. The
//! PIN's being verified belongs to the card, and whoever else reaches pcscd can undo it, so it is asked about and never
//! assumed. A card that failed is dropped and opened again, never reconnected: the crate would give the PIN again by
//! itself, and does not recover from a pcscd that was restarted. NIST SP 800-73-4, part 2.

mod attest;
mod card;
mod card_callbacks;
mod card_cell;
mod code;
mod delete;
mod encoding;
mod factory;
mod generate;
mod login;
mod management;
mod object;
mod search;
mod sign;
mod slot;
mod survey;
mod token;

pub use card::Card;
pub use card_callbacks::CardCallbacks;
pub use card_cell::CardCell;
pub use factory::FactorySecret;
pub use management::Secret;
pub use search::Search;
pub use token::PivToken;
