import Foundation
import Hfx
import Testing

@Suite struct CacheTests {
    @Test func theCacheIsLookedOverAndCleaned() async throws {
        let hub = try Hub()
        let client = try hub.client()
        if case .unknown = try client.lookup("config.json", of: Fixture.tiny) {} else { Issue.record("known") }
        let snapshot = try await client.snapshot(of: Fixture.tiny)
        _ = try await client.snapshot(of: Fixture.rows)
        try await expectFailure(.entryNotFound) { try await client.download("none", of: Fixture.tiny) }
        guard case .found(let file) = try client.lookup("config.json", of: Fixture.tiny) else {
            Issue.record("not found")
            return
        }
        #expect(file.path.hasPrefix(snapshot.path) && file.verified == .none)
        if case .missing = try client.lookup("none", of: Fixture.tiny) {} else { Issue.record("not missing") }

        var elsewhere = Options()
        _ = try hub.write("elsewhere/models--acme--none/refs/none", Data())
        elsewhere.cacheDir = hub.path("elsewhere")
        if case .unknown = try client.lookup("config.json", of: Fixture.tiny, options: elsewhere) {
        } else {
            Issue.record("known elsewhere")
        }
        #expect(try await client.scanCache(options: elsewhere).path == hub.path("elsewhere"))
        elsewhere = Options()
        elsewhere.offline = true
        #expect(try await client.tree(of: Fixture.tiny, options: elsewhere).count == 3)

        let cache = try await client.scanCache()
        #expect(cache.path == hub.path("cache") && cache.size > 0 && cache.warnings.isEmpty)
        let tiny = try #require(cache.repos.first { $0.repo == Fixture.tiny })
        #expect(cache.repos.count == 2 && tiny.size > 0 && tiny.path.hasPrefix(cache.path))
        #expect(abs(tiny.lastUsed.timeIntervalSinceNow) < 3600)
        let revision = try #require(tiny.revisions.first)
        #expect(revision.commit == snapshot.commit && revision.refs == ["main"] && revision.files.count == 3)
        #expect(revision.path == snapshot.path && revision.size == tiny.size)
        #expect(revision.files.map(\.name).contains("sub/dir/note.txt") && revision.files.contains { $0.size > 0 })

        let checked = try await client.verify(Fixture.tiny)
        #expect(checked.checked == 3 && checked.bytes == tiny.size && checked.mismatches.isEmpty)
        #expect(checked.missing.isEmpty && checked.unknown.isEmpty)
        let blob = URL(fileURLWithPath: file.path).resolvingSymlinksInPath()
        try Data("{}".utf8).write(to: blob)
        let mismatches = try await client.verify(Fixture.tiny).mismatches
        #expect(mismatches.count == 1 && mismatches[0].expected != mismatches[0].actual)
        #expect(mismatches[0].file.hasSuffix(blob.lastPathComponent))

        #expect(try cache.pruning().freed == 0)
        let deletion = try cache.deleting(revisions: [snapshot.commit])
        #expect(deletion.freed > 0)
        let job = try client.start(.delete(deletion))
        #expect(try await job.value == deletion.freed && job.currentProgress().bytesDone == deletion.freed)
        #expect(try await client.delete(deletion) == 0)
        try await client.delete(cache.deleting(Fixture.rows))
        #expect(try await client.scanCache().repos.isEmpty)
        try await expectFailure(.revisionNotFound) { try cache.deleting(revisions: [String(repeating: "0", count: 40)]) }
    }

    @Test func aCancelledTaskNeitherLooksNorDeletes() async throws {
        let hub = try Hub()
        let client = try hub.client()
        _ = try await client.snapshot(of: Fixture.rows)
        let plan = try await client.scanCache().deleting(Fixture.rows)
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await client.scanCache() }, { _ = try await client.delete(plan) },
        ]
        for call in calls {
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await call()
            }
            task.cancel()
            await expectCancelled { try await task.value }
        }
        #expect(try await client.scanCache().repos.count == 1)
    }

    @Test func assetsHaveAFolder() throws {
        let hub = try Hub()
        let path = try hub.client().assetsPath(library: "swift", subfolder: "tests")
        #expect(path == hub.path("assets/swift/default/tests") && FileManager.default.fileExists(atPath: path))
    }
}
