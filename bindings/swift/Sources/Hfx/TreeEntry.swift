import CHfx

/// A file of a repository at a commit.
public struct TreeEntry: Sendable, Hashable {
    public let path: String
    /// SHA-256 (LFS) or git SHA-1 (regular).
    public let etag: String
    /// In bytes.
    public let size: UInt64
    public let isLFS: Bool

    init(_ tree: OpaquePointer, _ index: Int) {
        path = text(hfx_tree_path(tree, index)) ?? ""
        etag = text(hfx_tree_etag(tree, index)) ?? ""
        size = hfx_tree_size(tree, index)
        isLFS = hfx_tree_is_lfs(tree, index) == 1
    }
}
