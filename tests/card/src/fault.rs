//! What a test wants to go wrong: the next commands of one kind, answered as it says.

use std::str::FromStr;
use std::time::Duration;

use crate::apdu::Sw;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It answers this, and does nothing.
    Answer(Sw),
    /// It does what it was asked, and answers this.
    AnswerAfter(Sw),
    /// It is pulled before it does anything.
    Vanish,
    /// It is pulled when all is done and nothing answered.
    VanishAfter,
    /// It answers with the last byte changed.
    Corrupt,
    /// It takes this much longer.
    Delay(Duration),
    /// It says nothing more until it is pulled or the faults are cleared.
    Hang,
}

/// A fault that waits for its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The instruction, or every one.
    pub(crate) instruction: Option<u8>,
    pub(crate) kind: Kind,
    /// How many commands it still meets.
    pub(crate) left: u32,
}

impl Fault {
    pub(crate) fn meets(&self, instruction: u8) -> bool {
        self.left > 0 && self.instruction.is_none_or(|own| own == instruction)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sw = |digits: &str| u16::from_str_radix(digits, 16).map(Sw).map_err(|error| error.to_string());
        match text.split_once('=').unwrap_or((text, "")) {
            ("sw", digits) => Ok(Self::Answer(sw(digits)?)),
            ("sw-after", digits) => Ok(Self::AnswerAfter(sw(digits)?)),
            ("vanish", "") => Ok(Self::Vanish),
            ("vanish-after", "") => Ok(Self::VanishAfter),
            ("corrupt", "") => Ok(Self::Corrupt),
            ("delay", milliseconds) => {
                let milliseconds = milliseconds.parse().map_err(|_| "delay=MILLISECONDS".to_owned())?;
                Ok(Self::Delay(Duration::from_millis(milliseconds)))
            }
            ("hang", "") => Ok(Self::Hang),
            _ => Err(format!("no such fault: {text}")),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    /// `INSTRUCTION|any KIND [TIMES]`
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (Some(instruction), Some(kind)) = (words.next(), words.next()) else {
            return Err("fault INSTRUCTION|any KIND [TIMES]".to_owned());
        };
        let instruction = match instruction {
            "any" => None,
            digits => Some(u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?),
        };
        let left = words.next().unwrap_or("1").parse().map_err(|_| "how often?".to_owned())?;
        Ok(Self { instruction, kind: kind.parse()?, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_from_one_line() {
        let fault = "87 sw=6F00 2".parse();
        let kind = Kind::Answer(Sw::BROKEN);
        assert_eq!(fault, Ok(Fault { instruction: Some(0x87), kind, left: 2 }));
        let delay: Fault = "any delay=50".parse().unwrap();
        assert!(delay.meets(0x20) && delay.left == 1);
        assert!("87 explode".parse::<Fault>().is_err());
    }
}
