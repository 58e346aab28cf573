import Foundation
import Hfx
import Testing

@Suite struct LeakTests {
    static func count(_ folder: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder).count
    }

    /// Descriptors and threads of the library over many clients; a job and a stream in each.
    @Test func clientsLeaveNothingBehind() async throws {
        let hub = try Hub()
        func cycle() async throws {
            let client = try hub.client()
            _ = try await client.download("config.json", of: Fixture.tiny)
            _ = try await client.read("config.json", of: Fixture.tiny)
            for try await _ in client.stream("model.bin", of: Fixture.big, length: 100_000) { break }
            try await client.close()
        }
        for _ in 0..<3 { try await cycle() }
        let descriptors = try Self.count("/proc/self/fd")
        for _ in 0..<100 { try await cycle() }
        #expect(try Self.count("/proc/self/fd") <= descriptors)
        let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").map {
            try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
        }
        // The Hub's own control client has threads, too: none of the cycles' hundred may be left beside them.
        #expect(names.filter { $0?.hasPrefix("hfx\n") == true }.count < 20)
    }

    /// A client that nobody closed ends with its last owner.
    @Test func aDroppedClientEnds() async throws {
        let hub = try Hub()
        let descriptors = try Self.count("/proc/self/fd")
        for _ in 0..<20 { _ = try await hub.client().meta("config.json", of: Fixture.tiny) }
        while try Self.count("/proc/self/fd") > descriptors { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// What a callback holds is let go of once, whether its call went well, failed or was refused.
    @Test func callbacksLetGoOfWhatTheyHold() async throws {
        let hub = try Hub()
        let counter = Counter()
        do {
            let client = try hub.client(log: Log(.debug) { [alive = Alive(counter)] _, _, _ in _ = alive })
            let commit = try Commit()
            for path in ["good", "../refused"] {
                try? commit.add(size: 4, as: path) { [alive = Alive(counter)] _, buffer in
                    _ = alive
                    buffer.copyBytes(from: [1, 2, 3, 4])
                    return 4
                }
            }
            try await client.commit(commit, to: Fixture.tiny)
            try await client.close()
        }
        await counter.becomes(0)
    }
}
