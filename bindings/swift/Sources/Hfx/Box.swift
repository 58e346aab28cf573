/// A Swift value on its way through C as `void *user`: retained here, released once by the library's destructor.
final class Box<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }

    /// A reference that the library owns until it calls `releaseBox`, which it does when the call fails, too.
    func toUser() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    static func from(_ user: UnsafeMutableRawPointer?) -> Value {
        Unmanaged<Box<Value>>.fromOpaque(user!).takeUnretainedValue().value
    }
}

/// The destructor of all boxes.
let releaseBox: @convention(c) (UnsafeMutableRawPointer?) -> Void = { user in
    Unmanaged<AnyObject>.fromOpaque(user!).release()
}
