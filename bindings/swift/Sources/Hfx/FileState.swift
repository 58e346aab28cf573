/// How far a file is.
public enum FileState: Int32, Sendable {
    case waiting = 0, running
    /// In place, fetched or sent now.
    case done
    /// In place before; nothing was fetched or sent.
    case cached
    case failed
    /// A dry run: would be fetched.
    case planned
    /// Left unfinished: cancelled, or its job ended before its turn.
    case cancelled
    /// One that a newer library uses.
    case unknown = -1
}
