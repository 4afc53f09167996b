//! What module and driver both know: the control file's layout.
//!
//! The file is an array of 64-bit words, native order. Each function has [`WORDS`] of them, at its own number; the driver
//! writes the action last. The module counts down what is left to do, and counts calls and blows.

/// How many words each function has.
pub const WORDS: usize = 8;
/// What to do: an [`Action`], or 0.
pub const ACTION: usize = 0;
/// The action's number.
pub const PARAMETER: usize = 1;
/// How many calls it strikes; [`ALWAYS`] for all of them.
pub const REMAINING: usize = 2;
/// How many calls pass before that.
pub const SKIP: usize = 3;
/// How often the function was called. Of C_Sign only calls that sign count, not those that ask how long a signature is.
pub const CALLS: usize = 4;
/// How often it was struck.
pub const BLOWS: usize = 5;
/// Of C_Login: how often a PIN was refused. Of C_SignInit: how many forks had a child. Of C_Sign: how many calls
/// that were struck signed all the same.
pub const TALLY: usize = 6;
/// How often a call that was struck came to its end.
pub const RETURNS: usize = 7;
/// In [`REMAINING`]: until the driver says otherwise.
pub const ALWAYS: u64 = u64::MAX;
/// The control file's length, in bytes.
pub const BYTES: usize = Function::ALL.len() * WORDS * 8;

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Action {
    /// It answers the parameter as its code, and does nothing.
    Code = 1,
    /// It does what it was asked, and answers the parameter all the same.
    CodeAfter,
    /// It never returns.
    Hang,
    /// It does what it was asked, and never returns.
    HangAfter,
    /// It takes so many milliseconds longer.
    Sleep,
    /// It begins when the driver strikes nothing so any more.
    Hold,
    /// It waits, for as long as the parameter's upper half says in milliseconds, and answers the lower half as its code.
    Late,
    /// It writes where nothing is mapped.
    Segv,
    /// It does what it was asked, and then that.
    SegvAfter,
    /// abort(3).
    Abort,
    /// exit(3), with the parameter.
    Exit,
    /// fork(2), as modules do that run helpers; then it goes on.
    Fork,
    /// CKR_OK, and nothing done.
    Silent,
    /// C_Sign: one bit of the signature is another.
    Flip,
    /// C_Sign: the signature of an earlier message.
    Stale,
    /// C_Sign: CKR_OK and so many bytes only.
    Short,
    /// C_Sign, asked how long a signature will be: the parameter. It strikes these questions, and nothing else does.
    Room,
    /// C_SignInit: with another private key of the token.
    OtherKey,
    /// An output's length or count is the parameter, whatever there is.
    Length,
    /// C_GetAttributeValue: a value padded to so many bytes.
    Stretch,
    /// C_GetAttributeValue: CKR_FUNCTION_FAILED, asked for the attribute with the parameter's number.
    Unread,
    /// C_GetTokenInfo: another serial number under the same label.
    OtherSerial,
    /// C_GetMechanismInfo, C_GetMechanismList, C_SignInit: the mechanism with the parameter's number is unknown.
    Hide,
    /// The token logged out first, as another program or a reset does.
    LogOut,
}

impl Action {
    const ALL: [Self; 24] = [
        Self::Code,
        Self::CodeAfter,
        Self::Hang,
        Self::HangAfter,
        Self::Sleep,
        Self::Hold,
        Self::Late,
        Self::Segv,
        Self::SegvAfter,
        Self::Abort,
        Self::Exit,
        Self::Fork,
        Self::Silent,
        Self::Flip,
        Self::Stale,
        Self::Short,
        Self::Room,
        Self::OtherKey,
        Self::Length,
        Self::Stretch,
        Self::Unread,
        Self::OtherSerial,
        Self::Hide,
        Self::LogOut,
    ];

    /// The parameter of [`Self::Late`].
    pub fn late(milliseconds: u32, code: u32) -> u64 {
        u64::from(milliseconds) << 32 | u64::from(code)
    }

    pub(crate) fn of(word: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as u64 == word)
    }
}

/// Every function of a module (PKCS#11 v2.40's list), in its order.
macro_rules! numbered {
    ($($name:ident)*) => {
        /// A function of the module, by its name without `C_`.
        #[allow(missing_docs, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $($name),* }

        impl Function {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

numbered! {
    Initialize Finalize GetInfo GetSlotList GetSlotInfo GetTokenInfo GetMechanismList GetMechanismInfo InitToken InitPIN
    SetPIN OpenSession CloseSession CloseAllSessions GetSessionInfo GetOperationState SetOperationState Login Logout
    CreateObject CopyObject DestroyObject GetObjectSize GetAttributeValue SetAttributeValue FindObjectsInit FindObjects
    FindObjectsFinal EncryptInit Encrypt EncryptUpdate EncryptFinal DecryptInit Decrypt DecryptUpdate DecryptFinal
    DigestInit Digest DigestUpdate DigestKey DigestFinal SignInit Sign SignUpdate SignFinal SignRecoverInit SignRecover
    VerifyInit Verify VerifyUpdate VerifyFinal VerifyRecoverInit VerifyRecover DigestEncryptUpdate DecryptDigestUpdate
    SignEncryptUpdate DecryptVerifyUpdate GenerateKey GenerateKeyPair WrapKey UnwrapKey DeriveKey SeedRandom
    GenerateRandom GetFunctionStatus CancelFunction WaitForSlotEvent
}

impl Function {
    /// Where its words begin, in words.
    pub fn at(self) -> usize {
        self as usize * WORDS
    }
}
