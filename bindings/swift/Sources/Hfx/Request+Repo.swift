import CHfx

extension Request where Output == Reply {
    /// Makes a repository, as the options `visibility`, `spaceSDK` and `existOk` say: "/url" is its page.
    public static func createRepo(_ repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: takeReply) { hfx_client_create_repo($0, $1, $2, $3, $4) }
    }

    /// Opens a pull request, in draft: "/num" is its number, "/ref" the revision to commit to.
    public static func openPullRequest(
        on repo: Repo, title: String, description: String? = nil, options: Options = Options()
    ) -> Request {
        Request(options, on: repo, take: takeReply) { client, repo, options, job, error in
            try withText(description) {
                try hfx_client_open_pull_request(client, repo, whole(title), $0, options, job, error)
            }
        }
    }
}

extension Request where Output == Bool {
    /// Whether a repository is there, and has the revision that it names, if any.
    public static func exists(_ repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: exists) { hfx_client_has_repo($0, $1, $2, $3, $4) }
    }

    /// Whether a repository has a file at its revision.
    public static func exists(_ path: String, in repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: exists) { try hfx_client_has_file($0, $1, whole(path), $2, $3, $4) }
    }
}

extension Request where Output == Void {
    /// Ends well when the token may read the files of a repository, or write to them; else the error says why not.
    public static func authCheck(_ repo: Repo, write: Bool = false, options: Options = Options()) -> Request {
        Request(options, on: repo, take: checking) {
            hfx_client_check_access($0, $1, write ? 1 : 0, $2, $3, $4)
        }
    }

    /// Deletes a repository, for ever.
    public static func deleteRepo(_ repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: checking) { hfx_client_delete_repo($0, $1, $2, $3, $4) }
    }

    /// Gives a repository the name and owner of another, of the same kind.
    public static func moveRepo(_ repo: Repo, to other: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: checking) {
            let other = try other.handle()
            return hfx_client_move_repo($0, $1, other.pointer, $2, $3, $4)
        }
    }

    /// Changes what the options `visibility` and `gated` say.
    public static func changeSettings(of repo: Repo, options: Options) -> Request {
        Request(options, on: repo, take: checking) { hfx_client_update_repo($0, $1, $2, $3, $4) }
    }

    /// Makes a branch at the revision that `repo` names.
    public static func createBranch(_ branch: String, of repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: checking) { try hfx_client_create_branch($0, $1, whole(branch), $2, $3, $4) }
    }

    public static func deleteBranch(_ branch: String, of repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: checking) { try hfx_client_delete_branch($0, $1, whole(branch), $2, $3, $4) }
    }

    /// Tags the revision that `repo` names.
    public static func createTag(
        _ tag: String, of repo: Repo, message: String? = nil, options: Options = Options()
    ) -> Request {
        Request(options, on: repo, take: checking) { client, repo, options, job, error in
            try withText(message) { try hfx_client_create_tag(client, repo, whole(tag), $0, options, job, error) }
        }
    }

    public static func deleteTag(_ tag: String, of repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: checking) { try hfx_client_delete_tag($0, $1, whole(tag), $2, $3, $4) }
    }
}
