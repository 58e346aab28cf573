import CHfx

/// A file of a commit that was made.
public struct CommittedFile: Sendable, Hashable {
    public enum How: Int32, Sendable {
        /// The content is part of the commit.
        case regular = 1
        /// The content is an LFS object.
        case lfs
        /// Left out: the repository holds the same.
        case unchanged
        /// Left out by the repository's `.gitignore`.
        case ignored
        /// Deleted; a folder, with all that was in it, has a slash at its end.
        case deleted
        /// One that a newer library uses.
        case unknown = -1
    }

    public let path: String
    /// In bytes.
    public let size: UInt64
    /// The SHA-256 of an LFS file.
    public let oid: String?
    public let how: How

    init(_ committed: OpaquePointer, _ index: Int) {
        path = text(hfx_committed_file_path(committed, index)) ?? ""
        size = hfx_committed_file_size(committed, index)
        oid = text(hfx_committed_file_oid(committed, index))
        how = How(rawValue: hfx_committed_file_how(committed, index)) ?? .unknown
    }
}
