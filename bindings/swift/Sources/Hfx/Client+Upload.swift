import CHfx
import Foundation

/// What sends files and makes commits. `Request` says more of each.
extension Client {
    @discardableResult
    public func commit(_ commit: Commit, to repo: Repo, options: Options = Options()) async throws -> Committed {
        try await run(.commit(commit, to: repo, options: options))
    }

    @discardableResult
    public func preupload(_ commit: Commit, to repo: Repo, options: Options = Options()) async throws -> Committed {
        try await run(.preupload(commit, to: repo, options: options))
    }

    @discardableResult
    public func upload(
        file: String, as path: String, to repo: Repo, options: Options = Options()
    ) async throws -> Committed {
        try await run(.upload(file: file, as: path, to: repo, options: options))
    }

    @discardableResult
    public func upload(
        folder: String, into path: String? = nil, to repo: Repo, options: Options = Options()
    ) async throws -> Committed {
        try await run(.upload(folder: folder, into: path, to: repo, options: options))
    }

    /// Bytes, in a commit of their own.
    @discardableResult
    public func upload(
        _ data: Data, as path: String, to repo: Repo, options: Options = Options()
    ) async throws -> Committed {
        let commit = try Commit()
        try commit.add(data, as: path)
        return try await self.commit(commit, to: repo, options: options)
    }

    /// What a closure brings, in a commit of its own; see `Commit.add`.
    @discardableResult
    public func upload(
        size: UInt64, as path: String, to repo: Repo, options: Options = Options(),
        read: @escaping @Sendable (_ offset: UInt64, _ buffer: UnsafeMutableRawBufferPointer) throws -> Int
    ) async throws -> Committed {
        let commit = try Commit()
        try commit.add(size: size, as: path, read: read)
        return try await self.commit(commit, to: repo, options: options)
    }

    public func put(file: String, to url: String, options: Options = Options()) async throws -> [StoredPart] {
        try await run(.put(file: file, to: url, options: options))
    }

    public func put(
        file: String, partSize: UInt64, to urls: [String], options: Options = Options()
    ) async throws -> [StoredPart] {
        try await run(.put(file: file, partSize: partSize, to: urls, options: options))
    }

    /// Commits what is new in a folder every so often, until `Schedule.stop()`. Files are expected to grow at their
    /// end.
    public func schedule(
        folder: String, into path: String? = nil, to repo: Repo, every: Duration, options: Options = Options()
    ) throws -> Schedule {
        let repo = try repo.handle()
        var schedule: OpaquePointer?
        let job = try Job(of: handle, options, take: Request<Committed>.takeCommitted) { options, job, error in
            try withText(path) {
                try hfx_client_schedule_folder(
                    handle.pointer, repo.pointer, whole(folder), $0, every.milliseconds, options, &schedule, job, error)
            }
        }
        return Schedule(Handle(schedule!, hfx_schedule_free), job)
    }
}
