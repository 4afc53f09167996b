//! The pinned key, or nothing: exactly one private key with its CKA_ID, and the pinned public key beside it.
//!
//! A key that is not found is not thereby deleted, and a key that differs from the pin is never used. That one differs is
//! said only of what was read: a call that failed, as where the login is lost meanwhile, is a failure of its own. The label, or the
//! configuration where the module named the key, binds it to its connector, so that a front cannot have one connector's
//! message signed with another's key.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::code::Failure;
use super::public::Told;
use super::{attributes, names, public};
use crate::lane::Fault;
use crate::{KeyId, KeyRef, PublicKey};

/// A key that was found and compared with its pin.
pub(super) struct Key {
    pub(super) private: ObjectHandle,
    pub(super) public: PublicKey,
    /// Whether it signs only after a login for that one signature.
    pub(super) wants_pin: bool,
    /// What it carries; of a key that its module named, that says nothing.
    label: Option<Vec<u8>>,
}

impl Key {
    /// The key, if it carries this label. Whose a named key is, [`super::Names::check`] says.
    pub(super) fn labelled(&self, label: &str) -> Result<&Self, Failure> {
        let fits = self.label.as_ref().is_none_or(|own| own == label.as_bytes());
        if fits { Ok(self) } else { Err(Fault::KeyMismatch.into()) }
    }
}

/// Finds the pinned key and compares its public key with the pin.
pub(super) fn pinned(session: &Session, key: &KeyRef) -> Result<Key, Failure> {
    let private = match objects(session, ObjectClass::PRIVATE_KEY, key.id)?[..] {
        [] => return Err(Fault::KeyMissing.into()),
        [private] => private,
        _ => return Err(Fault::KeyMismatch.into()),
    };
    let public = public_key(session, key.id, private)?.ok_or(Fault::KeyMismatch)?;
    if public.sha256() != key.spki_sha256 {
        return Err(Fault::KeyMismatch.into());
    }
    let label = || public::told(session, private, AttributeType::Label).map(Option::unwrap_or_default);
    let label = (!names::is_named(key.id)).then(label).transpose()?;
    let wants_pin = attributes::wants_pin(session, private)?;
    Ok(Key { private, public, wants_pin, label })
}

/// The public key of a private key: from the public key object with its CKA_ID, else from what the private key tells.
pub(super) fn public_key(
    session: &Session,
    id: KeyId,
    private: ObjectHandle,
) -> Result<Option<PublicKey>, Failure> {
    match objects(session, ObjectClass::PUBLIC_KEY, id)?[..] {
        [] => public::told_of(session, private).map(Told::key),
        [public] => public::told_of(session, public).map(Told::key),
        _ => Err(Fault::KeyMismatch.into()),
    }
}

/// Every token object of a class with this key's CKA_ID.
pub(super) fn objects(
    session: &Session,
    class: ObjectClass,
    id: KeyId,
) -> Result<Vec<ObjectHandle>, Failure> {
    let template = [Attribute::Class(class), Attribute::Token(true), Attribute::Id(names::cka_id(id))];
    Ok(session.find_objects(&template)?)
}
