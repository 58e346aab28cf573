import CHfx

extension Request where Output == Committed {
    static var takeCommitted: @Sendable (Handle) throws -> Committed {
        taking(hfx_job_take_committed, hfx_committed_free) { Committed($0.pointer) }
    }

    /// Makes a commit, once, or none when nothing is left to change. It follows commits by
    /// others in between; where they changed the same paths it is `.conflict`. The commit is empty afterwards; after a
    /// failure it holds what it held.
    public static func commit(_ commit: Commit, to repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: commit.rethrowing(takeCommitted)) { client, repo, options, job, error in
            commit.withPointer { hfx_client_commit(client, repo, $0, options, job, error) }
        }
    }

    /// Sends the LFS content of a commit to come, and lets go of it.
    public static func preupload(_ commit: Commit, to repo: Repo, options: Options = Options()) -> Request {
        Request(options, on: repo, take: commit.rethrowing(takeCommitted)) { client, repo, options, job, error in
            commit.withPointer { hfx_client_preupload(client, repo, $0, options, job, error) }
        }
    }

    /// A file, in a commit of its own.
    public static func upload(
        file: String, as path: String, to repo: Repo, options: Options = Options()
    ) -> Request {
        Request(options, on: repo, take: takeCommitted) {
            try hfx_client_upload_file($0, $1, whole(file), whole(path), $2, $3, $4)
        }
    }

    /// A folder into a folder of the repository (nil: its root).
    public static func upload(
        folder: String, into path: String? = nil, to repo: Repo, options: Options = Options()
    ) -> Request {
        Request(options, on: repo, take: takeCommitted) { client, repo, options, job, error in
            try withText(path) { try hfx_client_upload_folder(client, repo, whole(folder), $0, options, job, error) }
        }
    }
}

extension Request where Output == [StoredPart] {
    static var takeParts: @Sendable (Handle) throws -> [StoredPart] {
        taking(hfx_job_take_parts, hfx_parts_free) { parts in
            (0..<hfx_parts_count(parts.pointer)).map { StoredPart(parts.pointer, $0) }
        }
    }

    /// One PUT of a file to any http or https URL, as a presigned one.
    public static func put(file: String, to url: String, options: Options = Options()) -> Request {
        Request(options, take: takeParts) { try hfx_client_upload_url($0, whole(file), whole(url), $1, $2, $3) }
    }

    /// A file in parts of `partSize` bytes to one URL for each, side by side, as an S3 multipart upload wants it.
    public static func put(
        file: String, partSize: UInt64, to urls: [String], options: Options = Options()
    ) -> Request {
        Request(options, take: takeParts) { client, options, job, error in
            try withTexts(urls) {
                try hfx_client_upload_parts(client, whole(file), $0, $0.count, partSize, options, job, error)
            }
        }
    }
}
