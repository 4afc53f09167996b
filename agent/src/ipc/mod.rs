//! What the agent's processes say to each other, and what supervisor and front both have to know: the floor between them.

pub mod control;
pub mod exit;
pub mod link;
pub mod peer;
pub mod sockets;
