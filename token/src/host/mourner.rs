//! The thread that ends this process when its supervisor is gone.
//!
//! It does nothing but poll. While a module is being loaded, the C library holds the dynamic linker's lock, and if that
//! hangs, so does every thread that starts another or first touches a thread-local; so this one is all set up before.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, mpsc};

use rustix::event::{PollFd, PollFlags, poll};

use super::end;

/// Starts the thread, and returns once it needs nothing more from the C library.
pub(super) fn start(control: &Arc<OwnedFd>) -> io::Result<()> {
    let (control, (ready, is_ready)) = (Arc::clone(control), mpsc::channel());
    super::start("mourner", move || {
        let _ = ready.send(());
        mourn(&control)
    })?;
    is_ready.recv().map_err(io::Error::other)
}

fn mourn(control: &OwnedFd) -> ! {
    loop {
        // No events are asked for: a hang-up is always told.
        let mut control = [PollFd::new(control, PollFlags::empty())];
        match poll(&mut control, None) {
            Ok(told) if told > 0 => end(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => end(),
        }
    }
}
