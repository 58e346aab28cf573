import CHfx

/// A revision in the cache.
public struct CachedRevision: Sendable {
    public struct File: Sendable {
        /// The path in the repository.
        public let name: String
        /// In bytes.
        public let size: UInt64
    }

    public let commit: String
    /// Its folder.
    public let path: String
    /// The bytes of its files.
    public let size: UInt64
    /// Those that lead to it, as "main"; without one it is detached.
    public let refs: [String]
    public let files: [File]

    init(_ cache: OpaquePointer, _ repo: Int, _ revision: Int) {
        commit = text(hfx_cache_revision_commit(cache, repo, revision)) ?? ""
        path = text(hfx_cache_revision_path(cache, repo, revision)) ?? ""
        size = hfx_cache_revision_size(cache, repo, revision)
        refs = list { text(hfx_cache_revision_ref(cache, repo, revision, $0)) }
        files = (0..<hfx_cache_file_count(cache, repo, revision)).map {
            File(
                name: text(hfx_cache_file_name(cache, repo, revision, $0)) ?? "",
                size: hfx_cache_file_size(cache, repo, revision, $0))
        }
    }
}
