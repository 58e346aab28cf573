import CHfx
import Synchronization

/// Work on the library's threads. It goes on when this handle is dropped, for as long as its client is there, which it
/// keeps; `cancel()` ends it.
public final class Job<Output: Sendable>: Sendable {
    let handle: Handle
    /// Its client: dropped, it would cancel the job.
    let client: Handle
    let completion = Completion()
    private let ticker: Ticker
    private let take: @Sendable (Handle) throws -> Output
    /// The library hands a result out once; here everybody who awaits it gets it.
    private let result = Mutex<Result<Output, any Error>?>(nil)

    convenience init(
        of client: Handle, _ options: Options, take: @escaping @Sendable (Handle) throws -> Output,
        start: (OpaquePointer, Request<Output>.Out, Request<Output>.Out) throws -> hfx_status
    ) throws {
        let options = try options.handle()
        let ticker = Ticker()
        try ticker.listen(to: options)
        self.init(of: client, try Handle(hfx_job_free) { try start(options.pointer, $0, $1) }, ticker, take: take)
    }

    /// A job that has started.
    init(of client: Handle, _ handle: Handle, _ ticker: Ticker = Ticker(), take: @escaping @Sendable (Handle) throws -> Output) {
        self.client = client
        self.handle = handle
        self.ticker = ticker
        self.take = take
        completion.whenEnded { ticker.end() }
        completion.listen(to: handle)
    }

    /// The job's number, unique within its client.
    public var id: UInt64 { hfx_job_id(handle.pointer) }

    /// The result, when the job has ended. A task that is cancelled while it waits here cancels the job, and gets
    /// `CancellationError`.
    public var value: Output {
        get async throws {
            await withTaskCancellationHandler { await completion.wait() } onCancel: { cancel() }
            return try result.withLock { result in
                let known = result ?? Result { try take(handle) }
                result = known
                return known
            }.get()
        }
    }

    /// How far the job is now.
    public func currentProgress() throws -> JobProgress { try JobProgress(of: handle) }

    /// How far the job is, each time that has changed and a loop asks for it: at most ten times a second, and at the
    /// end with the final numbers. For any number of loops; a loop that is cancelled ends, and another may begin.
    public var progress: ProgressSequence { ProgressSequence(ticker: ticker, job: handle, client: client) }

    /// Ends the job at once; what is on disk can be resumed by the same call. From any thread, any number of times.
    public func cancel() { hfx_job_cancel(handle.pointer) }

    /// Makes the job use neither network nor disk until `resume()`.
    public func pause() { hfx_job_pause(handle.pointer) }

    public func resume() { hfx_job_resume(handle.pointer) }
}
