import Dispatch

/// Runs a call that has no job, and may wait for the disk or for a lock, off the cooperative threads.
func blocking<Result: Sendable>(_ call: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Swift.Result(catching: call)) }
    }
}
