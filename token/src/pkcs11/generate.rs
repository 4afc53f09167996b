//! A key's birth on the token, and its end.
//!
//! Generation is serialised over the process: SoftHSM's file store loses objects otherwise. A key that reads back wrong
//! is destroyed before anyone hears of it, unless the configuration excuses the flaw.

use std::sync::{Mutex, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::object::{ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use hsm_config::Flaw;

use super::code::Failure;
use super::template::{NewKey, Shape};
use super::{Names, find, survey, writing};
use crate::KeyRef;
use crate::lane::{Fault, KeyReport};
use crate::writes::{Call, Write};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Generates a key pair and reads it back.
pub(super) fn generate(
    session: &Session,
    new: &NewKey<'_>,
    exceptions: &[Flaw],
) -> Result<KeyReport, Failure> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if !find::objects(session, ObjectClass::PRIVATE_KEY, new.id)?.is_empty() {
        return Err(Fault::Permanent("a key with this CKA_ID exists".into()).into());
    }
    let write = Write::begin(Call::Generate);
    let pair = pair(&write, session, new)?;
    let report = survey::key(session, pair.1, new.hashing, &Names::default())?;
    let fails = |flaw: &&Flaw| !(exceptions.contains(*flaw) && flaw.may_be_born_with());
    let failed: Vec<_> = report.flaws.iter().filter(fails).map(|flaw| flaw.code()).collect();
    if failed.is_empty() && report.kind == Some(new.kind) {
        return Ok(report);
    }
    // A key that fails a requirement is never signed with: keeping it would only leave an orphan.
    let wrong = if failed.is_empty() { "wrong-type".into() } else { failed.join(", ") };
    remove(&write, session, &[pair.1, pair.0])?;
    Err(Fault::Attributes(wrong).into())
}

/// Destroys the pinned key, its public key and its certificates. The private key goes first: what is left of a kill in
/// between cannot sign.
pub(super) fn destroy(session: &Session, key: &KeyRef) -> Result<(), Failure> {
    let write = Write::begin(Call::Destroy);
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY, ObjectClass::CERTIFICATE] {
        remove(&write, session, &find::objects(session, class, key.id)?)?;
    }
    Ok(())
}

fn remove(write: &Write, session: &Session, objects: &[ObjectHandle]) -> Result<(), Failure> {
    objects.iter().try_for_each(|object| Ok(writing::destroy_object(write, session, *object)?))
}

/// The public and the private key, by the fullest template that the module takes.
fn pair(write: &Write, session: &Session, new: &NewKey<'_>) -> Result<(ObjectHandle, ObjectHandle), Failure> {
    let mut refused = None;
    for shape in Shape::of(new.kind) {
        let (public, private) = (new.public(*shape), new.private(*shape));
        match writing::generate_key_pair(write, session, &new.mechanism(), &public, &private) {
            Err(error) if is_about_the_template(&error) => refused = Some(error),
            made => return Ok(made?),
        }
    }
    Err(refused.map_or(Fault::Permanent("no template was tried".into()).into(), Failure::from))
}

/// Codes that modules use for an attribute that they do not know; all of them mean that nothing was made.
fn is_about_the_template(error: &Error) -> bool {
    use RvError as R;
    let Error::Pkcs11(code, _) = error else { return false };
    matches!(code, R::AttributeTypeInvalid | R::AttributeValueInvalid | R::AttributeReadOnly)
        || matches!(code, R::TemplateInconsistent | R::TemplateIncomplete | R::ArgumentsBad)
        || matches!(code, R::CurveNotSupported | R::DomainParamsInvalid)
}
