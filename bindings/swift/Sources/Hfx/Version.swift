import CHfx

/// The version of the library.
public enum Version {
    /// Of the library that runs, as "0.1.0".
    public static var string: String { String(cString: hfx_version_string()) }
    /// Of the library that runs: major * 1000000 + minor * 1000 + patch.
    public static var number: UInt32 { hfx_version_number() }

    /// Throws when the library does not fit the header that this was built with.
    public static func check() throws {
        try Hfx.check { hfx_version_check(UInt32(HFX_VERSION_NUMBER), $0) }
    }
}
