import Foundation
import Hfx
import Testing

@Suite struct DownloadTests {
    @Test func aFileComesVerifiedAndIsCachedThen() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let file = try await client.download("model.bin", of: Fixture.big)
        #expect(file.name == "model.bin" && file.state == .done && file.verified == .hash)
        #expect(file.size == UInt64(Fixture.model.count) && file.etag?.count == 64 && file.commit?.count == 40)
        #expect(try Data(contentsOf: file.url) == Fixture.model)
        let again = try await client.download("model.bin", of: Fixture.big)
        #expect(again.path == file.path && again.state == .cached)
        try await client.close()
        try await expectFailure(.closed) { try await client.download("model.bin", of: Fixture.big) }
    }

    @Test func aSnapshotTellsOfEachFile() async throws {
        let hub = try Hub()
        let client = try hub.client()
        var options = Options()
        options.include = ["file_1*.txt"]
        options.exclude = ["file_10.txt"]
        let some = try await client.snapshot(of: Fixture.many, options: options)
        #expect(some.files.count == 10 && some.commit.count == 40)
        #expect(some.files.allSatisfy { $0.path.hasPrefix(some.path) && $0.size == 20_000 })
        options = Options()
        options.dryRun = true
        let planned = try await client.snapshot(of: Fixture.many, options: options)
        #expect(planned.files.filter { $0.state == .planned }.count == Fixture.manyCount - 10)
        let rows = try await client.snapshot(of: Fixture.rows)
        #expect(rows.files.map(\.name) == ["train.csv"])
    }

    @Test func anIncompleteSnapshotTellsOfEachFile() async throws {
        let hub = try Hub()
        let client = try hub.client()
        try await hub.setFaults(
            #"[{"match": {"path": "file_7.txt", "times": 0}, "do": {"status": 403}}]"#)
        var options = Options()
        options.failFast = false
        let error = try await expectFailure(.incomplete) {
            try await client.snapshot(of: Fixture.many, options: options)
        }
        let failed = error?.files.filter { $0.state == .failed } ?? []
        #expect(error?.files.count == Fixture.manyCount && failed.map(\.name) == ["file_7.txt"])
        let whole = try #require(error?.files.first { $0.name == "file_8.txt" })
        #expect(whole.error == nil && FileManager.default.fileExists(atPath: whole.path))
        #expect(failed.first?.error?.code == .forbidden && failed.first?.error?.httpStatus == 403)
    }

    @Test func filesAreNamedExactlyAndAnEmptyListLiftsTheClients() async throws {
        let hub = try Hub()
        var options = hub.options
        options.include = ["*.none"]
        let client = try Client(options)
        options = Options()
        options.files = ["file_7.txt"]
        #expect(try await client.snapshot(of: Fixture.many, options: options).files.map(\.name) == ["file_7.txt"])
        options.files = ["file_?.txt"]
        try await expectFailure(.entryNotFound) { try await client.snapshot(of: Fixture.many, options: options) }
        options = Options()
        options.include = []
        #expect(try await client.snapshot(of: Fixture.tiny, options: options).files.count == 3)
    }

    @Test func aURLComesToAPath() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let url = "\(hub.endpoint)/acme/tiny/resolve/main/config.json"
        let file = try await client.download(url: url, to: hub.path("out/config.json"))
        #expect(file.path == hub.path("out/config.json"))
        #expect(try Data(contentsOf: file.url) == Fixture.config)
        var options = Options()
        options.sha256 = String(repeating: "0", count: 64)
        try await expectFailure(.hashMismatch) {
            try await client.download(url: url, to: hub.path("out/other.json"), options: options)
        }
    }

    @Test func manyTasksShareAClient() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let sizes = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for index in 0..<200 {
                group.addTask { try await client.download("file_\(index % 50).txt", of: Fixture.many).size }
            }
            return try await group.reduce(into: [UInt64]()) { $0.append($1) }
        }
        #expect(sizes == Array(repeating: 20_000, count: 200))
    }
}
