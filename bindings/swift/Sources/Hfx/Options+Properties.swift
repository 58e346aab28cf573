import CHfx

/// The options by name. `OptionInfo.all` tells default, bounds and environment variables of each.
extension Options {
    /// Address of the Hub or of a server that speaks its API.
    public var endpoint: String? { get { self[HFX_OPT_ENDPOINT] } set { self[HFX_OPT_ENDPOINT] = newValue } }

    /// Access token; sent to the endpoint's own origin only.
    public var token: String? { get { self[HFX_OPT_TOKEN] } set { self[HFX_OPT_TOKEN] = newValue } }

    /// The shared cache folder; without one only plain URLs and memory can be downloaded to.
    public var cacheDir: String? { get { self[HFX_OPT_CACHE_DIR] } set { self[HFX_OPT_CACHE_DIR] = newValue } }

    /// The folder under which assets folders are made.
    public var assetsDir: String? { get { self[HFX_OPT_ASSETS_DIR] } set { self[HFX_OPT_ASSETS_DIR] = newValue } }

    /// Added to the User-Agent header, as "name/version".
    public var userAgent: String? { get { self[HFX_OPT_USER_AGENT] } set { self[HFX_OPT_USER_AGENT] = newValue } }

    /// Never use the network; answer from the cache or fail.
    public var offline: Bool? { get { self[HFX_OPT_OFFLINE] } set { self[HFX_OPT_OFFLINE] = newValue } }

    /// Most connections open at once; 0 lets hfx find the number that pays.
    public var maxConnections: Int? {
        get { self[HFX_OPT_MAX_CONNECTIONS] }
        set { self[HFX_OPT_MAX_CONNECTIONS] = newValue }
    }

    /// Most bytes held in buffers; 0 is the smaller of 256 MiB and an eighth of the memory.
    public var memoryBudget: Int? { get { self[HFX_OPT_MEMORY_BUDGET] } set { self[HFX_OPT_MEMORY_BUDGET] = newValue } }

    /// Most bytes received per second, all jobs together; 0 is no limit.
    public var maxBytesPerSecond: Int? {
        get { self[HFX_OPT_MAX_BYTES_PER_SECOND] }
        set { self[HFX_OPT_MAX_BYTES_PER_SECOND] = newValue }
    }

    /// Longest wait for a connection, TLS and proxy included.
    public var connectTimeout: Duration? {
        get { self[HFX_OPT_CONNECT_TIMEOUT_MS] }
        set { self[HFX_OPT_CONNECT_TIMEOUT_MS] = newValue }
    }

    /// Longest wait for the head of an answer.
    public var headTimeout: Duration? {
        get { self[HFX_OPT_HEAD_TIMEOUT_MS] }
        set { self[HFX_OPT_HEAD_TIMEOUT_MS] = newValue }
    }

    /// A connection that brings no byte for this long is dropped and its range asked for again.
    public var stallTimeout: Duration? {
        get { self[HFX_OPT_STALL_TIMEOUT_MS] }
        set { self[HFX_OPT_STALL_TIMEOUT_MS] = newValue }
    }

    /// A transfer fails after this long without any progress.
    public var retryTimeout: Duration? {
        get { self[HFX_OPT_RETRY_TIMEOUT_MS] }
        set { self[HFX_OPT_RETRY_TIMEOUT_MS] = newValue }
    }

    /// Bytes of one range request; 0 lets hfx choose 4 to 16 MiB.
    public var partSize: Int? { get { self[HFX_OPT_PART_SIZE] } set { self[HFX_OPT_PART_SIZE] = newValue } }

    /// What a finished file survives: a power loss, or only the end of the process.
    public var durability: Durability? { get { self[HFX_OPT_DURABILITY] } set { self[HFX_OPT_DURABILITY] = newValue } }

    /// How bytes reach the file: positioned writes, or a mapping of preallocated space.
    public var sink: Sink? { get { self[HFX_OPT_SINK] } set { self[HFX_OPT_SINK] = newValue } }

    /// Refuse a file for which no hash is known.
    public var requireHash: Bool? { get { self[HFX_OPT_REQUIRE_HASH] } set { self[HFX_OPT_REQUIRE_HASH] = newValue } }

    /// End a snapshot at its first failed file; false goes on with the others.
    public var failFast: Bool? { get { self[HFX_OPT_FAIL_FAST] } set { self[HFX_OPT_FAIL_FAST] = newValue } }

    /// Proxy for http URLs: http://, socks5:// or socks5h://[user:password@]host:port.
    public var httpProxy: String? { get { self[HFX_OPT_HTTP_PROXY] } set { self[HFX_OPT_HTTP_PROXY] = newValue } }

    /// Proxy for https URLs; the same forms.
    public var httpsProxy: String? { get { self[HFX_OPT_HTTPS_PROXY] } set { self[HFX_OPT_HTTPS_PROXY] = newValue } }

    /// Hosts, domains and networks that are reached without the proxy, separated by commas.
    public var noProxy: String? { get { self[HFX_OPT_NO_PROXY] } set { self[HFX_OPT_NO_PROXY] = newValue } }

    /// PEM file of trusted certificates, instead of the system's.
    public var caFile: String? { get { self[HFX_OPT_CA_FILE] } set { self[HFX_OPT_CA_FILE] = newValue } }

    /// Folder of PEM files of trusted certificates, instead of the system's.
    public var caDir: String? { get { self[HFX_OPT_CA_DIR] } set { self[HFX_OPT_CA_DIR] = newValue } }

    /// Keep blobs once and link to them; false puts the files themselves into snapshots.
    public var symlinks: Bool? { get { self[HFX_OPT_SYMLINKS] } set { self[HFX_OPT_SYMLINKS] = newValue } }

    /// Longest wait for another process that fetches the same file before fetching beside it.
    public var lockTimeout: Duration? {
        get { self[HFX_OPT_LOCK_TIMEOUT_MS] }
        set { self[HFX_OPT_LOCK_TIMEOUT_MS] = newValue }
    }

    /// Send the token over plain http to hosts other than this machine.
    public var allowHttpToken: Bool? {
        get { self[HFX_OPT_ALLOW_HTTP_TOKEN] }
        set { self[HFX_OPT_ALLOW_HTTP_TOKEN] = newValue }
    }

    /// Network threads of the client; 0 is one for each core, at most 8.
    public var threads: Int? { get { self[HFX_OPT_THREADS] } set { self[HFX_OPT_THREADS] = newValue } }

    /// A header for every request to the endpoint, as "Name: value".
    public var headers: [String]? { get { self[HFX_OPT_HEADERS] } set { self[HFX_OPT_HEADERS] = newValue } }

    /// Answer this job from the cache alone.
    public var localFilesOnly: Bool? {
        get { self[HFX_OPT_LOCAL_FILES_ONLY] }
        set { self[HFX_OPT_LOCAL_FILES_ONLY] = newValue }
    }

    /// Do not ask the Hub when the ref and the file are cached.
    public var pin: Bool? { get { self[HFX_OPT_PIN] } set { self[HFX_OPT_PIN] = newValue } }

    /// Download even what the cache holds.
    public var force: Bool? { get { self[HFX_OPT_FORCE] } set { self[HFX_OPT_FORCE] = newValue } }

    /// Say what would be fetched, and fetch nothing.
    public var dryRun: Bool? { get { self[HFX_OPT_DRY_RUN] } set { self[HFX_OPT_DRY_RUN] = newValue } }

    /// Put the files into this folder under their own names, instead of into the cache.
    public var localDir: String? { get { self[HFX_OPT_LOCAL_DIR] } set { self[HFX_OPT_LOCAL_DIR] = newValue } }

    /// Pattern of the files of a snapshot to take (fnmatch; * crosses slashes).
    public var include: [String]? { get { self[HFX_OPT_INCLUDE] } set { self[HFX_OPT_INCLUDE] = newValue } }

    /// Pattern of the files of a snapshot to leave out.
    public var exclude: [String]? { get { self[HFX_OPT_EXCLUDE] } set { self[HFX_OPT_EXCLUDE] = newValue } }

    /// Most files of one snapshot in work at once; 0 lets hfx find the number.
    public var maxWorkers: Int? { get { self[HFX_OPT_MAX_WORKERS] } set { self[HFX_OPT_MAX_WORKERS] = newValue } }

    /// The SHA-256 that a plain URL's file must have, 64 hex digits; a file that is there and has it is not fetched.
    public var sha256: String? { get { self[HFX_OPT_SHA256] } set { self[HFX_OPT_SHA256] = newValue } }

    /// Go on with what an earlier run left; false starts again.
    public var resume: Bool? { get { self[HFX_OPT_RESUME] } set { self[HFX_OPT_RESUME] = newValue } }

    /// First line of the commit; without one it says what was uploaded.
    public var commitMessage: String? {
        get { self[HFX_OPT_COMMIT_MESSAGE] }
        set { self[HFX_OPT_COMMIT_MESSAGE] = newValue }
    }

    /// What the commit says below its first line.
    public var commitDescription: String? {
        get { self[HFX_OPT_COMMIT_DESCRIPTION] }
        set { self[HFX_OPT_COMMIT_DESCRIPTION] = newValue }
    }

    /// The commit that must be the head; without one it is the head when the job begins.
    public var parentCommit: String? {
        get { self[HFX_OPT_PARENT_COMMIT] }
        set { self[HFX_OPT_PARENT_COMMIT] = newValue }
    }

    /// Open a pull request and commit to it.
    public var createPR: Bool? { get { self[HFX_OPT_CREATE_PR] } set { self[HFX_OPT_CREATE_PR] = newValue } }

    /// Pattern of the files to delete from the repository's folder when a folder is uploaded to it.
    public var delete: [String]? { get { self[HFX_OPT_DELETE] } set { self[HFX_OPT_DELETE] = newValue } }

    /// How a folder is committed: at once, or in several commits of a size that the Hub takes well; auto does
    /// that for more than 1,000 changed files or 100 MiB of regular content.
    public var commits: Commits? { get { self[HFX_OPT_COMMITS] } set { self[HFX_OPT_COMMITS] = newValue } }

    /// How files to upload are read: positioned reads, or a mapping, which ends the process when somebody
    /// truncates the file meanwhile.
    public var source: Source? { get { self[HFX_OPT_SOURCE] } set { self[HFX_OPT_SOURCE] = newValue } }

    /// Folder in which uploads remember hashes and parts, to go on after a crash; without one they remember
    /// nothing.
    public var stateDir: String? { get { self[HFX_OPT_STATE_DIR] } set { self[HFX_OPT_STATE_DIR] = newValue } }

    /// Jobs of one client with the same number run one after another, in the order of their start; 0 does not
    /// wait.
    public var sequence: Int? { get { self[HFX_OPT_SEQUENCE] } set { self[HFX_OPT_SEQUENCE] = newValue } }

    /// Making a repository, branch or tag that is there already is a success.
    public var existOk: Bool? { get { self[HFX_OPT_EXIST_OK] } set { self[HFX_OPT_EXIST_OK] = newValue } }

    /// Deleting a repository, branch or tag that is not there is a success.
    public var missingOk: Bool? { get { self[HFX_OPT_MISSING_OK] } set { self[HFX_OPT_MISSING_OK] = newValue } }

    /// Who may see a repository that is made or changed (protected: Spaces only); unset leaves it to the Hub.
    public var visibility: Visibility? { get { self[HFX_OPT_VISIBILITY] } set { self[HFX_OPT_VISIBILITY] = newValue } }

    /// What a Space that is made runs on.
    public var spaceSDK: SpaceSDK? { get { self[HFX_OPT_SPACE_SDK] } set { self[HFX_OPT_SPACE_SDK] = newValue } }

    /// How access to a repository whose settings are changed has to be asked for; unset leaves it as it is.
    public var gated: Gating? { get { self[HFX_OPT_GATED] } set { self[HFX_OPT_GATED] = newValue } }

    /// Longest wait for the answer to work that the Hub was given: a commit, the joining of an object's parts.
    public var workTimeout: Duration? {
        get { self[HFX_OPT_WORK_TIMEOUT_MS] }
        set { self[HFX_OPT_WORK_TIMEOUT_MS] = newValue }
    }

    /// The etag that a file to read or download must have; another one is `.contentChanged`.
    public var ifMatch: String? { get { self[HFX_OPT_IF_MATCH] } set { self[HFX_OPT_IF_MATCH] = newValue } }

    /// Paths of files to take, exactly as written, beside what `include` lets through.
    public var files: [String]? { get { self[HFX_OPT_FILES] } set { self[HFX_OPT_FILES] = newValue } }
}
