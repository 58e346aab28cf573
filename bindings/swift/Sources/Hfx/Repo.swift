import CHfx

/// A repository on the Hub, and the revision that is meant.
public struct Repo: Sendable, Hashable {
    public enum Kind: Int32, Sendable {
        case model = 1, dataset, space, kernel
        /// One that a newer library uses.
        case unknown = -1
    }

    public var kind: Kind
    /// "owner/name".
    public var id: String
    /// A branch, tag, commit or `refs/pr/N`; nil is the main branch.
    public var revision: String?

    /// The name is checked by the call that uses it.
    public init(_ id: String, kind: Kind = .model, revision: String? = nil) {
        self.id = id
        self.kind = kind
        self.revision = revision
    }

    /// Reads "owner/name", "hf://datasets/owner/name@revision/path" or a web address on the Hub; the path, too, when
    /// the text names one.
    public static func parse(_ string: String) throws -> (repo: Repo, path: String?) {
        let handle = try Handle(hfx_repo_free) { try hfx_repo_parse(whole(string), $0, $1) }
        return withExtendedLifetime(handle) {
            let pointer = handle.pointer
            let repo = Repo(
                text(hfx_repo_id(pointer)) ?? "",
                kind: Kind(rawValue: hfx_repo_kind(pointer)) ?? .unknown,
                revision: text(hfx_repo_revision(pointer)))
            return (repo, text(hfx_repo_path(pointer)))
        }
    }

    func handle() throws -> Handle {
        try withText(revision) { revision in
            try Handle(hfx_repo_free) { try hfx_repo_new(kind.rawValue, whole(id), revision, $0, $1) }
        }
    }
}
