import CHfx
import Synchronization

/// Tells loops that a job's numbers have changed: any number of changes are one until a loop looks.
final class Ticker: Sendable {
    private struct State {
        var loops: [Int: AsyncStream<Void>.Continuation] = [:]
        var begun = 0
        var ended = false
    }

    private let state = Mutex(State())

    /// Makes a job of these options tell of its progress here.
    func listen(to options: Handle) throws {
        let changed: hfx_progress_fn = { _, _, user in Box<Ticker>.from(user).tick() }
        try check { hfx_options_set_progress_fn(options.pointer, changed, Box(self).toUser(), releaseBox, $0) }
    }

    /// The changes from now on, for one loop; the job's end is the last one, also for a loop that comes later.
    func ticks() -> AsyncStream<Void> {
        let (ticks, loop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (number, ended) = state.withLock { state in
            state.begun += 1
            if !state.ended { state.loops[state.begun] = loop }
            return (state.begun, state.ended)
        }
        if ended {
            loop.yield()
            loop.finish()
        } else {
            loop.onTermination = { [weak self] _ in self?.state.withLock { $0.loops[number] = nil } }
        }
        return ticks
    }

    func end() {
        let loops = state.withLock { state in
            defer { state.loops = [:] }
            state.ended = true
            return state.loops.values
        }
        for loop in loops {
            loop.yield()
            loop.finish()
        }
    }

    private func tick() {
        for loop in state.withLock({ $0.loops.values }) { loop.yield() }
    }
}
