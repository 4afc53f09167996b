//! What a PKCS#11 return value means for us, and how often a host may try again by itself.
//!
//! One table, applied everywhere. What a session can mend it repeats itself; what takes the host's other sessions or a
//! login the lane repeats; where the outcome is unknown or the host must end, it answers, and the front asks again with a
//! new intent. Unknown and vendor codes count as a failing device. Codes: PKCS#11 v3.1 section 4.1.

use cryptoki::error::{Error, RvError};

use crate::lane::Fault;

/// What failed, as far as it decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The session is gone: open another.
    Session,
    /// The key's handle is stale: find the key again and compare it with the pin.
    Key,
    /// The token is gone: answer at once and look for it.
    Token,
    /// The login is gone: one login, by the token manager.
    Login,
    /// The PIN was refused: the latch shuts.
    Pin,
    /// An operation was left open: close the session and open another.
    Operation,
    /// The token has no session left for us.
    Crowded,
    /// The device failed and the outcome is unknown.
    Device,
    /// The device or the module ran out of memory: sessions that nobody uses close, and where that does not help, the host
    /// must end.
    Memory,
    /// The module is beyond help: the host must end.
    Module,
    /// The token cannot do this at all.
    Permanent,
}

/// A failed call: its class and the code's text for the operator.
#[derive(Debug)]
pub enum Failure {
    /// A PKCS#11 call failed.
    Code(Class, String),
    /// We refused.
    Fault(Fault),
}

impl Class {
    /// The class of an error of the PKCS#11 binding.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Pkcs11(code, _) => Self::of_code(*code),
            Error::LibraryLoading(_) | Error::MissingSymbol(_) => Self::Module,
            Error::NullFunctionPointer | Error::NotSupported => Self::Permanent,
            _ => Self::Device,
        }
    }

    fn of_code(code: RvError) -> Self {
        use RvError as R;
        match code {
            R::SessionHandleInvalid | R::SessionClosed => Self::Session,
            R::KeyHandleInvalid | R::ObjectHandleInvalid => Self::Key,
            R::DeviceRemoved | R::TokenNotPresent | R::TokenNotRecognized | R::SlotIdInvalid => Self::Token,
            R::UserNotLoggedIn => Self::Login,
            R::PinIncorrect | R::PinExpired | R::PinLocked | R::PinLenRange | R::PinInvalid => Self::Pin,
            R::OperationActive => Self::Operation,
            R::SessionCount => Self::Crowded,
            R::DeviceMemory | R::HostMemory => Self::Memory,
            R::GeneralError | R::CryptokiNotInitialized => Self::Module,
            R::MechanismInvalid | R::MechanismParamInvalid | R::KeyFunctionNotPermitted => Self::Permanent,
            R::KeyTypeInconsistent | R::KeySizeRange | R::ArgumentsBad | R::DataLenRange => Self::Permanent,
            R::FunctionNotSupported | R::CurveNotSupported | R::TokenWriteProtected => Self::Permanent,
            R::AttributeTypeInvalid | R::AttributeValueInvalid | R::AttributeReadOnly => Self::Permanent,
            R::TemplateInconsistent | R::TemplateIncomplete | R::ActionProhibited => Self::Permanent,
            _ => Self::Device,
        }
    }

    /// How often a host repeats what failed like this.
    pub fn tries(self) -> u32 {
        match self {
            Self::Session | Self::Key | Self::Operation | Self::Login => 1,
            Self::Memory => 2,
            Self::Crowded => 20,
            Self::Token | Self::Pin | Self::Device | Self::Module | Self::Permanent => 0,
        }
    }

    /// Whether a session mends this by itself, so that the repetition is its own.
    pub(super) fn is_the_sessions(self) -> bool {
        matches!(self, Self::Session | Self::Key | Self::Operation | Self::Crowded)
    }

    /// What the front is told when no try is left.
    pub fn fault(self, code: String) -> Fault {
        match self {
            Self::Token => Fault::TokenMissing(code),
            Self::Login => Fault::Starting,
            Self::Pin => Fault::Latched(code),
            Self::Permanent => Fault::Permanent(code),
            Self::Module | Self::Memory => Fault::Broken(code),
            Self::Session | Self::Key | Self::Operation | Self::Crowded | Self::Device => Fault::Device(code),
        }
    }
}

impl Failure {
    /// The class of a failed call.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Code(class, _) => Some(*class),
            Self::Fault(_) => None,
        }
    }

    /// The fault to answer with.
    pub fn into_fault(self) -> Fault {
        match self {
            Self::Code(class, code) => class.fault(code),
            Self::Fault(fault) => fault,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Code(Class::of(&error), name(&error))
    }
}

/// A code and the function that answered it, short enough for a status line.
pub(super) fn name(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{code:?} from C_{function:?}"),
        other => other.to_string(),
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

#[cfg(test)]
mod tests;
