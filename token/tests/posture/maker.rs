//! Makes keys by bare PKCS#11, as somebody who has the PIN and means no good, or knows no better.

// No host: nobody kills it amid a write.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::env;
use std::fs;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::Result;
use cryptoki::mechanism::{Mechanism, MechanismType as M};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};

use crate::bad::{self, Bad, Kind, Way};
use crate::bench::USER_PIN;
use crate::support::SO_PIN;

/// What the maker's environment says: the module, what to make, where to write what was made, the token's label.
pub const MODULE: &str = "KUNCI_TEST_MODULE";
pub const ORDER: &str = "KUNCI_TEST_ORDER";
pub const MADE: &str = "KUNCI_TEST_MADE";
pub const CONF: &str = "KUNCI_TEST_LABEL";

/// DER of the OIDs prime256v1 and secp384r1.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// More keys than two answers hold, and a label that no answer holds.
const MANY: u8 = 100;
const ENDLESS: usize = 100_000;

pub fn run() {
    let module = Pkcs11::new(env::var(MODULE).unwrap()).unwrap();
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let order = env::var(ORDER).unwrap();
    let made = match order.as_str() {
        "token" => token(&module),
        "bad" => each(&log_in(&module)),
        "clutter" => clutter(&log_in(&module)),
        "compressed" => compressed(&log_in(&module)),
        "always" => always(&log_in(&module)),
        what => wrapping(&log_in(&module), what),
    };
    fs::write(env::var(MADE).unwrap(), serde_json::to_vec(&made).unwrap()).unwrap();
}

/// Initialises the token, as `softhsm2-util` does for SoftHSM2.
fn token(module: &Pkcs11) -> BTreeSet<String> {
    let slot = module.get_slots_with_token().unwrap()[0];
    module.init_token(slot, &SO_PIN.into(), &env::var(CONF).unwrap()).unwrap();
    let session = module.open_rw_session(slot).unwrap();
    session.login(UserType::So, Some(&SO_PIN.into())).unwrap();
    session.init_pin(&USER_PIN.into()).unwrap();
    BTreeSet::new()
}

fn log_in(module: &Pkcs11) -> Session {
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    let session = module.open_rw_session(slot).unwrap();
    session.login(UserType::User, Some(&USER_PIN.into())).unwrap();
    session
}

fn each(session: &Session) -> BTreeSet<String> {
    let take = |(id, bad): (u8, Bad)| {
        let taken = make(session, &bad, id).inspect_err(|error| eprintln!("{}: {error}", bad.name));
        taken.is_ok().then(|| bad.name.to_owned())
    };
    (100..).zip(bad::all()).filter_map(take).collect()
}

fn make(session: &Session, bad: &Bad, id: u8) -> Result<()> {
    let name = [Attribute::Label(bad.label().into_bytes()), Attribute::Id(vec![id; 16])];
    match &bad.way {
        Way::Born(kind, change) => generate(session, *kind, &name, change).map(drop),
        Way::Careless(kind) => careless(session, *kind, &name),
        Way::Changed(kind, before, after) => {
            let (_, private) = generate(session, *kind, &name, before)?;
            session.update_attributes(private, after).or_else(|error| {
                session.destroy_object(private)?;
                Err(error)
            })
        }
        Way::Imported => session.create_object(&imported(session, &name)?).map(drop),
        Way::Unwrapped => unwrapped(session, &name),
        Way::Named(id) => generate(session, Kind::P256, &name, &[Attribute::Id(id.clone())]).map(drop),
        Way::TwoPrivate => {
            generate(session, Kind::P256, &name, &[])?;
            generate(session, Kind::P256, &name, &[]).map(drop)
        }
        Way::TwoLabels => {
            generate(session, Kind::P256, &name, &[])?;
            generate(session, Kind::P256, &name, &[Attribute::Id(vec![id; 15])]).map(drop)
        }
        Way::TwoPublic => two_public(session, &name),
        Way::OffCurve => {
            let (public, _) = generate(session, Kind::P256, &name, &[])?;
            replace(session, public, |point| point[64] ^= 1)
        }
        Way::OtherPublic => {
            let (public, _) = generate(session, Kind::Rsa2048, &name, &[])?;
            let (_, other) = generate(session, Kind::Rsa2048, &name, &[])?;
            session.destroy_object(other)?;
            session.destroy_object(public)
        }
    }
}

/// A good pair, but for what is named, and for what `change` says of the private key.
fn generate(
    session: &Session,
    kind: Kind,
    name: &[Attribute],
    change: &[Attribute],
) -> Result<(ObjectHandle, ObjectHandle)> {
    let good = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
        Attribute::SignRecover(false),
        Attribute::Modifiable(false),
        Attribute::Copyable(false),
    ];
    let is_changed =
        |good: &&Attribute| !change.iter().any(|new| new.attribute_type() == good.attribute_type());
    let all = name.iter().chain(&good).filter(is_changed).chain(change);
    session.generate_key_pair(&mechanism(kind), &public(kind, name), &all.cloned().collect::<Vec<_>>())
}

fn careless(session: &Session, kind: Kind, name: &[Attribute]) -> Result<()> {
    let private = [name, &[Attribute::Token(true)]].concat();
    session.generate_key_pair(&mechanism(kind), &public(kind, name), &private).map(drop)
}

fn mechanism(kind: Kind) -> Mechanism<'static> {
    match kind {
        Kind::P256 | Kind::P384 => Mechanism::EccKeyPairGen,
        Kind::Rsa2048 | Kind::Rsa1024 => Mechanism::RsaPkcsKeyPairGen,
    }
}

fn public(kind: Kind, name: &[Attribute]) -> Vec<Attribute> {
    let bits =
        |bits: u64| vec![Attribute::ModulusBits(bits.into()), Attribute::PublicExponent(vec![1, 0, 1])];
    let shape = match kind {
        Kind::P256 => vec![Attribute::EcParams(P256.to_vec())],
        Kind::P384 => vec![Attribute::EcParams(P384.to_vec())],
        Kind::Rsa2048 => bits(2048),
        Kind::Rsa1024 => bits(1024),
    };
    [name, &[Attribute::Token(true), Attribute::Verify(true), Attribute::Wrap(false)], &shape].concat()
}

/// All of an RSA key that lies open, as the template of another object.
fn imported(session: &Session, name: &[Attribute]) -> Result<Vec<Attribute>> {
    use AttributeType as T;
    let open = [Attribute::Sensitive(false), Attribute::Extractable(true), Attribute::Token(false)];
    let (_, key) = generate(session, Kind::Rsa2048, name, &open)?;
    let parts = [
        T::Modulus,
        T::PublicExponent,
        T::PrivateExponent,
        T::Prime1,
        T::Prime2,
        T::Exponent1,
        T::Exponent2,
        T::Coefficient,
    ];
    let own = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::KeyType(KeyType::RSA)];
    Ok([name, &own, &shut(), &session.get_attributes(key, &parts)?].concat())
}

/// As well shut as an object can be that comes from outside.
fn shut() -> Vec<Attribute> {
    let uses = [Attribute::Sign(true), Attribute::Decrypt(false), Attribute::Unwrap(false)];
    let kept = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ];
    [&uses[..], &kept].concat()
}

fn unwrapped(session: &Session, name: &[Attribute]) -> Result<()> {
    let open = [Attribute::Extractable(true), Attribute::Token(false)];
    let (_, key) = generate(session, Kind::Rsa2048, name, &open)?;
    let uses = [Attribute::Wrap(true), Attribute::Unwrap(true), Attribute::Token(false)];
    let aes = session
        .generate_key(&Mechanism::AesKeyGen, &[&uses[..], &[Attribute::ValueLen(32.into())]].concat())?;
    let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, aes, key)?;
    let own = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::KeyType(KeyType::RSA)];
    session.unwrap_key(&Mechanism::AesKeyWrapPad, aes, &wrapped, &[name, &own, &shut()].concat()).map(drop)
}

/// Has the token tell another point of a key on P-256.
fn replace(session: &Session, public: ObjectHandle, change: impl Fn(&mut Vec<u8>)) -> Result<()> {
    let told =
        session.get_attributes(public, &[AttributeType::EcPoint, AttributeType::Id, AttributeType::Label])?;
    let mut attributes = public_object();
    for one in told {
        attributes.push(match one {
            Attribute::EcPoint(told) => {
                let mut point = told[2..].to_vec();
                change(&mut point);
                Attribute::EcPoint([&[4, u8::try_from(point.len()).unwrap()], &point[..]].concat())
            }
            name => name,
        });
    }
    session.destroy_object(public)?;
    session.create_object(&attributes).map(drop)
}

fn public_object() -> Vec<Attribute> {
    let own = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::KeyType(KeyType::EC)];
    [&own[..], &public(Kind::P256, &[])].concat()
}

/// The point of each key on P-256, compressed.
fn compressed(session: &Session) -> BTreeSet<String> {
    let keys = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::KeyType(KeyType::EC)];
    for key in session.find_objects(&keys).unwrap() {
        replace(session, key, |point| *point = [&[2 + (point[64] & 1)], &point[1..33]].concat()).unwrap();
    }
    BTreeSet::new()
}

fn two_public(session: &Session, name: &[Attribute]) -> Result<()> {
    generate(session, Kind::P256, name, &[])?;
    let (_, other) = generate(session, Kind::P256, name, &[])?;
    session.destroy_object(other)
}

/// Good keys of three connectors that want the PIN for each signature.
fn always(session: &Session) -> BTreeSet<String> {
    let allowed = |kind| match kind {
        Kind::P256 => vec![M::ECDSA, M::ECDSA_SHA256],
        _ => vec![M::SHA256_RSA_PKCS_PSS, M::SHA256_RSA_PKCS],
    };
    let make = |(name, kind): (&str, Kind), id: u8| {
        let own = [Attribute::Label(format!("kunci:{name}").into_bytes()), Attribute::Id(vec![id; 16])];
        let change = [Attribute::AlwaysAuthenticate(true), Attribute::AllowedMechanisms(allowed(kind))];
        generate(session, kind, &own, &change).unwrap();
        name.to_owned()
    };
    let kinds = [("ps", Kind::Rsa2048), ("rs", Kind::Rsa2048), ("es", Kind::P256)];
    kinds.into_iter().zip(1..).map(|(one, id)| make(one, id)).collect()
}

/// A key with two public ones, one with a label without end, and many more.
fn clutter(session: &Session) -> BTreeSet<String> {
    let named = |label: Vec<u8>, id: u8| [Attribute::Label(label), Attribute::Id(vec![id; 16])];
    two_public(session, &named(b"kunci:twice".to_vec(), 50)).unwrap();
    let endless = [b"kunci:".to_vec(), vec![b'x'; ENDLESS]].concat();
    generate(session, Kind::P256, &named(endless, 51), &[]).unwrap();
    for id in 0..MANY {
        let label = format!("kunci:many-{id}").into_bytes();
        generate(session, Kind::P256, &named(label, 100 + id), &[]).unwrap();
    }
    BTreeSet::new()
}

/// A key that may wrap others: a secret one, or a public one whose private half is elsewhere.
fn wrapping(session: &Session, what: &str) -> BTreeSet<String> {
    let uses = [Attribute::Token(true), Attribute::Wrap(true)];
    if what == "aes" {
        let template = [&uses[..], &[Attribute::ValueLen(32.into())]].concat();
        session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
    } else {
        let mut public = public(Kind::Rsa2048, &[Attribute::Id(vec![9; 16])]);
        public.retain(|attribute| *attribute != Attribute::Wrap(false));
        public.push(Attribute::Wrap(true));
        let private = [Attribute::Token(true), Attribute::Id(vec![9; 16])];
        let (_, private) =
            session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private).unwrap();
        session.destroy_object(private).unwrap();
    }
    [what.to_owned()].into()
}
