import CHfx

/// How far one file of a job is, or what became of it.
public struct FileProgress: Sendable {
    /// The path in the repository.
    public let name: String
    /// In bytes, 0 while unknown.
    public let size: UInt64
    /// Bytes in place.
    public let done: UInt64
    /// Bytes that were hashed, of an upload before they are sent.
    public let hashed: UInt64
    /// Bytes that went out over the network.
    public let sent: UInt64
    public let state: FileState
    /// Why it failed.
    public let error: HfxError?

    init?(_ progress: OpaquePointer, _ index: Int) {
        guard let name = text(hfx_progress_file_name(progress, index)) else { return nil }
        self.name = name
        size = hfx_progress_file_size(progress, index)
        done = hfx_progress_file_done(progress, index)
        hashed = hfx_progress_file_hashed(progress, index)
        sent = hfx_progress_file_sent(progress, index)
        state = FileState(rawValue: hfx_progress_file_state(progress, index)) ?? .unknown
        error = hfx_progress_file_error(progress, index).map { HfxError($0) }
    }
}
