import CHfx

/// What the Hub says of a repository.
public struct RepoInfo: Sendable {
    /// The name as the Hub writes it.
    public let id: String
    /// The commit that the revision means.
    public let commit: String
    public let isPrivate: Bool
    /// Access has to be asked for.
    public let isGated: Bool
    public let isDisabled: Bool
    /// The Hub's whole answer.
    public let json: String

    init(_ info: OpaquePointer) {
        id = text(hfx_info_id(info)) ?? ""
        commit = text(hfx_info_commit(info)) ?? ""
        isPrivate = hfx_info_private(info) == 1
        isGated = hfx_info_gated(info) == 1
        isDisabled = hfx_info_disabled(info) == 1
        json = text(hfx_info_json(info)) ?? ""
    }
}
