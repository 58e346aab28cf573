import CHfx
import Dispatch
import Foundation
import Synchronization

/// Hands chunks from a thread of the library to a task. The thread waits while a chunk is not taken, which holds the
/// transfer back.
final class Channel: Sendable {
    private struct State {
        var chunk: Data?
        var taker: CheckedContinuation<Data?, Never>?
        var finished = false
        var closed = false
        var thrown: (any Error)?
    }

    private let state = Mutex(State())
    // Begins at 0 and is raised: libdispatch traps when a semaphore dies below the value it began with.
    private let room = DispatchSemaphore(value: 0)

    /// What is told which file it is, before its first chunk.
    private let begun: Begun?

    typealias Begun = @Sendable (Meta) throws -> Void

    init(_ begun: Begun?) {
        self.begun = begun
        room.signal()
    }

    /// Whether nobody wants more.
    var isClosed: Bool { state.withLock { $0.closed } }

    /// What `begun` threw: it can't go through C.
    var thrown: (any Error)? { state.withLock { $0.thrown } }

    /// The callback of a stream's start; its user is a box with a channel.
    static let start: hfx_start_fn = { meta, user in
        let channel = Box<Channel>.from(user)
        do {
            try channel.begun?(Meta(meta!))
            return HFX_CONTINUE
        } catch {
            channel.state.withLock { $0.thrown = error }
            return (error as? POSIXError).map { -$0.code.rawValue } ?? HFX_STOP
        }
    }

    /// The callback of a stream; its user is a box with a channel.
    static let receive: hfx_chunk_fn = { _, bytes, length, user in
        let taken = Box<Channel>.from(user).push(Data(bytes: bytes!, count: length))
        return taken ? HFX_CONTINUE : HFX_STOP
    }

    /// Waits for room; false when nobody wants more.
    private func push(_ chunk: Data) -> Bool {
        room.wait()
        let (taker, closed) = state.withLock { state in
            if state.taker == nil && !state.closed { state.chunk = chunk }
            defer { state.taker = nil }
            return (state.taker, state.closed)
        }
        if taker != nil || closed { room.signal() }
        taker?.resume(returning: chunk)
        return !closed
    }

    /// The next chunk; nil when there is none any more.
    func next() async -> Data? {
        await withCheckedContinuation { continuation in
            let (known, chunk) = state.withLock { state -> (Bool, Data?) in
                if let chunk = state.chunk {
                    state.chunk = nil
                    return (true, chunk)
                }
                if state.finished || state.closed { return (true, nil) }
                state.taker = continuation
                return (false, nil)
            }
            if chunk != nil { room.signal() }
            if known { continuation.resume(returning: chunk) }
        }
    }

    /// The job has ended: no chunk comes any more.
    func finish() {
        let taker = state.withLock { state in
            state.finished = true
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume(returning: nil)
    }

    /// Nobody wants more: a thread that waits for room goes on, and a task that waits for a chunk gets none.
    func close() {
        let taker = state.withLock { state in
            state.closed = true
            state.chunk = nil
            defer { state.taker = nil }
            return state.taker
        }
        room.signal()
        taker?.resume(returning: nil)
    }
}

/// The channels of one client, as long as they live: a loop that stands still must not hold up the client's end.
final class Channels: Sendable {
    private struct Living: Sendable {
        weak var channel: Channel?
    }

    private let all = Mutex<[Living]>([])

    func add(_ channel: Channel) {
        all.withLock { all in
            all.removeAll { $0.channel == nil }
            all.append(Living(channel: channel))
        }
    }

    func close() {
        all.withLock { $0 }.forEach { $0.channel?.close() }
    }
}
