//! What is on a token: the token itself, and every private key that carries a label of Kunci's, or that the configuration
//! names.
//!
//! What is wrong with one key is a flaw of that key and hides no other: two objects that share an identifier, an
//! attribute of any length. A key is told in less than [`crate::lane::MAX_ANSWER`] / [`SURVEY_KEYS`] bytes, and with
//! more keys than that the front asks again.

use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use hsm_config::{Flaw, KeyType};

use super::code::{Class, Failure};
use super::public::Told;
use super::sign::Hashing;
use super::{Module, Names, attributes, find, names, public};
use crate::control::LEDGER_LABEL;
use crate::lane::{Fault, KeyReport, MAX_LABEL, SURVEY_KEYS, TokenReport};
use crate::{KeyId, PublicKey, Sha256};

/// What every label of a connector's key begins with.
const LABEL_PREFIX: &[u8] = b"kunci:";

/// Describes the token.
pub(super) fn token(module: &Module, session: &Session, slot: Slot) -> Result<TokenReport, Failure> {
    let token = module.list()?.tokens.into_iter().find(|token| token.slot == slot);
    let token = token.ok_or_else(|| Fault::TokenMissing("its information cannot be read".into()))?;
    Ok(TokenReport { wrapping_key: has_wrapping_key(session)?, ..token.report })
}

/// A private key and its label.
pub(super) type Labelled = (ObjectHandle, Vec<u8>);

/// Describes keys of Kunci's, from the one that `from` counts on.
pub(super) fn keys(
    session: &Session,
    hashing: Hashing,
    names: &Names,
    ours: &[Labelled],
    from: usize,
) -> Result<Vec<KeyReport>, Failure> {
    let told = ours.iter().skip(from).take(SURVEY_KEYS);
    let reports = told.map(|(object, label)| {
        let mut report = key(session, *object, hashing, names)?;
        if ours.iter().any(|(other, its)| other != object && its == label) {
            report.flaws.push(Flaw::DuplicateLabel);
        }
        Ok(report)
    });
    reports.collect()
}

/// Whether a key with one of these labels wants the PIN for each signature.
pub(super) fn wants_pin(session: &Session, names: &Names, labels: &[String]) -> Result<bool, Failure> {
    let used = |label: &[u8]| labels.iter().any(|used| used.as_bytes() == label);
    let ours = ours(session, names)?;
    Ok(ours
        .iter()
        .any(|(object, label)| used(label) && attributes::wants_pin(session, *object).unwrap_or(false)))
}

/// Every private key that is Kunci's by its label.
pub(super) fn ours(session: &Session, names: &Names) -> Result<Vec<Labelled>, Failure> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
    let objects = session.find_objects(&template)?;
    let labelled = objects.into_iter().map(|object| (object, label(session, object, names)));
    let is_ours = |label: &[u8]| label.starts_with(LABEL_PREFIX) || label == LEDGER_LABEL.as_bytes();
    Ok(labelled.filter(|(_, label)| is_ours(label)).collect())
}

/// Every private key that has this one label: it carries it, or the configuration names it so.
pub(super) fn labelled(session: &Session, names: &Names, wanted: &str) -> Result<Vec<Labelled>, Failure> {
    let carries = Some(Attribute::Label(wanted.into()));
    let named = names.cka_id(wanted).map(|id| Attribute::Id(id.bytes().to_vec()));
    let mut found = Vec::new();
    for by in [carries, named].into_iter().flatten() {
        let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true), by];
        for object in session.find_objects(&template)? {
            let is_new = found.iter().all(|(other, _)| *other != object);
            let label = label(session, object, names);
            if is_new && label == wanted.as_bytes() {
                found.push((object, label));
            }
        }
    }
    Ok(found)
}

/// Describes one private key, by itself and with what has its identifier.
pub(super) fn key(
    session: &Session,
    private: ObjectHandle,
    hashing: Hashing,
    names: &Names,
) -> Result<KeyReport, Failure> {
    let id = public::bytes(session, private, AttributeType::Id).and_then(|id| names.key_id(id));
    let own = public::of_object(session, private);
    let (public, mut doubts) = match id {
        Some(id) => its_public(session, id, own)?,
        None => {
            let mut doubts = vec![Flaw::ForeignId];
            (taken(own, &mut doubts), doubts)
        }
    };
    let kind = public.as_ref().map(PublicKey::kind);
    let read = attributes::read(session, private, hashing)?;
    let mut flaws = attributes::flaws(&read, kind);
    let is_curve = matches!(kind, Some(KeyType::P256 | KeyType::Ed25519));
    flaws.extend((hashing == Hashing::Host && !is_curve).then_some(Flaw::BareRsaPkcs));
    // Of which type it is, is told; in doubt is which of several is its own, or what it is worth.
    let told = [Flaw::DuplicatePublic, Flaw::OffCurve].iter().any(|doubt| doubts.contains(doubt));
    flaws.retain(|flaw| *flaw != Flaw::UnknownType || !told);
    flaws.append(&mut doubts);
    let label = label(session, private, names);
    Ok(KeyReport {
        id,
        label: String::from_utf8_lossy(label.get(..MAX_LABEL).unwrap_or(&label)).into_owned(),
        spki: public.map_or_else(Vec::new, |public| public.spki().to_vec()),
        kind,
        attributes: read.attributes,
        flaws,
        certificate_sha256: certificate_digest(session, id)?,
    })
}

/// The public key of the private key with this identifier, and what makes it doubtful.
fn its_public(session: &Session, id: KeyId, own: Told) -> Result<(Option<PublicKey>, Vec<Flaw>), Failure> {
    let mut doubts = Vec::new();
    let own = taken(own, &mut doubts);
    if find::objects(session, ObjectClass::PRIVATE_KEY, id)?.len() > 1 {
        doubts.push(Flaw::DuplicateId);
    }
    let beside = find::objects(session, ObjectClass::PUBLIC_KEY, id)?;
    if beside.len() > 1 {
        doubts.push(Flaw::DuplicatePublic);
        return Ok((own, doubts));
    }
    let beside = beside.first().and_then(|object| taken(public::of_object(session, *object), &mut doubts));
    if let (Some(own), Some(beside)) = (&own, &beside)
        && own.sha256() != beside.sha256()
    {
        doubts.push(Flaw::OtherPublic);
    }
    Ok((own.or(beside), doubts))
}

/// What was told, where it is a key; a point that is none is a flaw.
fn taken(told: Told, doubts: &mut Vec<Flaw>) -> Option<PublicKey> {
    if matches!(told, Told::OffCurve) && !doubts.contains(&Flaw::OffCurve) {
        doubts.push(Flaw::OffCurve);
    }
    told.key()
}

fn label(session: &Session, object: ObjectHandle, names: &Names) -> Vec<u8> {
    let cka_id = public::bytes(session, object, AttributeType::Id).unwrap_or_default();
    if let Some(label) = names.label(&cka_id) {
        return label.into();
    }
    public::bytes(session, object, AttributeType::Label).unwrap_or_default()
}

fn certificate_digest(session: &Session, id: Option<KeyId>) -> Result<Option<Sha256>, Failure> {
    // What lies beside a key that its module named is not of our storing.
    let Some(id) = id.filter(|id| !names::is_named(*id)) else { return Ok(None) };
    let stored = find::objects(session, ObjectClass::CERTIFICATE, id)?.pop();
    Ok(stored
        .and_then(|object| public::bytes(session, object, AttributeType::Value))
        .map(|der| Sha256::of(&der)))
}

/// Whether a key on the token may wrap others: a secret one, or a public one whose private half is elsewhere. A public
/// key beside its private key wraps only what that one could open, which is a flaw of its own.
fn has_wrapping_key(session: &Session) -> Result<bool, Failure> {
    let [secret, public] =
        [ObjectClass::SECRET_KEY, ObjectClass::PUBLIC_KEY].map(|class| wrapping(session, class));
    // Where nobody can tell, there may be one.
    let (Some(secret), Some(public)) = (secret?, public?) else { return Ok(true) };
    if !secret.is_empty() {
        return Ok(true);
    }
    for object in public {
        let private =
            |id| [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true), Attribute::Id(id)];
        let id = public::bytes(session, object, AttributeType::Id);
        let its_private = id.map(|id| session.find_objects(&private(id))).transpose()?;
        if its_private.is_none_or(|found| found.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keys of this class that may wrap; `None` where the module cannot be asked.
fn wrapping(session: &Session, class: ObjectClass) -> Result<Option<Vec<ObjectHandle>>, Failure> {
    use RvError::{AttributeTypeInvalid, AttributeValueInvalid, TemplateInconsistent};
    let template = [Attribute::Class(class), Attribute::Token(true), Attribute::Wrap(true)];
    match session.find_objects(&template) {
        Ok(found) => Ok(Some(found)),
        // A module that does not know the attribute has no key with it.
        Err(Error::Pkcs11(AttributeTypeInvalid | AttributeValueInvalid | TemplateInconsistent, _)) => {
            Ok(Some(Vec::new()))
        }
        Err(error) => match Failure::from(error) {
            Failure::Code(Class::Permanent, _) => Ok(None),
            failure => Err(failure),
        },
    }
}
