import CHfx

/// The numbers of a job at one moment.
public struct JobProgress: Sendable {
    private let handle: Handle
    private let totals: hfx_totals

    init(of job: Handle) throws {
        handle = try Handle(hfx_progress_free) { hfx_job_progress(job.pointer, $0, $1) }
        var totals = hfx_totals()
        hfx_progress_totals(handle.pointer, &totals, MemoryLayout<hfx_totals>.stride)
        self.totals = totals
    }

    public var jobID: UInt64 { hfx_progress_job_id(handle.pointer) }
    /// Files of the job, as far as known.
    public var fileCount: UInt64 { totals.files }
    public var filesDone: UInt64 { totals.files_done }
    public var filesFailed: UInt64 { totals.files_failed }
    /// Bytes of all files, as far as known.
    public var bytesTotal: UInt64 { totals.bytes }
    /// Bytes in place: fetched, restored or cached; of an upload stored by the server; of a deletion freed.
    public var bytesDone: UInt64 { totals.bytes_done }
    /// Bytes that came over the network in this job.
    public var bytesReceived: UInt64 { totals.bytes_received }
    /// Bytes that an earlier run had left.
    public var bytesRestored: UInt64 { totals.bytes_restored }
    /// Bytes that went out over the network; what was sent again counts again.
    public var bytesSent: UInt64 { totals.bytes_sent }
    /// Bytes that were hashed, of an upload before they are sent.
    public var bytesHashed: UInt64 { totals.bytes_hashed }
    /// Between 0 and 1; 0 while nothing is known.
    public var fraction: Double { bytesTotal == 0 ? 0 : Double(bytesDone) / Double(bytesTotal) }

    /// Each file of the job. Made when it is asked for.
    public var files: [FileProgress] {
        (0..<hfx_progress_file_count(handle.pointer)).map { FileProgress(handle.pointer, $0) }
    }
}
