import CHfx

/// A cache as it was when it was looked over.
public struct Cache: Sendable {
    let handle: Handle

    /// The folder.
    public var path: String { text(hfx_cache_path(handle.pointer)) ?? "" }
    /// The bytes of all blobs, each counted once.
    public var size: UInt64 { hfx_cache_size(handle.pointer) }
    public var warnings: [String] {
        (0..<hfx_cache_warning_count(handle.pointer)).compactMap { text(hfx_cache_warning(handle.pointer, $0)) }
    }
    public var repos: [CachedRepo] {
        (0..<hfx_cache_repo_count(handle.pointer)).map { CachedRepo(handle.pointer, $0) }
    }

    /// Plans the deletion of revisions by their commits. Blobs that a kept revision shares stay.
    public func deleting(revisions commits: [String]) throws -> Deletion {
        try withTexts(commits) { commits in
            try plan { hfx_cache_delete_revisions(handle.pointer, commits, commits.count, $0, $1) }
        }
    }

    /// Plans the deletion of a whole repository.
    public func deleting(_ repo: Repo) throws -> Deletion {
        try plan { hfx_cache_delete_repo(handle.pointer, repo.kind.rawValue, repo.id, $0, $1) }
    }

    /// Plans a clean-up: revisions that no ref leads to, and unfinished downloads that nobody is at.
    public func pruning() throws -> Deletion {
        try plan { hfx_cache_prune(handle.pointer, $0, $1) }
    }

    private func plan(
        _ call: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>) -> hfx_status
    ) throws -> Deletion {
        Deletion(handle: try Handle(hfx_deletion_free, from: call))
    }
}
