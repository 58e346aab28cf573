import CHfx

/// A branch, tag, conversion or pull request.
public struct Ref: Sendable, Hashable {
    public enum Kind: Int32, Sendable {
        case branch = 1, tag, convert, pullRequest
        /// One that a newer library uses.
        case unknown = -1
    }

    public let kind: Kind
    /// As "main".
    public let name: String
    /// As "refs/heads/main".
    public let fullName: String
    /// The commit it points to.
    public let commit: String

    init(_ refs: OpaquePointer, _ index: Int) {
        kind = Kind(rawValue: hfx_refs_kind(refs, index)) ?? .unknown
        name = text(hfx_refs_name(refs, index)) ?? ""
        fullName = text(hfx_refs_full_name(refs, index)) ?? ""
        commit = text(hfx_refs_commit(refs, index)) ?? ""
    }
}
