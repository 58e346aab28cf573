import Hfx
import Testing

/// Expects a call to fail in one way, and gives its error.
@discardableResult
func expectFailure<Value>(
    _ code: HfxError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Value
) async throws -> HfxError? {
    do {
        _ = try await call()
        Issue.record("no failure", sourceLocation: sourceLocation)
    } catch let error as HfxError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(!error.message.isEmpty, sourceLocation: sourceLocation)
        return error
    }
    return nil
}

/// Expects a call to be cancelled.
func expectCancelled<Value>(
    sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Value
) async {
    await #expect(throws: CancellationError.self, sourceLocation: sourceLocation) { _ = try await call() }
}
