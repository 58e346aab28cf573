import CHfx

/// The options of a client, or those of one call, which lie over the client's. What is nil is not set: the environment's
/// value counts where it was read, for a call the client's, else the default. `unset(name:)` takes the environment's back,
/// and an empty token asks as nobody.
///
/// Values are checked by the library when they are used: a bad one makes the call throw `.invalidArgument`. A property
/// reads back what was set through it; `text(name:)` shows all.
public struct Options: Sendable {
    /// What was read from the environment; secrets in it can't be read out, so it stays the library's.
    private var base: Handle?
    private var values: [Int32: any OptionValue] = [:]

    public init() {}

    /// What the environment of the process says: `HF_HOME`, `HF_TOKEN`, `HF_ENDPOINT`, proxies, certificates and the
    /// token file, as the Python client reads them. Not while another thread changes the environment.
    public static func fromEnvironment() throws -> Options {
        var options = Options()
        options.base = try Handle(hfx_options_free) { hfx_options_from_env($0, $1) }
        return options
    }

    /// The same from variables of your own; the token file and the home folder are found by `HOME`, `HF_HOME` and
    /// `HF_TOKEN_PATH` among them.
    public static func from(variables: [String: String]) throws -> Options {
        var options = Options()
        let pairs = Array(variables)
        options.base = try withTexts(pairs.map(\.key)) { names in
            try withTexts(pairs.map(\.value)) { values in
                try Handle(hfx_options_free) { hfx_options_from_vars(names, values, names.count, $0, $1) }
            }
        }
        return options
    }

    /// Forgets what was set, by the environment, too: the option has its default again.
    public mutating func unset(name: String) throws {
        let set = try Handle(hfx_options_free) { hfx_options_new($0, $1) }
        let name = try whole(name)
        try check { hfx_options_unset_by_name(set.pointer, name, $0) }
        values[hfx_option_id(hfx_option_by_name(name))] = Default()
    }

    /// Sets any option by its name, from text: "true", "64M", "process". Of a list it adds one.
    public mutating func set(name: String, value: String) throws {
        let set = try Handle(hfx_options_free) { hfx_options_new($0, $1) }
        let (name, value) = (try whole(name), try whole(value))
        try check { hfx_options_set_by_name(set.pointer, name, value, $0) }
        let option = hfx_option_by_name(name)
        let id = hfx_option_id(option)
        if hfx_option_type(option) == HFX_TYPE_LIST {
            values[id] = (values[id] as? [String] ?? []) + [value]
        } else {
            values[id] = NamedText(name: name, text: value)
        }
    }

    /// What an option holds, as the library shows it; a secret shows as "***".
    public func text(name: String) throws -> String {
        let (set, name) = (try handle(), try whole(name))
        return try withExtendedLifetime(set) {
            var shown: UnsafePointer<CChar>?
            try check { hfx_options_get(set.pointer, hfx_option_id(hfx_option_by_name(name)), &shown, $0) }
            return Hfx.text(shown) ?? ""
        }
    }

    /// A set of the library with these values, of the caller's own.
    func handle() throws -> Handle {
        let set = try Handle(hfx_options_free) { out, error in
            base.map { hfx_options_clone($0.pointer, out, error) } ?? hfx_options_new(out, error)
        }
        for (id, value) in values { try value.put(id, into: set.pointer) }
        return set
    }

    subscript<Value: OptionValue>(id: Int32) -> Value? {
        get { values[id] as? Value }
        set { values[id] = newValue }
    }
}

/// A value that came as text, with a unit perhaps.
private struct NamedText: OptionValue {
    let name: String
    let text: String

    func put(_: Int32, into options: OpaquePointer) throws {
        try check { hfx_options_set_by_name(options, name, text, $0) }
    }
}

/// Nothing, in place of what the environment says.
private struct Default: OptionValue {
    func put(_ id: Int32, into options: OpaquePointer) throws {
        try check { hfx_options_unset(options, id, $0) }
    }
}
