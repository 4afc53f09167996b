//! Inside a running process: a debugger makes its threads call what an intruder would call.
//!
//! gdb has to be allowed to trace what is not dumpable, so these tests run as root.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// A thread, as gdb numbers it, and the calls made in it.
pub type Threads<T> = BTreeMap<String, T>;

/// What came of a system call: its value, or its errno.
pub type Outcome = Result<i64, i32>;

/// Makes every thread of a process do these system calls, each written as in C; the outcomes in their order.
///
/// Strings live on the process's heap. What a call opened stays open: the process is not used afterwards.
pub fn syscalls(pid: u32, calls: &[String]) -> Threads<Vec<Outcome>> {
    assert!(rustix::process::geteuid().is_root(), "this test looks into confined processes: run it as root");
    let mut script = String::from("set pagination off\nset confirm off\nset print thread-events off\n");
    for call in calls {
        // The C library's wrappers, called in each thread; errno is the thread's own.
        script += &format!(
            "thread apply all -q -s printf \"\\n@ %d %ld %d\\n\", $_thread, (long)({call}), *(int *)((int *(*)(void))__errno_location)()\n"
        );
    }
    script += "detach\nquit\n";
    let file = tempfile::Builder::new().suffix(".gdb").tempfile().unwrap();
    fs::write(file.path(), script).unwrap();
    let output = Command::new("gdb")
        .args(["-nx", "-batch", "-p", &pid.to_string(), "-x"])
        .arg(file.path())
        .output()
        .expect("gdb is missing: apt-get install gdb");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut threads = Threads::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("@ ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let (value, errno) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        let outcome = if value == -1 { Err(errno) } else { Ok(value) };
        threads.entry(words[0].to_owned()).or_insert_with(Vec::new).push(outcome);
    }
    let whole = !threads.is_empty() && threads.values().all(|outcomes| outcomes.len() == calls.len());
    assert!(whole, "gdb did not make every call: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    threads
}

/// The value of a field of a process's (or thread's) status file.
pub fn status(path: &str, field: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{path} has no {field}")).trim().to_owned()
}

/// The status files of a process's threads.
pub fn threads(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.map(|task| task.unwrap().path().join("status").display().to_string()).collect()
}
