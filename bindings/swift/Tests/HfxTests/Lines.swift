import CHfx
import Synchronization

/// What callbacks said, from many threads.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// The library's own name of a status.
func libraryName(_ status: Int32) -> String { String(cString: hfx_status_name(status)) }
