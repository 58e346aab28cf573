import CHfx

extension Request where Output == File {
    static var takeFile: @Sendable (Handle) throws -> File {
        taking(hfx_job_take_file, hfx_file_free) { File($0.pointer) }
    }

    /// One file into the cache, or into the folder of the option `localDir`.
    public static func file(_ path: String, of repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: takeFile) {
            try hfx_client_download_file($0, $1, whole(path), $2, $3, $4)
        }
    }

    /// Any http or https URL to a path; the option `sha256` says what it must be.
    public static func url(_ url: String, to path: String, options: Options = Options()) -> Request {
        Request(options, take: takeFile) {
            try hfx_client_download_url($0, whole(url), whole(path), $1, $2, $3)
        }
    }
}

extension Request where Output == Snapshot {
    /// All files of a repository, or those that the options `include`, `exclude` and `files` let through. When some
    /// fail, the error is `.incomplete` and lists what became of each.
    public static func snapshot(of repo: Repo, options: Options = Options()) -> Request {
        let taken = taking(hfx_job_take_snapshot, hfx_snapshot_free) { Snapshot($0.pointer) }
        let take: @Sendable (Handle) throws -> Snapshot = { job in
            do {
                return try taken(job)
            } catch var error as HfxError where error.code == .incomplete {
                let outcomes = try Handle(hfx_snapshot_free) { hfx_job_take_outcomes(job.pointer, $0, $1) }
                error.files = Snapshot(outcomes.pointer).files
                throw error
            }
        }
        return Request(options, on: repo, take: take) {
            hfx_client_download_snapshot($0, $1, $2, $3, $4)
        }
    }
}
