//! The ledger's own key: made, judged by its vkey as an auditor would, and asked for what it must not sign. The front lies here;
//! the supervisor only where the case says so.

use ledger::{Entry, Growth, Kind, Ledger, Note, Signature, SignatureType, TreeHead, Vkey};
use token::control::{LEDGER_LABEL, Report};
use token::lane::{Done, Fault, KeyReport, LedgerWork, Work};
use token::message::{self, Checkpoint};
use token::{KeyRef, Sha256};

use crate::host::Host;
use crate::life::{Life, pin_of};
use crate::messages;

/// The log's name in every host's configuration here.
pub(crate) const ORIGIN: &str = "contract.example/kunci";

pub(super) fn checkpoint(life: &mut Life) {
    let log = Log::new(life);
    let (host, keys) = life.host_and_keys();
    let connectors = pin_of(keys.get("es").expect("the connector has its key"));
    let key = born(host);
    let pin = pin_of(&key);
    let (three, eight) = (log.grow_to(3), log.grow_to(8));
    for growth in [&three, &eight] {
        let good = checkpoint_of(growth);
        assert!(judge(&key, &good, &signed(host, pin, good.clone())), "{good:?}");
    }
    lies(host, pin, &eight);
    says_no(host, pin, &eight);
    one_use(host, pin, connectors, &three);
}

/// A real log, whose proofs are told from its own edges.
struct Log(Ledger, std::cell::Cell<u64>);

impl Log {
    fn new(life: &Life) -> Self {
        Self(Ledger::open(&life.bench.at("ledger")).unwrap().0, 0.into())
    }

    /// How it grew since it was grown last.
    fn grow_to(&self, size: u64) -> Growth {
        let before = self.1.replace(size);
        for _ in before..size {
            let (done, durable) = std::sync::mpsc::channel();
            self.0.record(Entry::new(Kind::Probe), move |result| done.send(result).unwrap());
            drop(durable.recv().unwrap().unwrap());
        }
        while self.0.head().size < size {
            std::thread::yield_now();
        }
        self.0.growth_since(before).unwrap()
    }
}

fn checkpoint_of(growth: &Growth) -> Checkpoint {
    let proof = growth.proof.iter().copied().map(Sha256).collect();
    Checkpoint { next: growth.to.into(), last: growth.from.into(), proof }
}

/// A key is made under the ledger's label, without a flaw, and told to the supervisor before it is told to the front.
fn born(host: &Host) -> KeyReport {
    let Ok(Done::Identifier(id)) = host.ask(Work::Ledger(LedgerWork::Identify)) else {
        panic!("no identifier")
    };
    let (made, asked) = host.ask_ruled(Work::Ledger(LedgerWork::Generate { id }), None);
    let Ok(Done::Generated(key)) = made else { panic!("{made:?}") };
    let told = pin_of(&key).spki_sha256;
    assert!(matches!(asked[..], [Report::LedgerKey { key, .. }] if key == told), "{asked:?}");
    assert_eq!(key.flaws, []);
    let found = host.ask(Work::Ledger(LedgerWork::Search { from: 0 }));
    let Ok(Done::Survey(_, found)) = found else { panic!("{found:?}") };
    let found = found.iter().find(|report| report.spki == key.spki).expect("the key is found");
    // A slot has no label.
    assert!([LEDGER_LABEL, ""].contains(&found.label.as_str()), "{found:?}");
    key
}

fn ask(pin: KeyRef, checkpoint: Checkpoint) -> Work {
    Work::Ledger(LedgerWork::Sign { key: pin, checkpoint })
}

/// Signs, once the supervisor was asked about exactly this.
fn signed(host: &Host, pin: KeyRef, good: Checkpoint) -> Vec<u8> {
    let (answer, asked) = host.ask_ruled(ask(pin, good.clone()), None);
    let Ok(Done::Signature(signature)) = answer else { panic!("{answer:?}") };
    let is_it = |report: &Report| {
        matches!(report, Report::Checkpoint { key, last, next, .. }
            if *key == pin.spki_sha256 && *last == good.last && *next == good.next)
    };
    assert!(matches!(&asked[..], [report] if is_it(report)), "{asked:?}");
    signature
}

/// Whether the vkey takes the note, and refuses it with another origin.
fn judge(key: &KeyReport, checkpoint: &Checkpoint, signature: &[u8]) -> bool {
    let public = key.public_key().unwrap();
    let vkey = |origin: &str| match public.bits().len() {
        32 => Vkey::new(origin, SignatureType::Ed25519, public.bits()).unwrap(),
        _ => Vkey::new(origin, SignatureType::EcdsaP256, public.spki()).unwrap(),
    };
    let signature = Checkpoint::note_signature(&public, signature).unwrap();
    let note = |origin: &str| {
        let mut note = Note::new(checkpoint.text(origin).unwrap()).unwrap();
        note.add(Signature::new(&vkey(origin), signature.clone())).unwrap();
        note.verify([&vkey(origin)]).is_ok()
    };
    note(ORIGIN) && !note("other.example/kunci")
}

/// What a front may say that was taken over: the host refuses each by itself, and asks nobody.
fn lies(host: &Host, pin: KeyRef, growth: &Growth) {
    let good = checkpoint_of(growth);
    let other = |head: message::TreeHead| message::TreeHead { root: Sha256([7; 32]), ..head };
    let mut bent = good.proof.clone();
    bent[0].0[0] ^= 1;
    let empty = TreeHead::empty().into();
    let lies = [
        ("a fork", Checkpoint { next: other(good.next), ..good.clone() }),
        ("another past", Checkpoint { last: other(good.last), ..good.clone() }),
        ("a shorter log", Checkpoint { last: good.next, next: good.last, ..good.clone() }),
        ("two roots for one size", Checkpoint { last: other(good.next), proof: Vec::new(), ..good.clone() }),
        ("a wrong proof", Checkpoint { proof: bent, ..good.clone() }),
        ("no proof", Checkpoint { proof: Vec::new(), ..good.clone() }),
        (
            "more than a proof",
            Checkpoint { proof: [&good.proof[..], &[Sha256([1; 32])]].concat(), ..good.clone() },
        ),
        ("too long a proof", Checkpoint { proof: vec![Sha256([1; 32]); 65], ..good.clone() }),
        ("a proof from nothing", Checkpoint { last: empty, ..good.clone() }),
        ("a beginning with a root", Checkpoint { last: other(empty), proof: Vec::new(), ..good }),
    ];
    for (what, lie) in lies {
        let (answer, asked) = host.ask_ruled(ask(pin, lie), None);
        assert!(matches!(answer, Err(Fault::Message(_))), "{what}: {answer:?}");
        assert!(asked.is_empty(), "{what}: {asked:?}");
    }
}

/// What is consistent and was not the last: only the supervisor knows that.
fn says_no(host: &Host, pin: KeyRef, growth: &Growth) {
    let (answer, asked) = host.ask_ruled(ask(pin, checkpoint_of(growth)), Some("another was signed last"));
    assert_eq!(answer, Err(Fault::Ledger("another was signed last".into())));
    assert_eq!(asked.len(), 1);
}

/// The ledger's key signs checkpoints only, and no connector's key signs one.
fn one_use(host: &Host, pin: KeyRef, connectors: KeyRef, growth: &Growth) {
    assert!(host.sign("es", connectors, messages::assertion()).is_ok());
    let refused = host.sign("es", pin, messages::assertion());
    assert!(matches!(refused, Err(Fault::Message(_) | Fault::KeyMismatch)), "{refused:?}");
    // Where keys have no label, the supervisor tells them apart.
    let (answer, asked) =
        host.ask_ruled(ask(connectors, checkpoint_of(growth)), Some("no key of the ledger's"));
    assert!(matches!(answer, Err(Fault::KeyMismatch | Fault::Ledger(_))), "{answer:?}");
    assert!(
        asked
            .iter()
            .all(|report| matches!(report, Report::Checkpoint { key, .. } if *key == connectors.spki_sha256))
    );
}
