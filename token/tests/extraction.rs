//! The private key cannot be read out of the token by anyone who is logged in to it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
// No host: nobody kills it amid a write.
#![allow(clippy::disallowed_methods)]

mod support;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectClass};
use cryptoki::session::UserType;
use support::host::{Host, be_a_host};
use support::{Bench, MODULE, PIN, again, is_role};

#[test]
fn host_process() {
    be_a_host("host_process");
}

/// Runs in a process of its own: a thief with the module and the PIN.
#[test]
fn thief_process() {
    if !is_role("thief_process") {
        return;
    }
    let module = Pkcs11::new(MODULE).unwrap();
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    let session = module.open_rw_session(slot).unwrap();
    session.login(UserType::User, Some(&PIN.into())).unwrap();
    let key = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap()[0];

    for secret in [AttributeType::PrivateExponent, AttributeType::Prime1] {
        let told = session.get_attribute_info(key, &[secret]).unwrap();
        assert!(matches!(told[..], [AttributeInfo::Sensitive]), "{told:?}");
        assert!(session.get_attributes(key, &[secret]).unwrap().is_empty());
    }
    for change in [Attribute::Decrypt(true), Attribute::Extractable(true), Attribute::Sensitive(false)] {
        assert!(session.update_attributes(key, &[change]).is_err(), "an attribute can be changed");
    }
    assert!(session.copy_object(key, &[Attribute::Token(false)]).is_err(), "the key can be copied");
    let aes = [Attribute::ValueLen(32.into()), Attribute::Wrap(true), Attribute::Token(false)];
    let wrapping = session.generate_key(&Mechanism::AesKeyGen, &aes).unwrap();
    assert!(
        session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, key).is_err(),
        "the key can be wrapped out"
    );
    let digest_info = session.sign(&Mechanism::RsaPkcs, key, &[0; 51]);
    assert!(
        matches!(digest_info, Err(Error::Pkcs11(RvError::MechanismInvalid, _))),
        "bare PKCS#1: {digest_info:?}"
    );
    std::process::exit(42);
}

#[test]
fn a_thief_with_the_pin_does_not_get_the_key() {
    let bench = Bench::new();
    Host::ready(bench.config()).generate("ps", 1);
    let status = again("thief_process").env("SOFTHSM2_CONF", bench.conf()).status().unwrap();
    assert_eq!(status.code(), Some(42), "the thief got through; see above");
}
