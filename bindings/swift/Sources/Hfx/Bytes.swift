import CHfx
import Foundation

/// Bytes of a remote file.
public struct Bytes: Sendable {
    /// What was read, in the library's memory, not copied; empty when it went into memory of yours.
    public let data: Data
    /// How many bytes were read.
    public let length: UInt64
    /// The size of the whole remote file.
    public let fileSize: UInt64
    public let commit: String?
    /// Of the whole file; with the option `ifMatch` later reads are of the same content.
    public let etag: String?
    /// `.hash` for a whole file whose hash is known.
    public let verified: Verified

    init(_ handle: Handle) {
        length = hfx_bytes_length(handle.pointer)
        fileSize = hfx_bytes_file_size(handle.pointer)
        commit = text(hfx_bytes_commit(handle.pointer)).flatMap { $0.isEmpty ? nil : $0 }
        etag = text(hfx_bytes_etag(handle.pointer)).flatMap { $0.isEmpty ? nil : $0 }
        verified = Verified(rawValue: hfx_bytes_verified(handle.pointer)) ?? .unknown
        data = Data(lent: hfx_bytes_data(handle.pointer), count: Int(length), by: handle)
    }
}

extension Data {
    /// Memory that a handle lends; the last copy of the data lets go of the handle.
    init(lent start: UnsafeRawPointer?, count: Int, by handle: Handle) {
        guard let start, count > 0 else {
            self.init()
            return
        }
        let memory = UnsafeMutableRawPointer(mutating: start)
        self.init(bytesNoCopy: memory, count: count, deallocator: .custom { _, _ in withExtendedLifetime(handle) {} })
    }
}
