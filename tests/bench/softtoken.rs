//! Makes the bench's token: initialised, with a user PIN, and with one key for each algorithm for the direct driver.
//!
//! Runs in a child process, because SoftHSM2 reads SOFTHSM2_CONF when it loads. The PIN comes from a file: what is
//! in argv, every process of the machine can read. The keys have the attributes that the agent gives to its own,
//! since a private, sensitive key costs SoftHSM2 a decryption for each signature.

use crate::algorithm::Algorithm;
use crate::problem::Problem;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::fs;
use std::path::PathBuf;

/// The label of the bench's token, which is alone in its folder.
pub(crate) const LABEL: &str = "kunci-bench";
/// The object identifier of P-256 in DER: the curve that CKA_EC_PARAMS names.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// What a child needs to reach the token.
#[derive(clap::Args)]
pub(crate) struct Access {
    #[arg(long)]
    pub(crate) module: PathBuf,
    #[arg(long)]
    pub(crate) pin_file: PathBuf,
}

/// The options of the child that makes the token.
#[derive(clap::Args)]
pub(crate) struct Make {
    #[command(flatten)]
    access: Access,
}

impl Make {
    /// Makes token and keys; prints the serial that the token gave itself, as JSON.
    pub(crate) fn run(&self) -> Result<(), Problem> {
        let pkcs11 = self.access.load()?;
        let pin = self.access.pin()?;
        let slots = pkcs11.get_all_slots().map_err(Problem::token("list slots"))?;
        let slot = *slots.first().ok_or_else(|| Problem::Driver("no slot".to_owned()))?;
        // The security officer's PIN is the user's: this token lives for one run.
        pkcs11.init_token(slot, &pin, LABEL).map_err(Problem::token("be initialised"))?;
        let session = pkcs11.open_rw_session(slot).map_err(Problem::token("open a session"))?;
        session.login(UserType::So, Some(&pin)).map_err(Problem::token("log the officer in"))?;
        session.init_pin(&pin).map_err(Problem::token("set the PIN"))?;
        session.logout().map_err(Problem::token("log the officer out"))?;
        session.login(UserType::User, Some(&pin)).map_err(Problem::token("log in"))?;
        Algorithm::ALL.into_iter().try_for_each(|algorithm| generate(&session, algorithm))?;
        let token = pkcs11.get_token_info(slot).map_err(Problem::token("describe itself"))?;
        println!("{}", serde_json::Value::from(token.serial_number()));
        Ok(())
    }
}

impl Access {
    pub(crate) fn load(&self) -> Result<Pkcs11, Problem> {
        let pkcs11 = Pkcs11::new(&self.module).map_err(Problem::token("be loaded"))?;
        let threads = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        pkcs11.initialize(threads).map_err(Problem::token("be initialised"))?;
        Ok(pkcs11)
    }

    pub(crate) fn pin(&self) -> Result<AuthPin, Problem> {
        let pin = fs::read_to_string(&self.pin_file).map_err(Problem::at("read", &self.pin_file))?;
        Ok(pin.trim_end().into())
    }
}

/// The slot of the bench's token, whose number changed when it was initialised.
pub(crate) fn find(pkcs11: &Pkcs11) -> Result<Slot, Problem> {
    let slots = pkcs11.get_slots_with_initialized_token().map_err(Problem::token("list slots"))?;
    let ours = |slot: &Slot| pkcs11.get_token_info(*slot).is_ok_and(|token| token.label() == LABEL);
    slots.into_iter().find(ours).ok_or_else(|| Problem::Driver(format!("no token {LABEL}")))
}

fn generate(session: &Session, algorithm: Algorithm) -> Result<(), Problem> {
    let (generation, kind, size) = match algorithm {
        Algorithm::PS256 => (Mechanism::RsaPkcsKeyPairGen, KeyType::RSA, Attribute::ModulusBits(2048.into())),
        Algorithm::ES256 => (Mechanism::EccKeyPairGen, KeyType::EC, Attribute::EcParams(P256.to_vec())),
    };
    let label = Attribute::Label(algorithm.name().into());
    let public = [
        label.clone(),
        Attribute::KeyType(kind),
        size,
        Attribute::Token(true),
        Attribute::Verify(true),
        // Else SoftHSM2 lets it wrap, and the agent refuses a token where others' keys can be carried out.
        Attribute::Wrap(false),
        Attribute::Encrypt(false),
    ];
    let mut private = vec![label, Attribute::KeyType(kind)];
    private.extend(private_attributes(algorithm));
    session.generate_key_pair(&generation, &public, &private).map_err(Problem::token("generate a key"))?;
    Ok(())
}

fn private_attributes(algorithm: Algorithm) -> Vec<Attribute> {
    let allowed = match algorithm {
        Algorithm::PS256 => vec![MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS],
        Algorithm::ES256 => vec![MechanismType::ECDSA],
    };
    vec![
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
        Attribute::AllowedMechanisms(allowed),
    ]
}

/// How the direct driver finds its key: never by a handle, which belongs to a process.
pub(crate) fn search(algorithm: Algorithm) -> [Attribute; 2] {
    [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(algorithm.name().into())]
}

/// Reads the length of a measurement.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write a number of seconds".to_owned())?;
    let fits = (0.1..=600.0).contains(&seconds);
    fits.then_some(seconds).ok_or_else(|| "write 0.1 to 600 seconds".to_owned())
}
