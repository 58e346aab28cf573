import CHfx
import Foundation

/// A file that is where it was wanted.
public struct File: Sendable {
    /// The path in the repository, or the URL without its query.
    public let name: String
    /// Where it is; in a dry run, where it would be.
    public let path: String
    /// SHA-256 of an LFS file, git SHA-1 of a regular one, of a plain URL whatever its server says.
    public let etag: String?
    public let commit: String?
    /// In bytes.
    public let size: UInt64
    public let verified: Verified
    public let state: FileState
    /// Why it is not there; of a snapshot that is incomplete.
    public let error: HfxError?

    init(_ file: OpaquePointer?) {
        name = text(hfx_file_name(file)) ?? ""
        path = text(hfx_file_path(file)) ?? ""
        etag = text(hfx_file_etag(file)).flatMap { $0.isEmpty ? nil : $0 }
        commit = text(hfx_file_commit(file)).flatMap { $0.isEmpty ? nil : $0 }
        size = hfx_file_size(file)
        verified = Verified(rawValue: hfx_file_verified(file)) ?? .unknown
        state = FileState(rawValue: hfx_file_state(file)) ?? .unknown
        error = hfx_file_error(file).map { HfxError($0) }
    }

    public var url: URL { URL(fileURLWithPath: path) }
}
