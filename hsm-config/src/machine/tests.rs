use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{chown, symlink};

/// A machine that has all that the configuration names.
struct Machine(tempfile::TempDir);

impl Machine {
    fn whole() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for file in ["module.so", "pin", "so-pin"] {
            fs::write(machine.at(file), "").unwrap();
            machine.mode(file, 0o600);
        }
        for folder in ["state", "tokens", "more"] {
            fs::create_dir(machine.at(folder)).unwrap();
            machine.mode(folder, 0o700);
        }
        machine
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.at(name), Permissions::from_mode(mode)).unwrap();
    }

    fn gone(&self, name: &str) {
        let path = self.at(name);
        if path.is_dir() { fs::remove_dir(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    /// Where each problem stands, and its code.
    fn told(&self, user: &str, group: &str) -> Vec<(String, &'static str)> {
        let dir = self.0.path().display();
        let text = format!(
            "[agent]\nsocket = '{dir}/a.sock'\nadmin_socket = '{dir}/b.sock'\nstate_dir = '{dir}/state'\n\
             [ledger]\norigin = 'a.example/kunci'\n\
             [tokens.t]\nkind = 'pkcs11'\nmodule = '{dir}/module.so'\nuri = 'pkcs11:token=t'\n\
             pin = {{ file = '{dir}/pin' }}\nso_pin = {{ file = '{dir}/so-pin' }}\n\
             paths = ['{dir}/tokens']\nread_paths = ['{dir}/more']\n\
             [admins.a]\nuser = '{user}'\ngroup = '{group}'\nmay = ['reload']\n"
        );
        let path = Path::new("kunci.toml");
        let checked = Config::parse(&text, path).unwrap().check_machine(&text, path);
        let problems = checked.err().unwrap_or_default();
        assert!(problems.iter().all(|problem| problem.line > 0), "{problems}");
        problems.iter().map(|problem| (problem.at.clone(), problem.code)).collect()
    }
}

#[test]
fn a_machine_that_has_everything_is_whole() {
    assert_eq!(Machine::whole().told("root", "0"), []);
    // The agent makes its folder itself.
    let machine = Machine::whole();
    machine.gone("state");
    assert_eq!(machine.told("0", "root"), []);
}

#[test]
fn each_thing_that_is_not_there_is_told_at_its_line() {
    for (name, at) in [
        ("module.so", "tokens.t.module"),
        ("pin", "tokens.t.pin"),
        ("so-pin", "tokens.t.so_pin"),
        ("tokens", "tokens.t.paths"),
        ("more", "tokens.t.read_paths"),
    ] {
        let machine = Machine::whole();
        machine.gone(name);
        assert_eq!(machine.told("root", "root"), [(at.to_owned(), "not-there")]);
    }
    let machine = Machine::whole();
    machine.gone("module.so");
    fs::create_dir(machine.at("module.so")).unwrap();
    assert_eq!(machine.told("root", "root"), [("tokens.t.module".to_owned(), "not-there")]);
}

#[test]
fn what_is_open_to_others_is_told() {
    for (name, mode, at) in [("state", 0o755, "agent.state_dir"), ("pin", 0o640, "tokens.t.pin")] {
        let machine = Machine::whole();
        machine.mode(name, mode);
        assert_eq!(machine.told("root", "root"), [(at.to_owned(), "file-not-trusted")]);
    }
}

#[test]
fn users_and_groups_are_asked_of_the_user_database_blanks_and_all() {
    let told = Machine::whole().told("no-such-user", r"CORP\domain users");
    assert_eq!(told, [("admins.a.user".into(), "unknown-login"), ("admins.a.group".into(), "unknown-login")]);
}

#[test]
fn a_module_that_others_write_is_told_as_the_agent_would() {
    let machine = Machine::whole();
    machine.mode("module.so", 0o666);
    assert_eq!(machine.told("root", "root"), [("tokens.t.module".to_owned(), "file-not-trusted")]);
}

#[test]
fn a_secret_is_a_small_file_itself() {
    let machine = Machine::whole();
    machine.gone("pin");
    symlink(machine.at("so-pin"), machine.at("pin")).unwrap();
    fs::write(machine.at("so-pin"), "1".repeat(4097)).unwrap();
    let told = [("tokens.t.pin", "file-not-trusted"), ("tokens.t.so_pin", "file-too-large")];
    assert_eq!(machine.told("root", "root"), told.map(|(at, code)| (at.to_owned(), code)));
}

#[test]
fn what_is_the_agents_users_is_trusted_and_what_is_anothers_is_not() {
    let machine = Machine::whole();
    if chown(machine.at("pin"), Some(12_345), None).is_err() {
        assert!(!rustix::process::geteuid().is_root());
        return;
    }
    assert_eq!(machine.told("root", "root"), [("tokens.t.pin".to_owned(), "file-not-trusted")]);
    chown(machine.at("state"), Some(12_345), None).unwrap();
    assert_eq!(machine.told("root", "root"), []);
    // Nobody knows whose agent it will be.
    machine.gone("state");
    assert_eq!(machine.told("root", "root"), []);
}

#[test]
fn a_state_directory_is_a_folder_that_nobody_can_exchange() {
    let machine = Machine::whole();
    machine.gone("state");
    fs::write(machine.at("state"), "").unwrap();
    machine.mode("state", 0o600);
    assert_eq!(machine.told("root", "root"), [("agent.state_dir".to_owned(), "not-there")]);
    for is_made in [true, false] {
        let machine = Machine::whole();
        if !is_made {
            machine.gone("state");
        }
        machine.mode("", 0o777);
        let told = machine.told("root", "root");
        assert!(told.contains(&("agent.state_dir".to_owned(), "file-not-trusted")), "{told:?}");
    }
}
