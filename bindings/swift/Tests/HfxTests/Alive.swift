import Synchronization

/// How many objects live.
final class Counter: Sendable {
    private let living = Atomic(0)

    func add(_ number: Int) { living.add(number, ordering: .sequentiallyConsistent) }

    /// Waits for it: what the library holds is let go of on its own threads.
    func becomes(_ number: Int) async {
        while living.load(ordering: .sequentiallyConsistent) != number { await Task.yield() }
    }
}

/// An object that is counted while it lives.
final class Alive: Sendable {
    private let counter: Counter

    init(_ counter: Counter) {
        self.counter = counter
        counter.add(1)
    }

    deinit { counter.add(-1) }
}
