import CHfx

/// The answer of a store to a part of a file.
public struct StoredPart: Sendable {
    /// By their names in lower case.
    public let headers: [String: String]

    public var etag: String? { headers["etag"] }

    init(_ parts: OpaquePointer, _ index: Int) {
        let names = (0..<hfx_parts_header_count(parts, index)).compactMap {
            text(hfx_parts_header_name(parts, index, $0))
        }
        let pairs = names.map { ($0, text(hfx_parts_header(parts, index, $0)) ?? "") }
        headers = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}
