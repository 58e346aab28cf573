import CHfx

/// What the Hub says of a file.
public struct Meta: Sendable {
    /// The commit that the revision means.
    public let commit: String
    /// SHA-256 (LFS) or git SHA-1 (regular).
    public let etag: String
    /// The address on the Hub, without a query.
    public let url: String
    /// The hash in the Hub's Xet storage, when it is stored there.
    public let xetHash: String?
    /// In bytes.
    public let size: UInt64

    init(_ meta: OpaquePointer) {
        commit = text(hfx_meta_commit(meta)) ?? ""
        etag = text(hfx_meta_etag(meta)) ?? ""
        url = text(hfx_meta_url(meta)) ?? ""
        xetHash = text(hfx_meta_xet_hash(meta))
        size = hfx_meta_size(meta)
    }
}
