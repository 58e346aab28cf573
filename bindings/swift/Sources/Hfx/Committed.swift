import CHfx

/// What a commit, an upload, a preupload or a schedule came to.
public struct Committed: Sendable {
    /// The last commit that was made, or the head when nothing had changed; nil after a preupload.
    public let commit: String?
    /// The address of its page.
    public let url: String?
    /// How many commits were made; 0 when nothing had changed.
    public let commitCount: UInt64
    /// The pull request that was opened; its revision is `refs/pr/N`.
    public let pullRequest: UInt64?
    public let pullRequestURL: String?
    /// Those of the commits and those that were left out.
    public let files: [CommittedFile]

    init(_ committed: OpaquePointer) {
        commit = text(hfx_committed_commit(committed))
        url = text(hfx_committed_url(committed)).flatMap { $0.isEmpty ? nil : $0 }
        commitCount = hfx_committed_commit_count(committed)
        let number = hfx_committed_pull_request(committed)
        pullRequest = number == 0 ? nil : number
        pullRequestURL = text(hfx_committed_pull_request_url(committed))
        files = (0..<hfx_committed_file_count(committed)).map { CommittedFile(committed, $0) }
    }
}
