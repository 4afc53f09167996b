//! The direct driver: signs on the token as fast as it can from several threads, each with a session of its own.
//!
//! This is what the agent is measured against, so it does nothing else: no digest, no policy, no copy of the answer.
//! The digest changes with every signature. Its own CPU time per signature is the token's share of the agent's.

use crate::algorithm::{Algorithm, DIGEST_BYTES};
use crate::latency::Latencies;
use crate::problem::Problem;
use crate::softtoken::{self, Access};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Signatures that each thread makes before the clock runs.
const WARM_UP: u64 = 50;

/// The options of the child that signs.
#[derive(clap::Args)]
pub(crate) struct Drive {
    #[command(flatten)]
    access: Access,
    #[arg(long)]
    algorithm: Algorithm,
    #[arg(long)]
    threads: usize,
    #[arg(long, value_parser = softtoken::seconds)]
    seconds: f64,
}

/// What one run of the direct driver saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) per_s: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_us_per_signature: f64,
}

impl Drive {
    /// Signs for the time that was asked for; prints [`Figures`] as JSON.
    pub(crate) fn run(&self) -> Result<(), Problem> {
        let lanes = self.open()?;
        let figures = self.measure(lanes)?;
        println!(
            "{}",
            serde_json::to_string(&figures).map_err(|e| Problem::Figures("the direct driver", e))?
        );
        Ok(())
    }

    fn open(&self) -> Result<Vec<Lane>, Problem> {
        let pkcs11 = self.access.load()?;
        let slot = softtoken::find(&pkcs11)?;
        let open = || pkcs11.open_ro_session(slot).map_err(Problem::token("open a session"));
        let sessions: Vec<Session> = (0..self.threads).map(|_| open()).collect::<Result<_, _>>()?;
        // A login belongs to the process: the first session's holds for all.
        if let Some(first) = sessions.first() {
            first.login(UserType::User, Some(&self.access.pin()?)).map_err(Problem::token("log in"))?;
        }
        sessions.into_iter().map(|session| Lane::find(session, self.algorithm)).collect()
    }

    fn measure(&self, lanes: Vec<Lane>) -> Result<Figures, Problem> {
        let start = Barrier::new(lanes.len() + 1);
        let time = Duration::from_secs_f64(self.seconds);
        thread::scope(|scope| {
            let sign = |lane: Lane| {
                let start = &start;
                scope.spawn(move || lane.sign_for(time, start))
            };
            let threads: Vec<_> = lanes.into_iter().map(sign).collect();
            start.wait();
            let (began, cpu) = (Instant::now(), own_cpu());
            let mut all = Latencies::new();
            for thread in threads {
                let latencies = thread.join().map_err(|_| Problem::Driver("a thread panicked".to_owned()))?;
                all.append(latencies?);
            }
            Ok(Figures::of(all, began.elapsed(), own_cpu().saturating_sub(cpu)))
        })
    }
}

impl Figures {
    fn of(latencies: Latencies, elapsed: Duration, cpu: Duration) -> Self {
        let count = latencies.count() as f64;
        let (p50_us, p99_us) = latencies.p50_p99_us();
        Self {
            per_s: count / elapsed.as_secs_f64(),
            p50_us,
            p99_us,
            cpu_us_per_signature: cpu.as_secs_f64() * 1e6 / count,
        }
    }
}

/// One thread's session and key.
struct Lane {
    session: Session,
    key: ObjectHandle,
    algorithm: Algorithm,
}

impl Lane {
    fn find(session: Session, algorithm: Algorithm) -> Result<Self, Problem> {
        let keys =
            session.find_objects(&softtoken::search(algorithm)).map_err(Problem::token("find a key"))?;
        let key = *keys.first().ok_or(Problem::NoKey(algorithm.name()))?;
        Ok(Self { session, key, algorithm })
    }

    fn sign_for(self, time: Duration, start: &Barrier) -> Result<Latencies, Problem> {
        let mut latencies = Latencies::new();
        let warm = (0..WARM_UP).try_for_each(|n| self.sign(n));
        // Every thread comes to the barrier, or the others would wait for ever.
        start.wait();
        warm?;
        let end = Instant::now() + time;
        let mut before = Instant::now();
        for n in WARM_UP.. {
            if before >= end {
                break;
            }
            self.sign(n)?;
            let after = Instant::now();
            latencies.push(after - before);
            before = after;
        }
        Ok(latencies)
    }

    fn sign(&self, n: u64) -> Result<(), Problem> {
        let mut digest = [0x5a; DIGEST_BYTES];
        digest[..8].copy_from_slice(&n.to_le_bytes());
        let signature = self.session.sign(&self.algorithm.mechanism(), self.key, &digest);
        signature.map(drop).map_err(Problem::token("sign"))
    }
}

fn own_cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}
