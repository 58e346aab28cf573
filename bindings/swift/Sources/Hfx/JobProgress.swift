import CHfx

/// The numbers of a job at one moment.
public struct JobProgress: Sendable {
    private let handle: Handle

    init(of job: Handle) throws {
        handle = try Handle(hfx_progress_free) { hfx_job_progress(job.pointer, $0, $1) }
    }

    private var pointer: OpaquePointer { handle.pointer }

    public var jobID: UInt64 { hfx_progress_job_id(pointer) }
    /// Files of the job, as far as known.
    public var fileCount: UInt64 { hfx_progress_files(pointer) }
    public var filesDone: UInt64 { hfx_progress_files_done(pointer) }
    public var filesFailed: UInt64 { hfx_progress_files_failed(pointer) }
    /// Bytes of all files, as far as known.
    public var bytesTotal: UInt64 { hfx_progress_bytes_total(pointer) }
    /// Bytes in place: fetched, restored or cached; of an upload stored by the server.
    public var bytesDone: UInt64 { hfx_progress_bytes_done(pointer) }
    /// Bytes that came over the network in this job.
    public var bytesReceived: UInt64 { hfx_progress_bytes_received(pointer) }
    /// Bytes that an earlier run had left.
    public var bytesRestored: UInt64 { hfx_progress_bytes_restored(pointer) }
    /// Bytes that went out over the network; what was sent again counts again.
    public var bytesSent: UInt64 { hfx_progress_bytes_sent(pointer) }
    /// Bytes that were hashed, of an upload before they are sent.
    public var bytesHashed: UInt64 { hfx_progress_bytes_hashed(pointer) }
    /// Between 0 and 1; 0 while nothing is known.
    public var fraction: Double { bytesTotal == 0 ? 0 : Double(bytesDone) / Double(bytesTotal) }

    /// Each file of the job. Made when it is asked for.
    public var files: [FileProgress] { list { FileProgress(pointer, $0) } }
}
