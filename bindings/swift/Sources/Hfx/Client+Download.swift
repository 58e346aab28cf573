import Foundation

/// What brings files and bytes here. `start` of the same request gives a job with progress.
extension Client {
    public func download(_ path: String, of repo: Repo, options: Options = Options()) async throws -> File {
        try await run(.file(path, of: repo, options: options))
    }

    public func snapshot(of repo: Repo, options: Options = Options()) async throws -> Snapshot {
        try await run(.snapshot(of: repo, options: options))
    }

    public func download(url: String, to path: String, options: Options = Options()) async throws -> File {
        try await run(.url(url, to: path, options: options))
    }

    public func read(
        _ path: String, of repo: Repo, offset: UInt64 = 0, length: UInt64? = nil, options: Options = Options()
    ) async throws -> Data {
        try await run(.read(path, of: repo, offset: offset, length: length, options: options)).data
    }

    public func read(
        url: String, offset: UInt64 = 0, length: UInt64? = nil, options: Options = Options()
    ) async throws -> Data {
        try await run(.read(url: url, offset: offset, length: length, options: options)).data
    }

    /// The bytes of a file in their order, as fast as a loop takes them. `begun` is told before the first of them which
    /// file it is, on a thread of the library; what it throws ends the stream, and comes out of the loop.
    public func stream(
        _ path: String, of repo: Repo, offset: UInt64 = 0, length: UInt64? = nil, options: Options = Options(),
        begun: (@Sendable (Meta) throws -> Void)? = nil
    ) -> ByteStream {
        ByteStream(begun: begun) { channel in
            self.streams.add(channel)
            return try self.start(.stream(path, of: repo, offset: offset, length: length, into: channel, options: options))
        }
    }

    /// The same of any http or https URL.
    public func stream(
        url: String, offset: UInt64 = 0, length: UInt64? = nil, options: Options = Options(),
        begun: (@Sendable (Meta) throws -> Void)? = nil
    ) -> ByteStream {
        ByteStream(begun: begun) { channel in
            self.streams.add(channel)
            return try self.start(.stream(url: url, offset: offset, length: length, into: channel, options: options))
        }
    }
}
