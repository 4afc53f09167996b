//! How long commands and answers travel in short ones: command chaining, and GET RESPONSE (ISO/IEC 7816-4, section
//! 5.3).

use crate::apdu::{Answer, Command, Sw};

/// The most bytes of a short answer.
const SHORT: usize = 256;

/// What arrived.
pub(crate) enum Received {
    /// A part of a command, to be acknowledged.
    Part,
    /// The question for more of the last answer.
    Continue,
    /// A whole command.
    Whole(Command),
}

/// What is on its way.
#[derive(Default)]
pub(crate) struct Exchange {
    parts: Option<Command>,
    rest: Vec<u8>,
}

impl Exchange {
    pub(crate) fn receive(&mut self, mut command: Command) -> Received {
        if command.instruction == Command::GET_RESPONSE {
            return Received::Continue;
        }
        self.rest.clear();
        let head = |command: &Command| (command.instruction, command.p1, command.p2);
        if let Some(before) = self.parts.take().filter(|before| head(before) == head(&command)) {
            command.data = [before.data, command.data].concat();
        }
        if command.class & Command::CHAINED == 0 {
            return Received::Whole(command);
        }
        command.class &= !Command::CHAINED;
        self.parts = Some(command);
        Received::Part
    }

    /// Sends an answer, or as much of it as fits.
    pub(crate) fn answer(&mut self, answer: Answer, extended: bool) -> Vec<u8> {
        match answer {
            Ok(data) if extended => closed(data, Sw::SUCCESS),
            Ok(data) => {
                self.rest = data;
                self.next()
            }
            Err(sw) => closed(Vec::new(), sw),
        }
    }

    /// More of the last answer.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let later = self.rest.split_off(self.rest.len().min(SHORT));
        let now = std::mem::replace(&mut self.rest, later);
        let sw = if self.rest.is_empty() { Sw::SUCCESS } else { Sw::more(self.rest.len()) };
        closed(now, sw)
    }
}

fn closed(mut data: Vec<u8>, sw: Sw) -> Vec<u8> {
    data.extend(sw.0.to_be_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_fetched_in_pieces() {
        let mut exchange = Exchange::default();
        let first = exchange.answer(Ok(vec![1; 600]), false);
        assert_eq!((first.len(), &first[256..]), (258, &[0x61, 0x00][..]));
        assert_eq!(exchange.next()[256..], [0x61, 88]);
        assert_eq!(exchange.next()[88..], [0x90, 0x00]);
    }

    #[test]
    fn the_parts_of_a_command_become_one() {
        let mut exchange = Exchange::default();
        let part = |class, data: &[u8]| Command {
            class,
            instruction: 0xDB,
            data: data.to_vec(),
            ..Command::default()
        };
        assert!(matches!(exchange.receive(part(0x10, &[1, 2])), Received::Part));
        let Received::Whole(command) = exchange.receive(part(0, &[3])) else { panic!("not whole") };
        assert_eq!(command.data, [1, 2, 3]);
    }
}
