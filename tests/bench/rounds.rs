//! The rounds: in each, the token driven directly and the agent under each number of connections, one after another.
//!
//! Only figures of the same round are compared, and each round begins at another place of the order, so that neither
//! side always has the cooler machine.

use crate::agent::Agent;
use crate::algorithm::Algorithm;
use crate::direct::Figures;
use crate::load::Outcome;
use crate::problem::Problem;
use crate::record::Record;
use crate::site::Site;
use crate::{cpu, memory};
use std::time::Duration;

/// The direct driver's threads: two for its throughput, one for the latency of a lone caller.
const THREADS: [usize; 2] = [1, 2];
/// The agent's connections.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 4, 16];
/// How long a connection is warmed before it is measured.
const WARM_UP: Duration = Duration::from_millis(200);

/// How often, and how long each time.
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) time: Duration,
}

/// What the agent did and what it cost.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) outcome: Outcome,
    /// CPU time of all of the agent's processes, the token's included.
    pub(crate) cpu_us_per_signature: f64,
    pub(crate) front_rss_mib: f64,
    pub(crate) host_rss_mib: f64,
}

/// One round's figures of one algorithm.
#[derive(Debug, Default)]
pub(crate) struct Round {
    direct: Vec<(usize, Figures)>,
    agent: Vec<(usize, Served)>,
}

impl Round {
    /// What the direct driver saw with so many threads.
    pub(crate) fn direct(&self, threads: usize) -> Option<&Figures> {
        self.direct.iter().find(|(of, _)| *of == threads).map(|(_, figures)| figures)
    }

    /// What the agent did on so many connections.
    pub(crate) fn agent(&self, connections: usize) -> Option<&Served> {
        self.agent.iter().find(|(of, _)| *of == connections).map(|(_, served)| served)
    }
}

/// One measurement of a round.
#[derive(Clone, Copy)]
enum Step {
    Direct(usize),
    Agent(usize),
}

impl Plan {
    /// Every record of the table.
    pub(crate) fn run(&self, site: &Site, agent: &Agent) -> Result<Vec<Record>, Problem> {
        let mut rounds = Algorithm::ALL.map(|algorithm| (algorithm, Vec::new()));
        for number in 0..self.rounds {
            for (algorithm, rounds) in &mut rounds {
                eprintln!("round {} of {}, {}", number + 1, self.rounds, algorithm.name());
                rounds.push(self.round(number as usize, *algorithm, site, agent)?);
            }
        }
        let records =
            |(algorithm, rounds): &(_, Vec<Round>)| CONNECTIONS.map(|of| Record::of(*algorithm, of, rounds));
        Ok(rounds.iter().flat_map(records).collect())
    }

    fn round(
        &self,
        number: usize,
        algorithm: Algorithm,
        site: &Site,
        agent: &Agent,
    ) -> Result<Round, Problem> {
        let requests = site.requests(algorithm);
        let mut round = Round::default();
        for step in order(number) {
            match step {
                Step::Direct(threads) => {
                    round.direct.push((threads, site.reference.drive(algorithm, threads, self.time)?));
                }
                Step::Agent(connections) => {
                    round.agent.push((connections, self.serve(site, agent, &requests, connections)?));
                }
            }
        }
        Ok(round)
    }

    fn serve(
        &self,
        site: &Site,
        agent: &Agent,
        requests: &[Vec<u8>],
        connections: usize,
    ) -> Result<Served, Problem> {
        let mut load = agent.load(requests, connections)?;
        load.run(WARM_UP)?;
        let processes = agent.processes()?;
        let before = cpu::used(&processes)?;
        let outcome = load.run(self.time)?;
        let used = cpu::used(&processes)?.saturating_sub(before);
        if agent.processes()? != processes {
            return Err(Problem::Agent(
                "a process of the agent was restarted while it was measured".to_owned(),
            ));
        }
        // Memory is looked at when a front holds the most: after old and new tenants were there at once. The tables
        // that it shares are resident nowhere, and count as its own.
        agent.reload_under(&mut load)?;
        let hosts = processes.hosts.iter().map(|host| memory::resident_mib(*host));
        Ok(Served {
            cpu_us_per_signature: used.as_secs_f64() * 1e6 / outcome.answers as f64,
            front_rss_mib: memory::resident_mib(processes.front)? + site.tables_mib,
            host_rss_mib: hosts.collect::<Result<Vec<_>, _>>()?.into_iter().fold(0.0, f64::max),
            outcome,
        })
    }
}

/// Direct and agent in turns, beginning elsewhere in each round.
fn order(round: usize) -> Vec<Step> {
    let [one, two] = THREADS.map(Step::Direct);
    let [lone, few, many] = CONNECTIONS.map(Step::Agent);
    let mut steps = vec![one, lone, two, few, many];
    let by = round % steps.len();
    steps.rotate_left(by);
    steps
}
