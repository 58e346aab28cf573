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

    /// Writes what belongs together: no look at the folder is taken meanwhile. Waits for one that is being taken, and for
    /// another writer, until its task is cancelled.
    public func writing<Result>(_ write: () async throws -> Result) async throws -> Result {
        while try await !locked() { try Task.checkCancellation() }
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

    /// Asks for a commit now; returns at once, with a job that ends with that commit. Cancelling the job changes nothing
    /// about the commit.
    @discardableResult
    public func trigger() throws -> Job<Committed> {
        let job = try Handle(hfx_job_free) { hfx_schedule_trigger(handle.pointer, $0, $1) }
        return Job(of: self.job.client, job, take: Request<Committed>.takeCommitted)
    }

    /// Asks for the last commit, with which the job ends; returns at once.
    public func stop() throws { try check { hfx_schedule_stop(handle.pointer, $0) } }

    /// Waits for the lock, a moment only: a cancelled task is not to wait for ever.
    private func locked() async throws -> Bool {
        do {
            try await blocking { [handle] in try check { hfx_schedule_lock(handle.pointer, 50, $0) } }
            return true
        } catch let error as HfxError where error.code == .timeout {
            return false
        }
    }
}
