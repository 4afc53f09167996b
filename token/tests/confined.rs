//! What is out of a host's reach once it is confined, tried from the inside.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::Command;

use landlock::{AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{DumpableBehavior, Resource};
use support::{Bench, again, is_role};
use token::control::HostConfig;

const CONFIG: &str = "KUNCI_TEST_CONFIG";
const SCENE: &str = "KUNCI_TEST_SCENE";

fn denied<T>(tried: std::io::Result<T>) -> bool {
    tried.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn tcp() -> rustix::io::Result<OwnedFd> {
    rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)
}

fn landlock_knows_tcp() -> bool {
    let strict = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    strict.handle_access(AccessNet::ConnectTcp).is_ok()
}

/// Runs in a process of its own: confines itself as a host and tries what a module gone bad would try.
#[test]
fn confined_process() {
    if !is_role("confined_process") {
        return;
    }
    let config: HostConfig = serde_json::from_str(&std::env::var(CONFIG).unwrap()).unwrap();
    let scene = std::env::var(SCENE).unwrap();
    let path = |name: &str| format!("{scene}/{name}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, inherited) = (listener.local_addr().unwrap(), tcp().unwrap());
    token::host::confine(&config).unwrap();

    for closed in ["state/ledger", "agent.sock", "other-pin", "modules/pin-beside-the-module"] {
        assert!(denied(File::open(path(closed))), "{closed} can be read");
    }
    assert!(denied(File::create(path("state/new"))), "a file can be made beside the ledger");
    assert!(denied(fs::rename(path("state/ledger"), path("tokens/ledger"))), "the ledger can be moved");
    assert!(denied(fs::remove_file(path("state/ledger"))), "the ledger can be removed");
    assert!(denied(fs::read_dir("/root")) && denied(fs::read_dir("/home")), "homes can be read");
    assert!(denied(File::open("/etc/shadow")), "/etc/shadow can be read");
    assert!(denied(OpenOptions::new().append(true).open(path("pin"))), "the PIN file can be written");
    assert!(
        denied(OpenOptions::new().append(true).open(path("softhsm2.conf"))),
        "the configuration can be written"
    );
    // A process that was made would fail for want of the folder, before the program is refused to it.
    let started = Command::new("/bin/true").current_dir("/no/such/folder").status();
    let started = started.map_err(|error| error.raw_os_error());
    assert_eq!(started, Err(Some(Errno::PERM.raw_os_error())), "a process can be made");
    assert_eq!(rustix::process::chroot("/"), Err(Errno::PERM), "the root can be changed");
    assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    assert_eq!(rustix::process::getrlimit(Resource::Core).maximum, Some(0));
    assert!(denied(File::open("/proc/1/environ")), "another process's environment can be read");
    assert!(rustix::thread::no_new_privs().unwrap());

    assert_eq!(tcp().err(), Some(Errno::PERM), "a socket of the network can be made");
    // A socket that came by another way is Landlock's to close, from version 4 on.
    let connected = rustix::net::connect(&inherited, &address).err();
    assert_eq!(connected, landlock_knows_tcp().then_some(Errno::ACCESS), "a socket of before connects");
    assert!(UnixStream::pair().is_ok() && UnixDatagram::unbound().is_ok(), "local sockets cannot be made");

    assert!(File::open(path("modules/module.so")).is_ok(), "the module cannot be read");
    assert!(File::open(path("pin")).is_ok() && File::open(path("softhsm2.conf")).is_ok());
    assert!(File::create(path("tokens/new")).is_ok() && File::open("/etc/passwd").is_ok());
    std::thread::spawn(|| {}).join().unwrap();
    std::process::exit(42);
}

#[test]
fn a_confined_host_reaches_its_own_files_and_nothing_else() {
    let bench = Bench::blank();
    bench.write_secret("other-pin", "1");
    fs::write(bench.path("agent.sock"), "").unwrap();
    fs::create_dir(bench.path("modules")).unwrap();
    bench.write_secret("modules/pin-beside-the-module", "1");
    fs::write(bench.path("modules/module.so"), "").unwrap();
    let mut config = bench.config();
    config.token.module = Some(bench.path("modules/module.so"));
    let config = serde_json::to_string(&config).unwrap();
    let mut command = again("confined_process");
    let status = command.env(CONFIG, config).env(SCENE, bench.dir.path()).status().unwrap();
    assert_eq!(status.code(), Some(42), "the confined process failed a check; see above");
}
