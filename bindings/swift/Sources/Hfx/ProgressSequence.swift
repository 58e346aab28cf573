/// How far a job is, as it goes on. A loop that is slow misses pictures, never the last one.
public struct ProgressSequence: AsyncSequence, Sendable {
    let ticks: AsyncStream<Void>
    let job: Handle

    public struct AsyncIterator: AsyncIteratorProtocol {
        var ticks: AsyncStream<Void>.Iterator
        let job: Handle

        public mutating func next() async throws -> JobProgress? {
            guard await ticks.next() != nil else { return nil }
            return try JobProgress(of: job)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(ticks: ticks.makeAsyncIterator(), job: job) }
}
