import Foundation
import Hfx
import Testing

@Suite struct ExampleTests {
    @Test func theExampleRuns() throws {
        let hub = try Hub()
        let example = Process()
        example.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("example")
        example.arguments = ["acme/tiny", "config.json"]
        var environment = ProcessInfo.processInfo.environment
        environment["HF_ENDPOINT"] = hub.endpoint
        environment["HF_HOME"] = hub.path("home")
        example.environment = environment
        let output = Pipe()
        example.standardOutput = output
        try example.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        example.waitUntilExit()
        #expect(example.terminationStatus == 0, "\(said)")
        #expect(said.contains("3 of 3 files, 100 %") && said.contains("config.json: \(Fixture.config.count) bytes mapped"))
    }
}
