//! Groups that are one user's alone: where each user has one, people's folders are written by it (umask 002).

use nix::unistd::{Gid, Group, Uid, User};

/// Whether a group is this user's primary one, bears his name, and has no other member. Asked only of a folder
/// that the group may write, since the user database may be anywhere; where it cannot be asked, the answer is no.
pub(super) fn is_alone(gid: u32, us: u32) -> bool {
    let user = User::from_uid(Uid::from_raw(us)).ok().flatten();
    let group = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    let (Some(user), Some(group)) = (user, group) else { return false };
    user.gid == group.gid && user.name == group.name && group.mem.iter().all(|member| *member == user.name)
}
