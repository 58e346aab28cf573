//! Which process wrote something, and whether it still runs. Only Linux can tell; elsewhere nobody knows.

use std::fs;

use super::file;

/// A process, as another one on the same machine can recognise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process {
    /// The boot, zeros where it is unknown.
    pub boot: [u8; 16],
    /// Its number.
    pub pid: u32,
    /// The name space that the number belongs to, 0 where it is unknown.
    pub pid_space: u64,
    /// When it started, in the kernel's ticks; 0 where it is unknown.
    pub started: u64,
}

impl Process {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self {
            boot: file::boot_id().unwrap_or_default(),
            pid,
            pid_space: pid_space().unwrap_or(0),
            started: started(pid).unwrap_or(0),
        }
    }

    /// Whether it is this very process.
    pub fn is_this(&self) -> bool {
        *self == Self::this()
    }

    /// Whether it ran, or runs, under the kernel of this process.
    pub fn is_of_this_boot(&self) -> bool {
        self.boot != [0; 16] && file::boot_id() == Some(self.boot)
    }

    /// Whether it runs; None when that can't be seen from here (another machine, another container).
    pub fn is_alive(&self) -> Option<bool> {
        if !self.is_of_this_boot() {
            // Another boot of this machine, or another machine.
            return None;
        }
        if self.pid_space == 0 || Some(self.pid_space) != pid_space() || self.started == 0 {
            return None;
        }
        Some(started(self.pid) == Some(self.started))
    }
}

#[cfg(target_os = "linux")]
fn pid_space() -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(fs::metadata("/proc/self/ns/pid").ok()?.ino())
}

#[cfg(target_os = "linux")]
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields behind it are numbers. A zombie writes no more.
    let rest = &stat[stat.rfind(')')? + 2..];
    let mut fields = rest.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn pid_space() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn started(_: u32) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_told_from_the_dead() {
        let this = Process::this();
        assert!(this.is_this());
        assert_eq!(this.is_alive(), Some(true));
        assert_eq!(
            Process { started: this.started + 1, ..this }.is_alive(),
            Some(false),
            "the number was used again"
        );
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = Process { pid: child.id(), ..this };
        child.wait().unwrap();
        assert_eq!(dead.is_alive(), Some(false));
        assert_eq!(Process { boot: [9; 16], ..this }.is_alive(), None, "another machine's, perhaps");
    }
}
