//! PKCS#11 URIs (RFC 7512): which token is meant, by what the token says of itself.
//!
//! Only the four attributes that stay with a token are taken. A slot number changes when a token is initialised,
//! objects are found by the ledger's pin, modules and PINs have fields of their own; each is refused by name.

use crate::problem::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const SCHEME: &str = "pkcs11:";
/// What stands unescaped in a path attribute (RFC 7512, section 2.3), besides letters and digits.
const PLAIN: &[u8] = b"-._~:[]@!$'()*+,=&";

/// Which token: at least its label or its serial number.
///
/// ```
/// use hsm_config::Pkcs11Uri;
/// let uri: Pkcs11Uri = "pkcs11:token=frankfurt;model=SoftHSM%20v2".parse().unwrap();
/// assert!(uri.matches("frankfurt   ", "1234", "SoftHSM v2", "SoftHSM project"));
/// assert!("pkcs11:slot-id=0".parse::<Pkcs11Uri>().is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[Pp][Kk][Cc][Ss]11:"))]
pub struct Pkcs11Uri {
    token: Option<String>,
    serial: Option<String>,
    model: Option<String>,
    manufacturer: Option<String>,
}

impl Pkcs11Uri {
    /// Whether a token that says this of itself is meant. Spaces at the end are padding (PKCS#11, CK_TOKEN_INFO).
    pub fn matches(&self, label: &str, serial: &str, model: &str, manufacturer: &str) -> bool {
        let pairs = [
            (&self.token, label),
            (&self.serial, serial),
            (&self.model, model),
            (&self.manufacturer, manufacturer),
        ];
        pairs.into_iter().all(|(wanted, found)| {
            wanted.as_deref().is_none_or(|wanted| wanted == found.trim_end_matches(' '))
        })
    }

    /// The label that is asked for, which `kunci token init` gives a new token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The serial number that is asked for.
    pub fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// The attribute of this name, and the most bytes that a token can say there (PKCS#11, CK_TOKEN_INFO).
    fn attribute(&mut self, name: &str) -> Result<(&mut Option<String>, usize), Fault> {
        match name {
            "token" => Ok((&mut self.token, 32)),
            "serial" => Ok((&mut self.serial, 16)),
            "model" => Ok((&mut self.model, 16)),
            "manufacturer" => Ok((&mut self.manufacturer, 32)),
            _ => Err(refused(name)),
        }
    }

    fn set(&mut self, pair: &str) -> Result<(), Fault> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (field, most) = self.attribute(name)?;
        if field.is_some() {
            return Err(Fault::value(format!("{name} is given twice"), "keep one of them"));
        }
        let value = decode(name, value)?.trim_end_matches(' ').to_owned();
        if value.is_empty() || value.len() > most {
            let what = format!("{name} is not 1 to {most} bytes long, so no token could match it");
            return Err(Fault::value(what, "copy what `kunci token list` shows"));
        }
        *field = Some(value);
        Ok(())
    }
}

impl FromStr for Pkcs11Uri {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let help = "write \"pkcs11:token=LABEL;serial=NUMBER\", as `kunci token list` shows it";
        // A scheme is the same in any case (RFC 3986, section 3.1).
        let split =
            text.split_at_checked(SCHEME.len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME));
        let (_, rest) = split.ok_or_else(|| Fault::value("this is not a PKCS#11 URI", help))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if let Some(pair) = query.split('&').find(|pair| !pair.is_empty()) {
            return Err(refused(pair.split('=').next().unwrap_or(pair)));
        }
        let mut uri = Self::default();
        for pair in path.split(';').filter(|pair| !pair.is_empty()) {
            uri.set(pair)?;
        }
        if uri.token.is_none() && uri.serial.is_none() {
            return Err(Fault::value("the URI names neither a token's label nor its serial number", help));
        }
        Ok(uri)
    }
}

/// Why an attribute is not taken. Its value is never quoted: it may be a PIN.
fn refused(name: &str) -> Fault {
    let (what, help) = match name {
        "slot-id" | "slot-description" | "slot-manufacturer" => (
            "names a slot, and slots change when tokens are initialised or plugged",
            "name the token by token= and serial=",
        ),
        "pin-value" | "pin-source" => {
            ("has no place here: a PIN is never part of a URI", "remove it, and name the PIN's source in pin")
        }
        "object" | "type" | "id" => {
            ("names an object, and a connector's key is found by the ledger's pin", "remove it")
        }
        "module-name" | "module-path" => {
            ("has a field of its own", "remove it, and name the module in module")
        }
        "library-manufacturer" | "library-description" | "library-version" => {
            ("is about the module, not the token", "remove it")
        }
        _ => ("is not an attribute of a token", "use token, serial, model and manufacturer"),
    };
    Fault::value(format!("{} {what}", crate::tenant::excerpt(name)), help)
}

fn decode(name: &str, value: &str) -> Result<String, Fault> {
    let help = "write every other character as % and two hexadecimal digits, a space as %20";
    let bad = || Fault::value(format!("{name} is not percent-encoded UTF-8"), help);
    let mut bytes = value.bytes();
    let mut decoded = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                hex(bytes.next()).zip(hex(bytes.next())).map(|(high, low)| high << 4 | low).ok_or_else(bad)?
            }
            _ if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) => byte,
            _ => return Err(bad()),
        });
    }
    String::from_utf8(decoded).map_err(|_| bad())
}

fn hex(digit: Option<u8>) -> Option<u8> {
    char::from(digit?).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok())
}

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        let fields = [
            ("token", &self.token),
            ("serial", &self.serial),
            ("model", &self.model),
            ("manufacturer", &self.manufacturer),
        ];
        let given = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        for (index, (name, value)) in given.enumerate() {
            write!(f, "{}{name}=", if index == 0 { "" } else { ";" })?;
            encode(f, value)?;
        }
        Ok(())
    }
}

fn encode(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

impl TryFrom<String> for Pkcs11Uri {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<Pkcs11Uri> for String {
    fn from(uri: Pkcs11Uri) -> Self {
        uri.to_string()
    }
}

#[cfg(test)]
mod tests;
