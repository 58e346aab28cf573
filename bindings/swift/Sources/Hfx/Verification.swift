import CHfx

/// What a verification of cached files found.
public struct Verification: Sendable {
    /// A file whose bytes are not what its name says.
    public struct Mismatch: Sendable, Hashable {
        public let file: String
        public let expected: String
        public let actual: String
    }

    /// How many files were hashed.
    public let checked: UInt64
    /// How many bytes were hashed.
    public let bytes: UInt64
    public let mismatches: [Mismatch]
    /// Files of the revision that are not there.
    public let missing: [String]
    /// Files that were not checked, since no hash of them is known.
    public let unknown: [String]

    init(_ verification: OpaquePointer) {
        checked = hfx_verification_checked(verification)
        bytes = hfx_verification_bytes(verification)
        mismatches = list { index in
            text(hfx_verification_mismatch(verification, index)).map {
                Mismatch(
                    file: $0, expected: text(hfx_verification_expected(verification, index)) ?? "",
                    actual: text(hfx_verification_actual(verification, index)) ?? "")
            }
        }
        missing = list { text(hfx_verification_missing(verification, $0)) }
        unknown = list { text(hfx_verification_unknown(verification, $0)) }
    }
}
