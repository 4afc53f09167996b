//! What the evidence says of the key. Worth as much as the verdict beside it.

use quoted::Plain;

use crate::{Firmware, Kind, PublicKey};

/// What one piece of evidence says; a field is `None` where it does not say.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Which kind of evidence says it; `None` where there is no attestation.
    pub kind: Option<Kind>,
    /// The device's maker.
    pub vendor: Option<String>,
    /// The device's shape.
    pub form_factor: Option<&'static str>,
    /// The device's serial number.
    pub serial: Option<String>,
    /// The device's firmware.
    pub firmware: Option<Firmware>,
    /// Where in the device the key is.
    pub slot: Option<String>,
    /// The key itself.
    pub key: Option<PublicKey>,
    /// When a PIN is asked for.
    pub pin_policy: Option<&'static str>,
    /// When a touch is asked for.
    pub touch_policy: Option<&'static str>,
    /// Whether the device is of a FIPS 140 series.
    pub fips: Option<bool>,
    /// How the key came into the device.
    pub origin: Option<&'static str>,
    /// Whether the key can leave the device, wrapped or not.
    pub exportable: Option<bool>,
    /// The name that its owner gave it.
    pub label: Option<String>,
    /// Whether the device is a program, by its own maker's word.
    pub software: bool,
}

impl Statement {
    /// Which device says it, in words.
    pub(crate) fn device(&self) -> String {
        match &self.serial {
            Some(serial) => format!("device {}", Plain(serial)),
            None => "a device without a serial number".to_owned(),
        }
    }

    /// Of nothing but a kind and a key.
    pub fn of(kind: Option<Kind>, key: Option<PublicKey>) -> Self {
        Self {
            kind,
            vendor: None,
            form_factor: None,
            serial: None,
            firmware: None,
            slot: None,
            key,
            pin_policy: None,
            touch_policy: None,
            fips: None,
            origin: None,
            exportable: None,
            label: None,
            software: false,
        }
    }
}
