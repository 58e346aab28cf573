import CHfx

extension Request where Output == Cache {
    /// Looks the cache over; nothing is written.
    public static func scanCache(options: Options = Options()) -> Request {
        Request(options, take: taking(hfx_job_take_cache, hfx_cache_free) { Cache(handle: $0) }) {
            hfx_client_scan_cache($0, $1, $2, $3)
        }
    }
}

extension Request where Output == UInt64 {
    /// Does what was planned, and gives the bytes that were freed, as the job's progress does. Goes on after a failure,
    /// and throws the first one at the end; cancelled, it leaves the rest.
    public static func delete(_ deletion: Deletion, options: Options = Options()) -> Request {
        let take: @Sendable (Handle) throws -> UInt64 = { job in
            try check { hfx_job_check(job.pointer, $0) }
            return try JobProgress(of: job).bytesDone
        }
        return Request(options, take: take) {
            hfx_client_delete_cached($0, deletion.handle.pointer, $1, $2, $3)
        }
    }
}

extension Request where Output == Verification {
    /// Hashes the cached files of a repository and compares them with their names: of its revision when it names one,
    /// else of all that are cached.
    public static func verify(_ repo: Repo, options: Options = Options()) -> Request {
        let take = taking(hfx_job_take_verification, hfx_verification_free) { Verification($0.pointer) }
        return Request(options, on: repo, take: take) {
            hfx_client_verify_cache($0, $1, $2, $3, $4)
        }
    }
}
