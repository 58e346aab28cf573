import CHfx

/// A long call that has not been made yet. `Client.start` makes a job of it, `Client.run` awaits its result.
public struct Request<Output: Sendable>: Sendable {
    typealias Out = UnsafeMutablePointer<OpaquePointer?>
    typealias Take = @Sendable @convention(c) (OpaquePointer?, Out?, Out?) -> hfx_status

    let options: Options
    /// Starts the job: client and options in, the job and an error out.
    let start: @Sendable (OpaquePointer, OpaquePointer, Out, Out) throws -> hfx_status
    let take: @Sendable (Handle) throws -> Output

    init(
        _ options: Options,
        take: @escaping @Sendable (Handle) throws -> Output,
        start: @escaping @Sendable (OpaquePointer, OpaquePointer, Out, Out) throws -> hfx_status
    ) {
        self.options = options
        self.take = take
        self.start = start
    }

    /// A call about a repository.
    init(
        _ options: Options, on repo: Repo,
        take: @escaping @Sendable (Handle) throws -> Output,
        start: @escaping @Sendable (OpaquePointer, OpaquePointer, OpaquePointer, Out, Out) throws -> hfx_status
    ) {
        self.init(options, take: take) { client, options, job, error in
            let repo = try repo.handle()
            return try start(client, repo.pointer, options, job, error)
        }
    }

    /// Takes a result, makes a Swift value of it, and frees it when that does not keep it.
    static func taking(
        _ take: @escaping Take, _ free: @escaping Handle.Free, _ make: @escaping @Sendable (Handle) throws -> Output
    ) -> @Sendable (Handle) throws -> Output {
        { job in try make(Handle(free) { take(job.pointer, $0, $1) }) }
    }
}

extension Request where Output == Void {
    /// A call that brings nothing but its success.
    static var checking: @Sendable (Handle) throws -> Void {
        { job in try check { hfx_job_check(job.pointer, $0) } }
    }
}

extension Request where Output == Bool {
    /// A call that asks whether something is there.
    static var exists: @Sendable (Handle) throws -> Bool {
        { job in
            var exists: Int32 = 0
            try check { hfx_job_take_exists(job.pointer, &exists, $0) }
            return exists == 1
        }
    }
}
