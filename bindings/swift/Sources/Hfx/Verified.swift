/// What was proven of bytes.
public enum Verified: Int32, Sendable {
    /// Nothing was checked now: a file of the cache is trusted by its name.
    case none = 0
    /// The hash of the bytes is right.
    case hash
    /// No hash is known; the length is right.
    case length
    /// One that a newer library uses.
    case unknown = -1
}
