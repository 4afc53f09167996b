//! Tries to carry a private key out of a token, in every way that PKCS#11 has, with the PIN in hand.
//!
//! For people who want to see it refused rather than read that it is: `make quickstart` runs it. It speaks to the
//! module alone, past the agent, as an intruder with the PIN would. Beside each refusal it shows that the same session
//! reads what is public, so that a refusal is the key's and not a broken tool's. Exits with 0 when every way is shut.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use tests::session::{self, text};

/// The parts of an RSA private key (PKCS#11 v3.1, section 6.1.3).
const SECRETS: [(AttributeType, &str); 4] = [
    (AttributeType::PrivateExponent, "the private exponent"),
    (AttributeType::Prime1, "the first prime"),
    (AttributeType::Prime2, "the second prime"),
    (AttributeType::Coefficient, "the CRT coefficient"),
];
/// The size of the key that would wrap it, in bytes: AES-256.
const WRAPPING_BYTES: u64 = 32;

/// Tries to carry a private key out of a token.
#[derive(Parser)]
struct Arguments {
    /// The PKCS#11 module; it may need its own environment, as SOFTHSM2_CONF
    #[arg(long)]
    module: PathBuf,
    /// The token's label
    #[arg(long)]
    token: String,
    /// A file with the token's PIN
    #[arg(long)]
    pin_file: PathBuf,
    /// The connector whose key is tried
    connector: String,
}

/// What came of one way out.
enum Way {
    Shut(String),
    Open,
}

fn main() -> ExitCode {
    match attempt(&Arguments::parse()) {
        Ok(true) => {
            println!("Every way is shut: the key stays in the token.");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            println!("THE KEY CAN BE TAKEN OUT OF THIS TOKEN.");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("kunci-extract: {why}");
            2.into()
        }
    }
}

fn attempt(arguments: &Arguments) -> Result<bool, String> {
    let session = log_in(arguments)?;
    let key = find(&session, ObjectClass::PRIVATE_KEY, &arguments.connector)?;
    let public = find(&session, ObjectClass::PUBLIC_KEY, &arguments.connector)?;
    let modulus = session.get_attributes(public, &[AttributeType::Modulus]).map_err(text)?;
    let Some(Attribute::Modulus(modulus)) = modulus.first() else {
        return Err("this session cannot even read the public key, so its refusals would show nothing".into());
    };
    println!("  read the public modulus: {} bytes", modulus.len());
    let mut shut = true;
    for (attribute, name) in SECRETS {
        shut &= tell(&format!("read {name}"), &read(&session, key, attribute));
    }
    shut &= tell("declare it extractable", &declare(&session, key));
    shut &= tell("copy it, extractable", &copy(&session, key));
    shut &= tell("wrap it with another key", &wrap(&session, key)?);
    Ok(shut)
}

fn log_in(arguments: &Arguments) -> Result<Session, String> {
    let pin = fs::read_to_string(&arguments.pin_file).map_err(text)?;
    let session = session::open(&arguments.module, &arguments.token)?;
    session.login(UserType::User, Some(&pin.trim_end().into())).map_err(text)?;
    Ok(session)
}

fn find(session: &Session, class: ObjectClass, connector: &str) -> Result<ObjectHandle, String> {
    let label = Attribute::Label(format!("kunci:{connector}").into());
    let found = session.find_objects(&[Attribute::Class(class), label]).map_err(text)?;
    found.first().copied().ok_or_else(|| format!("the token has no {class} for {connector}"))
}

fn read(session: &Session, key: ObjectHandle, attribute: AttributeType) -> Way {
    match session.get_attribute_info(key, &[attribute]).as_deref() {
        Ok([AttributeInfo::Sensitive]) => Way::Shut("CKR_ATTRIBUTE_SENSITIVE".into()),
        Ok([AttributeInfo::Available(_)]) => Way::Open,
        Ok(_) => Way::Shut("no such attribute".into()),
        Err(error) => Way::Shut(code(error)),
    }
}

fn declare(session: &Session, key: ObjectHandle) -> Way {
    let wish = [Attribute::Extractable(true), Attribute::Sensitive(false)];
    refusal(session.update_attributes(key, &wish))
}

fn copy(session: &Session, key: ObjectHandle) -> Way {
    let wish = [Attribute::Token(false), Attribute::Extractable(true), Attribute::Sensitive(false)];
    refusal(session.copy_object(key, &wish))
}

fn wrap(session: &Session, key: ObjectHandle) -> Result<Way, String> {
    let template = [
        Attribute::Token(false),
        Attribute::ValueLen(WRAPPING_BYTES.into()),
        Attribute::Wrap(true),
        Attribute::Encrypt(true),
    ];
    let wrapping = session.generate_key(&Mechanism::AesKeyGen, &template).map_err(text)?;
    Ok(refusal(session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, key)))
}

fn refusal<T>(outcome: Result<T, Error>) -> Way {
    match outcome {
        Ok(_) => Way::Open,
        Err(error) => Way::Shut(code(&error)),
    }
}

/// What the module answered, under the name that the standard gives it.
fn code(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, _) => {
            let name = format!("{code:?}");
            let words = name.char_indices().map(|(at, letter)| match letter.is_uppercase() && at > 0 {
                true => format!("_{letter}"),
                false => letter.to_uppercase().to_string(),
            });
            format!("CKR_{}", words.collect::<String>())
        }
        other => other.to_string(),
    }
}

fn tell(what: &str, way: &Way) -> bool {
    match way {
        Way::Shut(why) => println!("  {what}: refused by the token, {why}"),
        Way::Open => println!("  {what}: IT WAS GIVEN"),
    }
    matches!(way, Way::Shut(_))
}
