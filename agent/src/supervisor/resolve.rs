//! Names of users and groups to numbers, once, by the only process that may read the user database.
//!
//! A rule that cannot hold on this machine is a problem of the configuration: whoever wrote it would wait in vain,
//! or, after a user is made by that name, be surprised.

use crate::ipc::link::{Resolved, Who};
use hsm_config::{Config, Fault, Name, Problem, Problems, login};
use nix::sys::socket::{self, sockopt};
use nix::unistd::geteuid;
use std::path::Path;
use token::Sha256;

/// Looks up every rule's subject; `path` and `text` are the configuration's, to say where a problem stands.
pub(super) fn resolve(config: Config, text: &str, path: &Path) -> Result<Resolved, Problems> {
    let mut resolver = Resolver { path, text, pidfd: knows_peer_pidfd(), problems: Problems::default() };
    let callers = config.callers.iter().map(|(name, caller)| {
        let rule =
            Rule { section: "callers", name, user: &caller.user, group: &caller.group, unit: &caller.unit };
        (name.clone(), resolver.look_up(&rule))
    });
    let callers = callers.collect();
    let admins = config.admins.iter().map(|(name, admin)| {
        let rule =
            Rule { section: "admins", name, user: &admin.user, group: &admin.group, unit: &admin.unit };
        (name.clone(), resolver.look_up(&rule))
    });
    let admins = admins.collect();
    let problems = resolver.problems;
    let sha256 = Sha256::of(text.as_bytes());
    if problems.is_empty() { Ok(Resolved { config, sha256, callers, admins }) } else { Err(problems) }
}

/// The part of a rule that says whom it is about, and where it stands.
struct Rule<'a> {
    section: &'static str,
    name: &'a Name,
    user: &'a Option<String>,
    group: &'a Option<String>,
    unit: &'a Option<String>,
}

struct Resolver<'a> {
    path: &'a Path,
    text: &'a str,
    /// Whether the kernel tells a peer's process in a way that cannot be reused.
    pidfd: bool,
    problems: Problems,
}

impl Resolver<'_> {
    fn look_up(&mut self, rule: &Rule<'_>) -> Who {
        if rule.unit.is_some() && !self.pidfd {
            let help = "use user or group, or a kernel of 6.5 or later";
            let what = "this kernel cannot tell a peer's unit (no SO_PEERPIDFD)";
            self.note(rule, "unit", Fault::new("no-peerpidfd", what, help));
        }
        let uid = self.id(rule, "user", rule.user, login::user);
        let gid = self.id(rule, "group", rule.group, login::group);
        if uid.is_some_and(|uid| uid == geteuid().as_raw()) {
            warn_of_ourselves(rule);
        }
        Who { uid, gid, unit: rule.unit.clone() }
    }

    fn id(
        &mut self,
        rule: &Rule<'_>,
        field: &str,
        text: &Option<String>,
        find: impl Fn(&str) -> Result<u32, Fault>,
    ) -> Option<u32> {
        find(text.as_deref()?).map_err(|fault| self.note(rule, field, fault)).ok()
    }

    fn note(&mut self, rule: &Rule<'_>, field: &str, fault: Fault) {
        let at = [rule.section, rule.name.as_str(), field];
        let problem = Problem::of_key(self.path, self.text, &at, fault);
        self.problems.extend(problem.into());
    }
}

/// Each host runs a vendor's module as the agent's own user: what a rule grants to that user, it grants to modules. Only a
/// warning, since on a bench the agent runs as the person who asks it.
fn warn_of_ourselves(rule: &Rule<'_>) {
    let (section, name) = (rule.section, rule.name);
    tracing::warn!(
        "{section}.{name} names the user that the agent itself runs as, so every token's module could ask by that rule; \
         give callers and admins users of their own"
    );
}

/// Whether this kernel has SO_PEERPIDFD (Linux 6.5), asked of a socket pair.
fn knows_peer_pidfd() -> bool {
    let (family, kind) = (socket::AddressFamily::Unix, socket::SockType::Stream);
    let pair = socket::socketpair(family, kind, None, socket::SockFlag::SOCK_CLOEXEC);
    pair.is_ok_and(|(a, _b)| socket::getsockopt(&a, sockopt::PeerPidfd).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The trial's configuration with these rules, resolved.
    fn resolved(rules: &str) -> Result<Resolved, Problems> {
        let (text, path) =
            (format!("{}{rules}", include_str!("resolve/trial.toml")), Path::new("/k/kunci.toml"));
        resolve(Config::parse(&text, path).unwrap(), &text, path)
    }

    #[test]
    fn names_and_numbers_become_ids() {
        let rules = "[callers.a]\nuser = \"root\"\ngroup = \"4711\"\nconnectors = [\"de\"]\n";
        let resolved = resolved(rules).unwrap();
        assert_eq!(resolved.callers[0].1, Who { uid: Some(0), gid: Some(4711), unit: None });
    }

    #[test]
    fn a_user_that_does_not_exist_is_a_problem_of_its_line() {
        let rules = "[callers.a]\nuser = \"no-such-user\"\nconnectors = [\"de\"]\n[admins.b]\nmay = [\"freeze\"]\ngroup = \"no-such-group\"\n";
        insta::assert_snapshot!(resolved(rules).unwrap_err(), @r#"
        /k/kunci.toml:19:8: callers.a.user: there is no user "no-such-user" here
          help: create the user, or name another
        /k/kunci.toml:23:9: admins.b.group: there is no group "no-such-group" here
          help: create the group, or name another
        "#);
    }

    #[test]
    fn minus_one_is_not_a_user_and_a_sign_makes_no_number() {
        for user in ["4294967295", "+0", "0x0"] {
            let rules = format!("[callers.a]\nuser = \"{user}\"\nconnectors = [\"de\"]\n");
            assert!(resolved(&rules).is_err(), "{user}");
        }
    }

    #[test]
    fn a_unit_rule_is_refused_where_the_kernel_cannot_tell_units() {
        let (name, unit): (Name, _) = ("a".parse().unwrap(), Some("iep.service".into()));
        let rule = Rule { section: "callers", name: &name, user: &None, group: &None, unit: &unit };
        let text = "[callers.a]\nconnectors = [\"de\"]\nunit = \"iep.service\"\n";
        let problems = |pidfd| {
            let path = Path::new("/k/kunci.toml");
            let mut resolver = Resolver { path, text, pidfd, problems: Problems::default() };
            let _ = resolver.look_up(&rule);
            resolver.problems
        };
        insta::assert_snapshot!(problems(false), @r#"
        /k/kunci.toml:3:8: callers.a.unit: this kernel cannot tell a peer's unit (no SO_PEERPIDFD)
          help: use user or group, or a kernel of 6.5 or later
        "#);
        assert!(problems(true).is_empty());
    }
}
