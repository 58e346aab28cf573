//! What the library tells of its work, to whom asked for it: no global logger, nothing printed.

use std::fmt;
use std::sync::Arc;

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is odd, and was dealt with.
    Warn = 2,
    /// What a user may want to know.
    Info = 3,
    /// What a developer may want to know.
    Debug = 4,
}

/// Gets messages: level, room ("net", "transfer", "client"), text without secrets. Called from many threads.
pub type LogFn = Box<dyn Fn(Level, &str, &str) + Send + Sync>;

/// Where messages go; nowhere by default.
#[derive(Clone, Default)]
pub struct Log(Option<Arc<(Level, LogFn)>>);

impl Log {
    /// Sends messages of this level and more urgent ones to `sink`.
    pub fn new(level: Level, sink: LogFn) -> Self {
        Self(Some(Arc::new((level, sink))))
    }

    /// Tells; the text is made only when somebody listens.
    pub fn tell(&self, level: Level, room: &str, text: impl FnOnce() -> String) {
        if let Some(to) = &self.0
            && level <= to.0
        {
            (to.1)(level, room, &text());
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({:?})", self.0.as_ref().map(|to| to.0))
    }
}
