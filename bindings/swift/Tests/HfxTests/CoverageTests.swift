import Foundation
import Testing

/// Every function of the header has a use here, or a reason to have none.
@Suite struct CoverageTests {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A task awaits a job's completion; it neither blocks a thread nor watches a descriptor. Jobs and errors that the
    /// library lends are not kept.
    static let unused: Set = [
        "hfx_job_wait", "hfx_job_poll", "hfx_client_event_fd", "hfx_client_next_job", "hfx_options_set_done_fn",
        "hfx_job_clone", "hfx_error_clone",
    ]

    static func read(_ path: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
    }

    /// The names of the library in a text, in their order.
    static func words(_ text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.filter { $0.hasPrefix("hfx_") }.map(String.init)
    }

    @Test func theWholeHeaderIsUsed() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["HFX_INCLUDE"])
        let header = try String(contentsOfFile: folder + "/hfx.h", encoding: .utf8)
        let starts = header.split(separator: "\n").filter { !$0.hasPrefix("//") && !$0.hasPrefix(" ") && $0.contains("(") }
        let declared = Set(starts.compactMap { Self.words(String($0.prefix { $0 != "(" })).last })
        let sources = Self.package.appendingPathComponent("Sources/Hfx")
        let text = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        let missing = declared.subtracting(Self.words(text)).subtracting(Self.unused)
        #expect(Self.unused.isSubset(of: declared) && Self.unused.isDisjoint(with: Self.words(text)))
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
