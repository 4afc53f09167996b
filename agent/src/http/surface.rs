//! The two sockets: what is asked on one of them, and of whom, differs.

/// Which socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// agent.sock
    Agent,
    /// admin.sock
    Admin,
}
