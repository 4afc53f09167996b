//! What is needed of /proc/PID/status (proc_pid_status(5)): whose child a process is, who it is now, and its groups.
//!
//! A process chooses its own name, and a user with subordinate ids chooses tens of thousands of groups. So lines are
//! parsed whole: bytes in the name are nobody's business, and a file that is cut short is none, or the beginning of a
//! long number would be a group of its own.

/// The place of the effective uid among those of the `Uid:` line.
const EFFECTIVE: usize = 1;

/// What a process's status says.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// Its parent.
    pub parent: u32,
    /// Its effective uid now.
    pub uid: u32,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
}

impl Status {
    /// Parses the whole file; `None` where a line is missing, there twice, or not as the kernel writes it.
    ///
    /// ```
    /// use agent::ipc::peer::status::Status;
    ///
    /// let text = b"Name:\t\xff\nPPid:\t7\nUid:\t5\t6\t6\t6\nGroups:\t4 20 \n";
    /// assert_eq!(Status::parse(text), Some(Status { parent: 7, uid: 6, groups: vec![4, 20] }));
    /// assert_eq!(Status::parse(&text[..text.len() - 2]), None);
    /// ```
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (mut parent, mut uids, mut groups) = (None, None, None);
        for line in text.strip_suffix(b"\n")?.split(|byte| *byte == b'\n') {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, values) = (&line[..colon], &line[colon + 1..]);
            let place = match name {
                b"PPid" => &mut parent,
                b"Uid" => &mut uids,
                b"Groups" => &mut groups,
                _ => continue,
            };
            if place.replace(numbers(values)?).is_some() {
                return None;
            }
        }
        let [parent] = parent?[..] else { return None };
        let uid = uids.filter(|uids| uids.len() == 4)?[EFFECTIVE];
        Some(Self { parent, uid, groups: groups? })
    }
}

/// Decimal numbers with tabs or spaces between them, and nothing else.
fn numbers(text: &[u8]) -> Option<Vec<u32>> {
    let text = std::str::from_utf8(text).ok()?;
    let number =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten();
    text.split(['\t', ' ']).filter(|word| !word.is_empty()).map(number).collect()
}

#[cfg(test)]
mod tests;
