import Foundation
import Hfx

/// A Hub of a test's own, with the repositories of `Fixture`. Ends with its last owner.
final class Hub: Sendable {
    static let token = "hf_swift_tests"

    let folder: URL
    let endpoint: String
    private let process: Process
    private let control: Client

    init() throws {
        guard let tool = ProcessInfo.processInfo.environment["HFX_TOOL"], !tool.isEmpty else {
            throw Missing(what: "HFX_TOOL must name the tool hfx: run test.sh")
        }
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("hfx-\(UUID().uuidString)")
        try Fixture.write(below: folder.appendingPathComponent("hub"))
        process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = [
            "serve", folder.appendingPathComponent("hub").path, "--control", "--token", Self.token,
            "--multipart-from", "1M", "--chunk-size", "512K",
        ]
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var line = Data()
        while !line.contains(0x0A) {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Missing(what: "the Hub has not started") }
            line += more
        }
        let first = String(decoding: line, as: UTF8.self).split(separator: "\n")[0]
        endpoint = String(first.dropFirst("HF_ENDPOINT=".count))
        var options = Options()
        options.endpoint = endpoint
        control = try Client(options)
    }

    deinit {
        kill(process.processIdentifier, SIGKILL) // It has inherited a mask that blocks SIGTERM.
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Options with the endpoint, a token that may write, and a cache in the test's folder.
    var options: Options {
        var options = Options()
        options.endpoint = endpoint
        options.token = Self.token
        options.cacheDir = path("cache")
        options.assetsDir = path("assets")
        options.durability = .process
        return options
    }

    func client(log: Log? = nil) throws -> Client { try Client(options, log: log) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func write(_ name: String, _ data: Data) throws -> String {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
        return url.path
    }

    /// What the Hub shall do wrong from now on; "[]" is nothing.
    func setFaults(_ json: String) async throws { _ = try await control.call("PUT", "/_hfx/faults", json: json) }

    /// The requests that the Hub has got, as JSON.
    func requests() async throws -> String { try await control.call("GET", "/_hfx/requests").body }
}

struct Missing: Error {
    let what: String
}

extension Hub {
    /// The bytes of all answers' bodies so far.
    func sentOfBodies() async throws -> Int {
        struct Request: Decodable { let bytes_sent: Int }
        let json = Data(try await requests().utf8)
        return try JSONDecoder().decode([Request].self, from: json).map(\.bytes_sent).reduce(0, +)
    }
}
