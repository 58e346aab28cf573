import CHfx

/// How far one file of a job is, or what became of it.
public struct FileProgress: Sendable {
    /// The path in the repository.
    public let name: String
    /// In bytes, 0 while unknown.
    public let size: UInt64
    /// Bytes in place.
    public let done: UInt64
    /// Bytes that came over the network in this job.
    public let received: UInt64
    /// Bytes that an earlier run had left.
    public let restored: UInt64
    /// Bytes that were hashed, of an upload before they are sent.
    public let hashed: UInt64
    /// Bytes that went out over the network.
    public let sent: UInt64
    public let state: FileState
    /// Why it failed.
    public let error: HfxError?

    init(_ progress: OpaquePointer, _ index: Int) {
        var file = hfx_file_progress()
        _ = hfx_progress_file(progress, index, &file, MemoryLayout<hfx_file_progress>.stride)
        name = text(file.name) ?? ""
        size = file.bytes
        done = file.bytes_done
        received = file.bytes_received
        restored = file.bytes_restored
        hashed = file.bytes_hashed
        sent = file.bytes_sent
        state = FileState(rawValue: file.state) ?? .unknown
        error = file.error.map { HfxError($0) }
    }
}
