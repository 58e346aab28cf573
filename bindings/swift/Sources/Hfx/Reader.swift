import CHfx
import Foundation
import Synchronization

/// Content of a commit that a closure brings.
struct Reader: Sendable {
    let read: @Sendable (UInt64, UnsafeMutableRawBufferPointer) throws -> Int
    let failure: ReaderFailure

    /// The callback of a reader; its user is a box with one.
    static let pread: hfx_read_fn = { offset, buffer, length, user in
        let reader = Box<Reader>.from(user)
        do {
            return Int64(try reader.read(offset, UnsafeMutableRawBufferPointer(start: buffer, count: length)))
        } catch {
            reader.failure.keep(error)
            return -Int64((error as? POSIXError)?.code.rawValue ?? 0) // 0 is a failure, too.
        }
    }
}

/// The first error that a reader threw: it can't go through C.
final class ReaderFailure: Sendable {
    private let error = Mutex<(any Error)?>(nil)

    func keep(_ new: any Error) { error.withLock { $0 = $0 ?? new } }

    func taken() -> (any Error)? {
        error.withLock { error in
            defer { error = nil }
            return error
        }
    }
}
