//! A TPM 2.0 as its PKCS#11 module wants it: swtpm, the resource manager tpm2-abrmd before it, and a bus between.
//!
//! All three are real daemons, started on a folder and ports of their own. The TPM's state survives [`Tpm::power_off`].

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use crate::daemon::Daemon;
use crate::rig::library;
use crate::wait::until;

/// The name that the resource manager has on its bus.
const MANAGER: &str = "com.intel.tss2.Tabrmd";
/// How often ports are picked that others take before swtpm does.
const TRIES: usize = 10;

/// A TPM; its daemons end with it.
pub struct Tpm {
    folder: PathBuf,
    /// In the order of their end: resource manager, bus, TPM.
    daemons: Vec<Daemon>,
    /// Where swtpm listens.
    port: u16,
}

impl Tpm {
    /// A new TPM with its state in this folder.
    pub fn start(folder: PathBuf) -> Self {
        for name in ["state", "store"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let mut tpm = Self { folder, daemons: Vec::new(), port: 0 };
        tpm.power_on();
        tpm
    }

    /// The same, with endorsement keys and their certificates, as a maker ships it: by a CA of its own, in this folder.
    pub fn manufactured(folder: PathBuf) -> Self {
        for name in ["state", "store", "ca"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let mut tpm = Self { folder, daemons: Vec::new(), port: 0 };
        tpm.manufacture();
        tpm.power_on();
        tpm
    }

    /// The root of the CA that certified it.
    pub fn root(&self) -> PathBuf {
        self.folder.join("ca/swtpm-localca-rootca-cert.pem")
    }

    /// The CA below the root.
    pub fn issuer(&self) -> PathBuf {
        self.folder.join("ca/issuer.pem")
    }

    /// The certificate of its RSA endorsement key, DER.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ek-rsa2048.crt")
    }

    fn manufacture(&self) {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let ca = [
            format!("statedir = {}", at("ca")),
            format!("signingkey = {}", at("ca/issuer-key.pem")),
            format!("issuercert = {}", at("ca/issuer.pem")),
            format!("certserial = {}", at("ca/serial")),
        ];
        fs::write(self.folder.join("ca.conf"), ca.join("\n")).unwrap();
        fs::write(self.folder.join("ca.options"), "").unwrap();
        let setup = [
            "create_certs_tool = /usr/bin/swtpm_localca".to_owned(),
            format!("create_certs_tool_config = {}", at("ca.conf")),
            format!("create_certs_tool_options = {}", at("ca.options")),
        ];
        fs::write(self.folder.join("setup.conf"), setup.join("\n")).unwrap();
        let mut command = Command::new("swtpm_setup");
        command.args([
            "--tpm2",
            "--create-ek-cert",
            "--tpmstate",
            &at("state"),
            "--config",
            &at("setup.conf"),
        ]);
        command.args(["--write-ek-cert-files", &at("")]);
        let output = command.output().expect("swtpm_setup is missing: apt-get install swtpm-tools");
        assert!(output.status.success(), "{output:?}");
    }

    /// Starts the daemons on the state that is there.
    pub fn power_on(&mut self) {
        self.port = self.swtpm();
        let bus = self.daemon(
            "dbus-daemon",
            &["--session", "--nofork", "--nopidfile", &format!("--address={}", self.bus())],
        );
        self.daemons.insert(0, bus);
        until("the bus is there", || self.folder.join("bus").exists().then_some(()));
        self.start_manager();
    }

    /// Starts the resource manager again.
    pub fn start_manager(&mut self) {
        let tcti = format!("--tcti=swtpm:host=127.0.0.1,port={}", self.port);
        // What a killed one left in the TPM it would never get rid of else, and three objects fill it.
        let manager = self.daemon("tpm2-abrmd", &["--session", "--allow-root", "--flush-all", &tcti]);
        self.daemons.insert(0, manager);
        until("tpm2-abrmd is on its bus", || self.is_managed().then_some(()));
    }

    /// Ends the resource manager, amid whatever it does; bus and TPM stay.
    pub fn kill_manager(&mut self) {
        self.daemons.remove(0);
    }

    /// Ends the daemons, as if the TPM had been taken out.
    pub fn power_off(&mut self) {
        self.daemons.clear();
        let _ = fs::remove_file(self.folder.join("bus"));
    }

    /// Makes a token by its maker's tool, which finds out besides how this TPM salts PSS signatures.
    pub fn add_token(&self, label: &str, pin: &str, so_pin: &str) {
        self.ptool(&["init"]);
        let pins = [format!("--userpin={pin}"), format!("--sopin={so_pin}")];
        self.ptool(&["addtoken", "--pid=1", &format!("--label={label}"), &pins[0], &pins[1]]);
    }

    /// How many PINs it refused, of which it keeps count against guessing.
    pub fn refused_pins(&self) -> u64 {
        let mut ask = Command::new("tpm2_getcap");
        let output = ask.arg("properties-variable").envs(self.environment()).output();
        let output = output.expect("tpm2_getcap is missing: apt-get install tpm2-tools");
        let text = String::from_utf8_lossy(&output.stdout);
        let count = text.lines().find_map(|line| line.split_once("TPM2_PT_LOCKOUT_COUNTER: 0x"));
        let (_, count) = count.unwrap_or_else(|| panic!("the TPM tells no count: {output:?}"));
        u64::from_str_radix(count.trim(), 16).unwrap()
    }

    /// What the PKCS#11 module, and the TPM's tools, need in their environment.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        let store = self.store().to_str().unwrap().to_owned();
        let tcti = || "tabrmd:bus_type=session".to_owned();
        [
            ("DBUS_SESSION_BUS_ADDRESS", self.bus()),
            ("TPM2_PKCS11_TCTI", tcti()),
            ("TPM2TOOLS_TCTI", tcti()),
            ("TPM2_PKCS11_STORE", store),
        ]
    }

    /// Where the module keeps its tokens: a database of blobs that only this TPM can open.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// The bus's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("bus")
    }

    /// The PKCS#11 module.
    pub fn module() -> PathBuf {
        library("libtpm2_pkcs11.so.1", "libtpm2-pkcs11-1")
    }

    fn bus(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    /// Starts swtpm on two free ports, one after the other; the first of them.
    fn swtpm(&mut self) -> u16 {
        let ready = self.folder.join("swtpm.pid");
        for _ in 0..TRIES {
            let Some(port) = two_free_ports() else { continue };
            let _ = fs::remove_file(&ready);
            let mut daemon = self.daemon(
                "swtpm",
                &[
                    "socket",
                    "--tpm2",
                    &format!("--tpmstate=dir={}", self.folder.join("state").display()),
                    &format!("--server=type=tcp,port={port},disconnect"),
                    &format!("--ctrl=type=tcp,port={}", port + 1),
                    "--flags=not-need-init,startup-clear",
                    &format!("--pid=file={}", ready.display()),
                ],
            );
            let up = until("swtpm is up, or ends", || {
                let ended = daemon.has_ended();
                (ended || ready.exists()).then_some(!ended)
            });
            if up {
                self.daemons.push(daemon);
                return port;
            }
        }
        panic!("swtpm does not start: {}", self.said("swtpm"));
    }

    /// A daemon with its output in a file.
    fn daemon(&self, program: &str, arguments: &[&str]) -> Daemon {
        let log = File::options().create(true).append(true).open(self.log(program)).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", self.bus());
        Daemon::start(&command, log.try_clone().unwrap(), log)
    }

    fn ptool(&self, arguments: &[&str]) {
        let output = Command::new("tpm2_ptool").args(arguments).envs(self.environment()).output();
        let output = output.expect("tpm2_ptool is missing: apt-get install libtpm2-pkcs11-tools");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn is_managed(&self) -> bool {
        let mut ask = Command::new("dbus-send");
        let address = format!("--bus={}", self.bus());
        let asked = "org.freedesktop.DBus.NameHasOwner";
        let to = ["--dest=org.freedesktop.DBus", "--print-reply", "/org/freedesktop/DBus"];
        let reply = ask.arg(address).args(to).args([asked, &format!("string:{MANAGER}")]).output().unwrap();
        String::from_utf8_lossy(&reply.stdout).contains("boolean true")
    }

    fn log(&self, program: &str) -> PathBuf {
        self.folder.join(format!("{program}.log"))
    }

    fn said(&self, program: &str) -> String {
        fs::read_to_string(self.log(program)).unwrap_or_default()
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        self.power_off();
    }
}

/// swtpm's clients expect its second port after its first.
fn two_free_ports() -> Option<u16> {
    let first = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (free(first) && first.checked_add(1).is_some_and(free)).then_some(first)
}
