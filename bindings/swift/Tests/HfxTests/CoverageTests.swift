import Foundation
import Testing

/// Every function of the header has a use here, or a reason to have none.
@Suite struct CoverageTests {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A task awaits a job's completion; it neither blocks a thread nor watches a descriptor.
    static let unused: Set = [
        "hfx_job_wait", "hfx_job_poll", "hfx_client_event_fd", "hfx_client_next_job",
    ]

    static func read(_ path: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
    }

    /// The names that a text calls or declares.
    static func functions(in text: String) -> Set<String> {
        Set(text.matches(of: /\b(hfx_[a-z0-9_]+)\b/).map { String($0.1) })
    }

    @Test func theWholeHeaderIsUsed() throws {
        let header = try String(contentsOfFile: ProcessInfo.processInfo.environment["HFX_INCLUDE"]! + "/hfx.h", encoding: .utf8)
        let declared = Set(header.matches(of: /\n[a-z][a-z0-9_ *]*?\b\*?(hfx_[a-z0-9_]+)\(/).map { String($0.1) })
        let sources = Self.package.appendingPathComponent("Sources/Hfx")
        let text = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        let missing = declared.subtracting(Self.functions(in: text)).subtracting(Self.unused)
            .filter { !$0.hasSuffix("_wait") }
        #expect(declared.count > 200 && missing.isEmpty, "\(missing.sorted()) of \(declared.count)")
    }

    /// The README's first example is the program that is built and run here.
    @Test func theExampleOfTheReadmeIsTheExample() throws {
        let example = try Self.read("Examples/main.swift")
        let body = try #require(example.range(of: "do {\n")).upperBound
        let lines = example[body...].prefix(upTo: try #require(example.range(of: "} catch")).lowerBound)
            .split(separator: "\n", omittingEmptySubsequences: false).map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 }
        #expect(try Self.read("README.md").contains(lines.joined(separator: "\n")))
    }
}
