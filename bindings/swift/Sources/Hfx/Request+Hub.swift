import CHfx

extension Request where Output == Meta {
    /// What the Hub says of a file: commit, etag, size.
    public static func meta(_ path: String, of repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: taking(hfx_job_take_meta, hfx_meta_free) { Meta($0.pointer) }) {
            try hfx_client_get_file_meta($0, $1, whole(path), $2, $3, $4)
        }
    }
}

extension Request where Output == RepoInfo {
    /// What the Hub says of a repository at its revision.
    public static func info(_ repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: taking(hfx_job_take_info, hfx_info_free) { RepoInfo($0.pointer) }) {
            hfx_client_get_repo_info($0, $1, $2, $3, $4)
        }
    }
}

extension Request where Output == [TreeEntry] {
    /// The files of a repository at its revision, below a folder when one is named.
    public static func tree(of repo: Repo, below folder: String? = nil, options: Options = Options()) -> Request {
        let take = taking(hfx_job_take_tree, hfx_tree_free) { tree in
            (0..<hfx_tree_count(tree.pointer)).map { TreeEntry(tree.pointer, $0) }
        }
        return Request(options, on: repo, take: take) { client, repo, options, job, error in
            try withText(folder) { hfx_client_list_files(client, repo, $0, options, job, error) }
        }
    }
}

extension Request where Output == [Ref] {
    /// Branches, tags and conversions of a repository, and its pull requests when they are asked for.
    public static func refs(
        of repo: Repo, pullRequests: Bool = false, options: Options = Options()
    ) -> Request {
        let take = taking(hfx_job_take_refs, hfx_refs_free) { refs in
            (0..<hfx_refs_count(refs.pointer)).map { Ref(refs.pointer, $0) }
        }
        return Request(options, on: repo, take: take) {
            hfx_client_list_refs($0, $1, pullRequests ? 1 : 0, $2, $3, $4)
        }
    }
}

extension Request where Output == [CommitEntry] {
    /// The commits behind the revision of a repository, newest first: `most` of them, nil for all.
    public static func commits(of repo: Repo, most: Int? = nil, options: Options = Options()) -> Request {
        let take = taking(hfx_job_take_history, hfx_history_free) { commits in
            (0..<hfx_history_count(commits.pointer)).map { CommitEntry(commits.pointer, $0) }
        }
        return Request(options, on: repo, take: take) {
            hfx_client_list_commits($0, $1, most ?? 0, $2, $3, $4)
        }
    }
}

extension Request where Output == Reply {
    static var takeReply: @Sendable (Handle) throws -> Reply {
        taking(hfx_job_take_reply, hfx_reply_free) { Reply(handle: $0) }
    }

    /// Any call of the Hub's API: `target` is a path below the endpoint, as "/api/models?limit=5"; of a list, up to
    /// `pages` pages are joined to one array.
    public static func call(
        _ method: String, _ target: String, json: String? = nil, pages: UInt32 = 1, options: Options = Options()
    ) -> Request {
        Request(options, take: takeReply) { client, options, job, error in
            try withText(json) { try hfx_client_call(client, whole(method), whole(target), $0, pages, options, job, error) }
        }
    }

    /// Whose token it is: "/name" is the user, "/orgs" the organisations.
    public static func whoami(options: Options = Options()) -> Request {
        Request(options, take: takeReply) { hfx_client_whoami($0, $1, $2, $3) }
    }
}
