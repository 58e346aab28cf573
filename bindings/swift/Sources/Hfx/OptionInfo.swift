import CHfx

/// A row of the library's table of options.
public struct OptionInfo: Sendable {
    public enum Kind: Int32, Sendable {
        case bool = 1, int, string, secret, list, choice
    }

    public let name: String
    /// What it does, in one line.
    public let doc: String
    /// Its default as text, empty when it has none.
    public let defaultText: String
    /// Nil for a kind that a newer library has.
    public let kind: Kind?
    /// The least and greatest number of an `.int` option.
    public let bounds: ClosedRange<Int64>
    /// Whether jobs of one client may have different values.
    public let perJob: Bool
    /// The environment variables that `Options.fromEnvironment` reads for it.
    public let environment: [String]
    /// The values of a `.choice` option.
    public let choices: [String]

    /// All options that this library has.
    public static var all: [OptionInfo] {
        (0..<hfx_option_count()).map { OptionInfo(hfx_option_at($0)) }
    }

    private init(_ option: OpaquePointer?) {
        name = text(hfx_option_name(option)) ?? ""
        doc = text(hfx_option_doc(option)) ?? ""
        defaultText = text(hfx_option_default(option)) ?? ""
        kind = Kind(rawValue: hfx_option_type(option))
        var least: Int64 = 0
        var most: Int64 = 0
        hfx_option_bounds(option, &least, &most)
        bounds = least...most
        perJob = hfx_option_per_job(option) == 1
        environment = list { text(hfx_option_env(option, $0)) }
        choices = list { text(hfx_option_choice(option, $0)) }
    }
}
