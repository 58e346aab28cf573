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

    /// Makes a job tell of its end here. A client that is being closed may leave the call out, never the destructor.
    func listen(to job: Handle) {
        let done: hfx_done_fn = { _, user in Box<Completion>.from(user).end() }
        let forgotten: @convention(c) (UnsafeMutableRawPointer?) -> Void = { user in
            Box<Completion>.from(user).end()
            releaseBox(user)
        }
        _ = hfx_job_on_done(job.pointer, done, Box(self).toUser(), forgotten, nil)
    }
}
