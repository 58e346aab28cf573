import CHfx

/// A client of the Hub. It owns threads, connections and budgets, which all its jobs share. May be used from many
/// tasks.
public final class Client: Sendable {
    let handle: Handle
    let streams = Channels()

    /// Starts its threads; opens no connection and no file. Without the option `cacheDir` there is no cache;
    /// `Options.fromEnvironment()` brings the one that the Python client uses.
    public init(_ options: Options = Options(), log: Log? = nil) throws {
        let set = try options.handle()
        try log?.listen(to: set)
        try Version.check()
        handle = try Handle(hfx_client_free) { hfx_client_open(set.pointer, $0, $1) }
    }

    /// Starts a long call.
    public func start<Output>(_ request: Request<Output>) throws -> Job<Output> {
        try Job(of: handle, request.options, take: request.take) { try request.start(handle.pointer, $0, $1, $2) }
    }

    /// Starts a long call and awaits its result. Cancelling the task cancels the job.
    public func run<Output>(_ request: Request<Output>) async throws -> Output {
        try Task.checkCancellation()
        return try await start(request).value
    }

    /// Cancels all jobs, ends the streams and waits until every thread has ended (at most `timeout`, nil: for ever). New calls are
    /// `.closed` from then on. A client that is dropped without it ends by itself, a moment later.
    public func close(timeout: Duration? = nil) async throws {
        streams.close()
        let milliseconds = timeout?.milliseconds ?? -1
        try await blocking { [handle] in try check { hfx_client_close(handle.pointer, milliseconds, $0) } }
    }

    /// Changes the cap on connections while jobs run; 0 lets the library find the number that pays.
    public func setMaxConnections(_ most: Int64) throws {
        try check { hfx_client_set_max_connections(handle.pointer, most, $0) }
    }

    /// Changes the cap on bytes per second, all jobs together, while jobs run; 0 is none.
    public func setMaxRate(_ bytesPerSecond: Int64) throws {
        try check { hfx_client_set_max_rate(handle.pointer, bytesPerSecond, $0) }
    }
}
