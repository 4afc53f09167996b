//! A process's systemd unit, out of its /proc/PID/cgroup (cgroups(7)).
//!
//! Each line is parsed as its three fields, `hierarchy-ID:controller-list:path`. A path may hold anything that a user may
//! name a folder, colons and the names of other fields too; only a newline is the kernel's (cgroup_mkdir refuses it). So
//! fields are never looked for: a file with one line that is none of these, with a hierarchy twice, or with two answers
//! tells no unit, and a rule by unit does not hold.

/// The unified hierarchy's number.
const UNIFIED: &[u8] = b"0";
/// systemd's own hierarchy, where the unified one is not the only one.
const SYSTEMD: &[u8] = b"name=systemd";
/// Where a process is that nobody put anywhere.
const NOWHERE: &[u8] = b"/";
/// Where systemd has the services of the system.
const SERVICES: &[u8] = b"/system.slice/";

/// The first component under system.slice that is no slice.
///
/// ```
/// use agent::ipc::peer::cgroup::unit;
///
/// assert_eq!(unit(b"0::/system.slice/iep.service\n").as_deref(), Some("iep.service"));
/// assert_eq!(unit(b"1:name=systemd:/user.slice/0::/system.slice/iep.service\n0::/\n"), None);
/// ```
pub fn unit(text: &[u8]) -> Option<String> {
    let (mut unified, mut systemd) = (None, None);
    for line in text.strip_suffix(b"\n")?.split(|byte| *byte == b'\n') {
        let line = Line::parse(line)?;
        let place = match (line.is_unified(), line.is_systemds()) {
            (true, _) => &mut unified,
            (false, true) => &mut systemd,
            (false, false) => continue,
        };
        if place.replace(line.path).is_some() {
            return None;
        }
    }
    // On a hybrid host both tell, and the same; a hierarchy that systemd does not use has everybody at its root.
    let mut told = [unified, systemd].into_iter().flatten().filter(|path| *path != NOWHERE).map(component);
    let unit = told.next()??;
    let agreed = told.all(|other| other == Some(unit));
    agreed.then(|| String::from_utf8(unit.to_vec()).ok()).flatten()
}

/// One hierarchy, and where the process is in it.
struct Line<'a> {
    id: &'a [u8],
    controllers: &'a [u8],
    path: &'a [u8],
}

impl<'a> Line<'a> {
    /// The unified hierarchy alone has the number 0, and alone no controllers.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        let line = Self { id: fields.next()?, controllers: fields.next()?, path: fields.next()? };
        let counted = !line.id.is_empty() && line.id.iter().all(u8::is_ascii_digit);
        let sound =
            counted && line.is_unified() == line.controllers.is_empty() && line.path.starts_with(b"/");
        sound.then_some(line)
    }

    fn is_unified(&self) -> bool {
        self.id == UNIFIED
    }

    fn is_systemds(&self) -> bool {
        self.controllers.split(|byte| *byte == b',').any(|controller| controller == SYSTEMD)
    }
}

/// The unit's folder, by the unit's name: systemd puts a `_` before one that the kernel could take for a file of its own
/// (`memory.service`), or that begins with one.
fn component(path: &[u8]) -> Option<&[u8]> {
    let mut parts = path.strip_prefix(SERVICES)?.split(|byte| *byte == b'/');
    let folder = parts.find(|part| !part.ends_with(b".slice"))?;
    Some(folder.strip_prefix(b"_").unwrap_or(folder)).filter(|unit| !unit.is_empty())
}

#[cfg(test)]
mod tests;
