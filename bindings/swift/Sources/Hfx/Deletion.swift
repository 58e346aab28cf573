import CHfx

/// What will be deleted from a cache; nothing is until `execute()`.
public struct Deletion: Sendable {
    let handle: Handle

    /// The bytes that it frees, as far as can be told before.
    public var freed: UInt64 { hfx_deletion_freed(handle.pointer) }

    /// Does it; done again, it finds nothing left to do. Returns the bytes that were freed. Goes on after a failure,
    /// and throws the first one at the end.
    @discardableResult
    public func execute() async throws -> UInt64 {
        try await blocking { [handle] in
            var freed: UInt64 = 0
            try check { hfx_deletion_execute(handle.pointer, &freed, $0) }
            return freed
        }
    }
}
