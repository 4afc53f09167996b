//! The end of a key: gone with its certificate, and no other with it.

use token::lane::{Done, Fault};

use crate::destroy::Destroy;
use crate::life::{Life, pin_of};
use crate::messages;

pub(super) fn destroy(life: &mut Life) {
    let (_, keys) = life.host_and_keys();
    let [(first, one), (other, two), ..] = keys.iter().collect::<Vec<_>>()[..] else { panic!("no two keys") };
    let (first, one, other, two) = (*first, pin_of(one), *other, pin_of(two));
    let count = keys.len();
    // No lane has a call for it, so a process of its own destroys the key.
    Destroy { config: life.config(), key: one }.in_a_process();
    let host = life.host();
    let ask = |connector, key| host.sign(connector, key, messages::assertion());
    assert_eq!(ask(first, one), Err(Fault::KeyMissing));
    assert!(matches!(ask(other, two), Ok(Done::Signature(_))));
    assert_eq!(host.survey().len(), count - 1);
    life.buried(first);
}
