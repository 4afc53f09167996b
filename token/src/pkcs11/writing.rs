//! The calls of a module that may write to its token, all of them, each only with a [`Write`] in hand.
//!
//! clippy.toml of this crate forbids them elsewhere: a call that is made without one could be killed in the middle, and the
//! token with it. C_Sign is not among them; a kill amid a signature costs that signature.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;

use crate::pin::Pin;
use crate::writes::Write;

/// C_Initialize, for use by several threads.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn initialise(_: &Write, context: &Pkcs11) -> Result<(), Error> {
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
}

/// C_Finalize.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn finalise(_: &Write, context: &Pkcs11) -> Result<(), Error> {
    context.clone().finalize()
}

/// C_OpenSession, whose session closes when it is dropped.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn open(_: &Write, context: &Pkcs11, slot: Slot) -> Result<Session, Error> {
    context.open_rw_session(slot)
}

/// C_OpenSession, whose session stays open until it is closed.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn open_to_stay(_: &Write, context: &Pkcs11, slot: Slot) -> Result<Session, Error> {
    context.open_rw_session_no_drop(slot)
}

/// C_CloseSession.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn close(_: &Write, session: Session) -> Result<(), Error> {
    session.close()
}

/// C_Login.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn login(_: &Write, session: &Session, user: UserType, pin: &Pin) -> Result<(), Error> {
    session.login(user, Some(pin.expose()))
}

/// C_InitToken.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn init_token(
    _: &Write,
    context: &Pkcs11,
    slot: Slot,
    so_pin: &Pin,
    label: &str,
) -> Result<(), Error> {
    context.init_token(slot, so_pin.expose(), label)
}

/// C_InitPIN.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn init_pin(_: &Write, session: &Session, pin: &Pin) -> Result<(), Error> {
    session.init_pin(pin.expose())
}

/// C_GenerateKeyPair: the public and the private key.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn generate_key_pair(
    _: &Write,
    session: &Session,
    mechanism: &Mechanism<'_>,
    public: &[Attribute],
    private: &[Attribute],
) -> Result<(ObjectHandle, ObjectHandle), Error> {
    session.generate_key_pair(mechanism, public, private)
}

/// C_CreateObject.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn create_object(
    _: &Write,
    session: &Session,
    template: &[Attribute],
) -> Result<ObjectHandle, Error> {
    session.create_object(template)
}

/// C_DestroyObject.
#[expect(clippy::disallowed_methods, reason = "with a Write")]
pub(super) fn destroy_object(_: &Write, session: &Session, object: ObjectHandle) -> Result<(), Error> {
    session.destroy_object(object)
}
