import CHfx

/// The files of a repository, or some of them, in a folder.
public struct Snapshot: Sendable {
    /// The folder.
    public let path: String
    public let commit: String
    /// In the order of their names.
    public let files: [File]

    init(_ snapshot: OpaquePointer) {
        path = text(hfx_snapshot_path(snapshot)) ?? ""
        commit = text(hfx_snapshot_commit(snapshot)) ?? ""
        files = (0..<hfx_snapshot_count(snapshot)).map { File(hfx_snapshot_file(snapshot, $0)) }
    }
}
