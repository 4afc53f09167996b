//! The end of a key: gone with its certificate, and no other with it.

use tests::wait::until_true;
use token::control::LoginOutcome;
use token::lane::{Done, Fault, Work};

use crate::destroy::Destroy;
use crate::life::{Life, pin_of};
use crate::messages;

pub(super) fn destroy(life: &mut Life) {
    // A module may fail as a whole over a key that it holds open and another process destroys; then the host is replaced,
    // which is another case. Here nobody used the key yet.
    life.stop();
    let (host, keys) = life.host_and_keys();
    let [(first, one), (other, two), ..] = keys.iter().collect::<Vec<_>>()[..] else { panic!("no two keys") };
    let (first, one, other, two) = (*first, pin_of(one), *other, pin_of(two));
    let before = host.survey().len();
    // No lane has a call for it, so a process of its own destroys the key.
    Destroy { config: life.config(), key: one }.in_a_process(|command| life.backend.device.inside(command));
    match life.host().sign(first, one, messages::assertion()) {
        Ok(_) => {
            life.note(
                "a running module keeps keys in memory: after a key is destroyed, the agent is started again",
            );
            life.stop();
        }
        Err(Fault::KeyMissing) => {}
        // The other process reset the card when it was done with it: it is opened anew.
        Err(_) => {
            let host = life.host();
            assert_eq!(host.log_in(), LoginOutcome::Accepted);
            let served = || host.sign(other, two, messages::assertion()) != Err(Fault::Starting);
            until_true("the card is served again", served);
        }
    }
    let host = life.host();
    let ask = |connector, key| host.sign(connector, key, messages::assertion());
    assert_eq!(ask(first, one), Err(Fault::KeyMissing));
    assert_eq!(host.ask(Work::Certificates { key: one }), Ok(Done::Certificates(vec![])));
    assert!(matches!(ask(other, two), Ok(Done::Signature(_))));
    assert_eq!(host.survey().len(), before - 1);
    life.forget(first);
}
