/// How far a job is, as it goes on. A loop that is slow misses pictures, never the last one.
public struct ProgressSequence: AsyncSequence, Sendable {
    let ticker: Ticker
    let job: Handle
    /// Dropped, the job's client would cancel it.
    let client: Handle

    public struct AsyncIterator: AsyncIteratorProtocol {
        var ticks: AsyncStream<Void>.Iterator
        let job: Handle
        let client: Handle

        public mutating func next() async throws -> JobProgress? {
            guard await ticks.next() != nil else { return nil }
            return try JobProgress(of: job)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(ticks: ticker.ticks().makeAsyncIterator(), job: job, client: client)
    }
}
