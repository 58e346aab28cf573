import CHfx
import Foundation

/// A handle of the library, freed with its last owner.
///
/// Sendable: those that are kept here may be used from many threads at once, as the header says of each.
final class Handle: @unchecked Sendable {
    typealias Free = @convention(c) (OpaquePointer?) -> Void

    let pointer: OpaquePointer
    private let free: Free

    init(_ pointer: OpaquePointer, _ free: @escaping Free) {
        self.pointer = pointer
        self.free = free
    }

    /// What a call hands out through its output; its error, thrown, when it fails.
    convenience init(
        _ free: @escaping Free,
        from call: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>) throws -> hfx_status
    ) throws {
        var output: OpaquePointer?
        try check { try call(&output, $0) }
        self.init(output!, free)
    }

    deinit { free(pointer) }
}

/// Makes a call, and throws its error when it fails.
func check(_ call: (UnsafeMutablePointer<OpaquePointer?>) throws -> hfx_status) throws {
    var error: OpaquePointer?
    let status = try call(&error)
    guard status != HFX_OK else { return }
    defer { hfx_error_free(error) }
    if status == HFX_E_CANCELLED { throw CancellationError() }
    throw HfxError(error)
}

/// A copy of a text that the library lends.
func text(_ lent: UnsafePointer<CChar>?) -> String? {
    lent.map { String(cString: $0) }
}

/// All that a getter by index gives, up to its NULL behind the last.
func list<Element>(_ at: (Int) -> Element?) -> [Element] {
    var elements: [Element] = []
    while let element = at(elements.count) { elements.append(element) }
    return elements
}

/// A text on its way to C, where it would end at its first NUL and name something else.
func whole(_ text: String) throws -> String {
    guard !text.utf8.contains(0) else {
        throw HfxError(.invalidArgument, "a text has a NUL character in it")
    }
    return text
}

/// Calls with an optional text as C wants it: NULL for none.
func withText<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) throws -> Result) throws -> Result {
    guard let text else { return try body(nil) }
    return try whole(text).withCString(body)
}

/// Calls with texts as a C array.
func withTexts<Result>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) throws -> Result) throws -> Result {
    let copies = try texts.map(whole).map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return try body(copies.map { UnsafePointer($0) })
}
