import CHfx
import Synchronization

/// That a job has ended, and who waits for it.
final class Completion: Sendable {
    private struct State {
        var ended = false
        var waiters: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Calls it when the job has ended: now, when it has already.
    func whenEnded(_ waiter: @escaping @Sendable () -> Void) {
        let ended = state.withLock { state in
            if !state.ended { state.waiters.append(waiter) }
            return state.ended
        }
        if ended { waiter() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in whenEnded { continuation.resume() } }
    }

    func end() {
        let waiters = state.withLock { state in
            state.ended = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter() }
    }

    /// Makes a job of these options tell of its end here.
    func listen(to options: Handle) throws {
        let done: hfx_done_fn = { _, user in Box<Completion>.from(user).end() }
        try check { hfx_options_set_done_fn(options.pointer, done, Box(self).toUser(), releaseBox, $0) }
    }
}
