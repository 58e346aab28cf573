import Foundation

/// The bytes of a remote file in their order, in chunks, as fast as they are taken. What came is proven only when the
/// loop has ended without an error. Leaving the loop, or cancelling its task, ends the transfer.
public struct ByteStream: AsyncSequence, Sendable {
    let begun: (@Sendable (Meta) throws -> Void)?
    let start: @Sendable (Channel) throws -> Job<Bytes>

    /// Starts the transfer.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(transfer: Transfer(Channel(begun), start)) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let transfer: Transfer

        public func next() async throws -> Data? { try await transfer.next() }
    }
}

/// Ends with the iterator, whose loop may be left at any time.
private final class Transfer: Sendable {
    private let channel: Channel
    private let job: Result<Job<Bytes>, any Error>

    init(_ channel: Channel, _ start: (Channel) throws -> Job<Bytes>) {
        self.channel = channel
        job = Result { try start(channel) }
        if case .success(let job) = job { job.completion.whenEnded { channel.finish() } }
    }

    func next() async throws -> Data? {
        let job = try job.get()
        let chunk = await withTaskCancellationHandler { await channel.next() } onCancel: { stop() }
        if chunk == nil {
            // The loop was cancelled: whatever the job came to, not all of its chunks were taken.
            if channel.isClosed { throw CancellationError() }
            do {
                _ = try await job.value
            } catch {
                throw channel.thrown ?? error
            }
        }
        return chunk
    }

    private func stop() {
        channel.close()
        if case .success(let job) = job { job.cancel() }
    }

    deinit { stop() }
}
