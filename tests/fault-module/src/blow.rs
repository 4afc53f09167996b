//! What befalls any call alike: codes, waits, ends of the process. What concerns one function's results is in `tamper`.

use std::thread::sleep;
use std::time::Duration;

use cryptoki_sys::{CK_RV, CKR_OK};

use crate::control;
use crate::script::{Action, Function, TALLY};

/// How often a call that is held looks whether it may begin.
const HELD: Duration = Duration::from_millis(5);

/// What is left of a call after its blow.
pub(crate) enum Left {
    /// Nothing: this is the answer.
    Answer(CK_RV),
    /// The real call.
    Call,
    /// The real call, and then this, with the action's parameter, whatever it says.
    CallThen(fn(u64) -> CK_RV),
}

/// Strikes.
pub(crate) fn strike(action: Action, parameter: u64) -> Left {
    match action {
        Action::Code => return Left::Answer(parameter as CK_RV),
        Action::CodeAfter => return Left::CallThen(|code| code as CK_RV),
        Action::HangAfter => return Left::CallThen(|_| hang()),
        Action::SegvAfter => {
            return Left::CallThen(|_| {
                segv();
                CKR_OK
            });
        }
        Action::Silent => return Left::Answer(CKR_OK),
        Action::Hang => hang(),
        Action::Sleep => sleep(Duration::from_millis(parameter)),
        Action::Hold => {
            while control::holds() {
                sleep(HELD);
            }
        }
        Action::Late => {
            sleep(Duration::from_millis(parameter >> 32));
            return Left::Answer((parameter & u64::from(u32::MAX)) as CK_RV);
        }
        Action::Segv => segv(),
        Action::Abort => std::process::abort(),
        Action::Exit => std::process::exit(i32::try_from(parameter).unwrap_or(1)),
        Action::Fork => fork(),
        _ => {}
    }
    Left::Call
}

fn hang() -> ! {
    loop {
        sleep(Duration::from_secs(3600));
    }
}

fn segv() {
    let nowhere: *mut u8 = std::hint::black_box(std::ptr::without_provenance_mut(8));
    // SAFETY: none; this is the fault.
    unsafe { nowhere.write_volatile(1) }
}

/// A child would be a process without our sandbox's promise, and with a copy of the token's sessions.
fn fork() {
    // SAFETY: the child calls nothing but _exit.
    unsafe {
        match libc::fork() {
            0 => libc::_exit(0),
            child if child > 0 => {
                control::count(Function::SignInit, TALLY);
                libc::waitpid(child, std::ptr::null_mut(), 0);
            }
            _ => {}
        }
    }
}
