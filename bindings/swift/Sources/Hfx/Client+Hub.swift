/// What asks the Hub, or changes something there. `Request` says more of each.
extension Client {
    public func meta(_ path: String, of repo: Repo, options: Options = Options()) async throws -> Meta {
        try await run(.meta(path, of: repo, options: options))
    }

    public func info(_ repo: Repo, options: Options = Options()) async throws -> RepoInfo {
        try await run(.info(repo, options: options))
    }

    public func tree(
        of repo: Repo, below folder: String? = nil, options: Options = Options()
    ) async throws -> [TreeEntry] {
        try await run(.tree(of: repo, below: folder, options: options))
    }

    public func refs(of repo: Repo, pullRequests: Bool = false, options: Options = Options()) async throws -> [Ref] {
        try await run(.refs(of: repo, pullRequests: pullRequests, options: options))
    }

    public func commits(of repo: Repo, most: Int? = nil, options: Options = Options()) async throws -> [CommitEntry] {
        try await run(.commits(of: repo, most: most, options: options))
    }

    public func exists(_ repo: Repo, options: Options = Options()) async throws -> Bool {
        try await run(.exists(repo, options: options))
    }

    public func exists(_ path: String, in repo: Repo, options: Options = Options()) async throws -> Bool {
        try await run(.exists(path, in: repo, options: options))
    }

    public func call(
        _ method: String, _ target: String, json: String? = nil, pages: UInt32 = 1, options: Options = Options()
    ) async throws -> Reply {
        try await run(.call(method, target, json: json, pages: pages, options: options))
    }

    public func whoami(options: Options = Options()) async throws -> Reply {
        try await run(.whoami(options: options))
    }

    public func authCheck(_ repo: Repo, write: Bool = false, options: Options = Options()) async throws {
        try await run(.authCheck(repo, write: write, options: options))
    }

    @discardableResult
    public func createRepo(_ repo: Repo, options: Options = Options()) async throws -> Reply {
        try await run(.createRepo(repo, options: options))
    }

    public func deleteRepo(_ repo: Repo, options: Options = Options()) async throws {
        try await run(.deleteRepo(repo, options: options))
    }

    public func moveRepo(_ repo: Repo, to other: Repo, options: Options = Options()) async throws {
        try await run(.moveRepo(repo, to: other, options: options))
    }

    public func changeSettings(of repo: Repo, options: Options) async throws {
        try await run(.changeSettings(of: repo, options: options))
    }

    public func createBranch(_ branch: String, of repo: Repo, options: Options = Options()) async throws {
        try await run(.createBranch(branch, of: repo, options: options))
    }

    public func deleteBranch(_ branch: String, of repo: Repo, options: Options = Options()) async throws {
        try await run(.deleteBranch(branch, of: repo, options: options))
    }

    public func createTag(
        _ tag: String, of repo: Repo, message: String? = nil, options: Options = Options()
    ) async throws {
        try await run(.createTag(tag, of: repo, message: message, options: options))
    }

    public func deleteTag(_ tag: String, of repo: Repo, options: Options = Options()) async throws {
        try await run(.deleteTag(tag, of: repo, options: options))
    }

    public func openPullRequest(
        on repo: Repo, title: String, description: String? = nil, options: Options = Options()
    ) async throws -> Reply {
        try await run(.openPullRequest(on: repo, title: title, description: description, options: options))
    }
}
