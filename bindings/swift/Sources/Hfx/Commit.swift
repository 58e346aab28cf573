import CHfx
import Foundation
import Synchronization

/// The operations of a commit to come; `Client.commit` makes it. While a job works on it, adding is `.locked`.
public final class Commit: Sendable {
    /// The library takes a builder from one thread at a time.
    private let handle: Mutex<Handle>
    /// What a reader of it threw, for whoever awaits the job.
    private let failure = ReaderFailure()

    public init() throws {
        handle = Mutex(try Handle(hfx_commit_free) { hfx_commit_new($0, $1) })
    }

    /// How many operations it has; 0 while a job works on it.
    public var count: Int { withPointer { hfx_commit_count($0) } }

    /// Adds or replaces a file by one on disk, which must not change until the commit is made.
    public func add(file: String, as path: String) throws {
        try change { try hfx_commit_add_file($0, whole(path), whole(file), $1) }
    }

    /// Adds or replaces a file by bytes, which are copied.
    public func add(_ data: Data, as path: String) throws {
        try data.withUnsafeBytes { bytes in
            try change { try hfx_commit_add_bytes($0, whole(path), bytes.baseAddress, bytes.count, $1) }
        }
    }

    /// Adds or replaces a file by `size` bytes that `read` puts into its buffer, from the offset on; it returns how
    /// many. It is called from several threads at once, for the same bytes more than once and in any order, and may
    /// block.
    public func add(
        size: UInt64, as path: String,
        read: @escaping @Sendable (_ offset: UInt64, _ buffer: UnsafeMutableRawBufferPointer) throws -> Int
    ) throws {
        let (path, user) = (try whole(path), Box(Reader(read: read, failure: failure)).toUser())
        try change { hfx_commit_add_reader($0, path, size, Reader.pread, user, releaseBox, $1) }
    }

    /// Adds or replaces a file by content that the repository's LFS server holds already, as after a preupload with this
    /// or another commit: its SHA-256 (`CommittedFile.oid`) and its length.
    public func add(lfs oid: String, size: UInt64, as path: String) throws {
        try change { try hfx_commit_add_lfs($0, whole(path), whole(oid), size, $1) }
    }

    /// Deletes a file of the repository.
    public func delete(file path: String) throws {
        try change { try hfx_commit_delete_file($0, whole(path), $1) }
    }

    /// Deletes a folder of the repository, with all that is in it.
    public func delete(folder path: String) throws {
        try change { try hfx_commit_delete_folder($0, whole(path), $1) }
    }

    /// Copies a file of a repository (nil: the one that is committed to), without sending an LFS file again.
    public func copy(_ fromPath: String, of repo: Repo? = nil, to path: String) throws {
        let repo = try repo?.handle()
        try change { try hfx_commit_copy_file($0, repo?.pointer, whole(fromPath), whole(path), $1) }
    }

    func withPointer<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        try handle.withLock { try body($0.pointer) }
    }

    /// A take function that throws what a reader threw, in place of the library's error for it.
    func rethrowing(
        _ take: @escaping @Sendable (Handle) throws -> Committed
    ) -> @Sendable (Handle) throws -> Committed {
        { [failure] job in
            let thrown = failure.taken()
            do {
                return try take(job)
            } catch let error as HfxError where error.code == .callback {
                throw thrown ?? error
            }
        }
    }

    private func change(_ call: (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>) throws -> hfx_status) throws {
        try withPointer { pointer in try check { try call(pointer, $0) } }
    }
}
