import CHfx

/// What an option can hold.
public protocol OptionValue: Sendable {
    /// Puts the value into a set of the library.
    func put(_ id: Int32, into options: OpaquePointer) throws
}

extension Bool: OptionValue {
    public func put(_ id: Int32, into options: OpaquePointer) throws {
        try check { hfx_options_set_bool(options, id, self ? 1 : 0, $0) }
    }
}

extension Int64: OptionValue {
    public func put(_ id: Int32, into options: OpaquePointer) throws {
        try check { hfx_options_set_int(options, id, self, $0) }
    }
}

extension Int: OptionValue {
    public func put(_ id: Int32, into options: OpaquePointer) throws { try Int64(self).put(id, into: options) }
}

extension Duration: OptionValue {
    public func put(_ id: Int32, into options: OpaquePointer) throws { try milliseconds.put(id, into: options) }

    /// Rounded up, so that a short time is never none.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}

extension String: OptionValue {
    public func put(_ id: Int32, into options: OpaquePointer) throws {
        try check { try hfx_options_set_string(options, id, whole(self), $0) }
    }
}

/// A list takes the place of what was there; with a call, an empty one lifts the client's.
extension Array: OptionValue where Element == String {
    public func put(_ id: Int32, into options: OpaquePointer) throws {
        try withTexts(self) { texts in
            try check { hfx_options_set_strings(options, id, texts, texts.count, $0) }
        }
    }
}

/// One of a few named values.
public protocol OptionChoice: OptionValue, RawRepresentable<String> {}

extension OptionChoice {
    public func put(_ id: Int32, into options: OpaquePointer) throws { try rawValue.put(id, into: options) }
}
