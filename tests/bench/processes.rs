//! The agent's processes, as /proc shows them: the supervisor, and its children by the part that argv names.

use crate::problem::Problem;
use std::fs;
use std::path::Path;

/// The processes of one running agent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Processes {
    pub(crate) supervisor: u32,
    pub(crate) front: u32,
    /// One for each token.
    pub(crate) hosts: Vec<u32>,
}

impl Processes {
    /// Looks the supervisor's children up.
    pub(crate) fn of(supervisor: u32) -> Result<Self, Problem> {
        let (mut fronts, mut hosts) = (Vec::new(), Vec::new());
        for pid in pids()? {
            match part(pid, supervisor).as_deref() {
                Some("front") => fronts.push(pid),
                Some("host") => hosts.push(pid),
                _ => {}
            }
        }
        hosts.sort_unstable();
        match (fronts.as_slice(), hosts.as_slice()) {
            ([front], [_, ..]) => Ok(Self { supervisor, front: *front, hosts }),
            _ => Err(Problem::Agent(format!(
                "the agent runs {} fronts and {} hosts",
                fronts.len(),
                hosts.len()
            ))),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = u32> + '_ {
        [self.supervisor, self.front].into_iter().chain(self.hosts.iter().copied())
    }
}

/// The fields of /proc/PID/stat from the third on: the second may hold spaces and brackets, so the last bracket ends it.
pub(crate) fn stat(pid: u32) -> Result<Vec<String>, Problem> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(Problem::at("read", Path::new(&path)))?;
    let rest = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

fn pids() -> Result<Vec<u32>, Problem> {
    let entries = fs::read_dir("/proc").map_err(Problem::io("list processes"))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// The second word of a child's command line; `None` for others' children and for processes that have just ended.
fn part(pid: u32, parent: u32) -> Option<String> {
    let is_child = stat(pid).ok()?.get(1)? == &parent.to_string();
    let command = is_child.then(|| fs::read(format!("/proc/{pid}/cmdline")).ok())??;
    let word = command.split(|byte| *byte == 0).nth(1)?;
    String::from_utf8(word.to_vec()).ok()
}
