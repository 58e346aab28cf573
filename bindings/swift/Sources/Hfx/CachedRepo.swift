import CHfx
import Foundation

/// A repository in the cache.
public struct CachedRepo: Sendable {
    public let repo: Repo
    /// Its folder.
    public let path: String
    /// The bytes of its blobs.
    public let size: UInt64
    /// When a blob of it was last read, as far as the file system notes it.
    public let lastUsed: Date
    public let revisions: [CachedRevision]

    init(_ cache: OpaquePointer, _ index: Int) {
        repo = Repo(
            text(hfx_cache_repo_id(cache, index)) ?? "",
            kind: Repo.Kind(rawValue: hfx_cache_repo_kind(cache, index)) ?? .unknown)
        path = text(hfx_cache_repo_path(cache, index)) ?? ""
        size = hfx_cache_repo_size(cache, index)
        lastUsed = Date(timeIntervalSince1970: Double(hfx_cache_repo_last_used_ms(cache, index)) / 1000)
        revisions = (0..<hfx_cache_revision_count(cache, index)).map { CachedRevision(cache, index, $0) }
    }
}
