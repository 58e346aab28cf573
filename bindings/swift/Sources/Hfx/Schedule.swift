import CHfx

/// Commits what is new in a folder again and again, until `stop()`.
public final class Schedule: Sendable {
    /// Its value is the last commit. Cancelled, it makes none.
    public let job: Job<Committed>
    private let handle: Handle

    init(_ handle: Handle, _ job: Job<Committed>) {
        self.handle = handle
        self.job = job
    }

    /// Writes what belongs together: no look at the folder is taken meanwhile.
    public func writing<Result>(_ write: () async throws -> Result) async throws -> Result {
        try await blocking { [handle] in try check { hfx_schedule_lock(handle.pointer, $0) } }
        let result: Result
        do {
            result = try await write()
        } catch {
            try check { hfx_schedule_unlock(handle.pointer, $0) }
            throw error
        }
        try check { hfx_schedule_unlock(handle.pointer, $0) }
        return result
    }

    /// Asks for a commit now; returns at once.
    public func trigger() { hfx_schedule_trigger(handle.pointer) }

    /// Asks for the last commit, with which the job ends; returns at once.
    public func stop() { hfx_schedule_stop(handle.pointer) }
}
