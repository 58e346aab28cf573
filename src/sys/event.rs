//! A descriptor that is readable while something is set: what event loops wait for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// An event: set or not, level-triggered.
#[derive(Debug)]
pub struct Event {
    read: OwnedFd,
    write: OwnedFd,
}

impl Event {
    /// A new one, not set.
    pub fn new() -> io::Result<Self> {
        use rustix::io::FdFlags;
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            rustix::io::fcntl_setfd(end, FdFlags::CLOEXEC)?;
            rustix::io::ioctl_fionbio(end, true)?;
        }
        Ok(Self { read, write })
    }

    /// The descriptor to wait for.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }

    /// Makes it readable.
    pub fn set(&self) {
        // A full pipe is set already.
        let _ = rustix::io::write(&self.write, &[1]);
    }

    /// Makes it unreadable.
    pub fn clear(&self) {
        let mut buffer = [0; 512];
        while matches!(rustix::io::read(&self.read, &mut buffer), Ok(1..)) {}
    }
}
