import CHfx

/// What will be deleted from a cache; nothing is until `Client.delete`.
public struct Deletion: Sendable {
    let handle: Handle

    /// The bytes that it frees, as far as can be told before.
    public var freed: UInt64 { hfx_deletion_freed(handle.pointer) }
}
