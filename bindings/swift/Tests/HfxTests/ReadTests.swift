import Foundation
import Hfx
import Testing

@Suite struct ReadTests {
    static func url(_ hub: Hub) -> String { "\(hub.endpoint)/acme/big/resolve/main/model.bin" }

    @Test func rangesComeIntoMemory() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let middle = try await client.read("model.bin", of: Fixture.big, offset: 5_000_000, length: 1000)
        #expect(middle == Fixture.model[5_000_000..<5_001_000])
        let tail = try await client.read("model.bin", of: Fixture.big, offset: UInt64(Fixture.model.count - 10))
        #expect(tail == Fixture.model.suffix(10))
        let ofURL = try await client.read(url: Self.url(hub), offset: 100, length: 50)
        #expect(ofURL == Fixture.model[100..<150])
        let whole = try await client.run(.read("model.bin", of: Fixture.big))
        #expect(whole.data == Fixture.model && whole.verified == .hash && whole.fileSize == whole.length)
        #expect(try await client.read("empty.txt", of: Fixture.tiny).isEmpty)
        try await expectFailure(.invalidArgument) {
            try await client.read("config.json", of: Fixture.tiny, offset: 1000)
        }
    }

    @Test func laterReadsAreOfTheSameContent() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let known = try await client.run(.read("model.bin", of: Fixture.big, length: 10))
        #expect(known.etag?.count == 64 && known.commit?.count == 40)
        let first = try await client.run(.read(url: Self.url(hub), length: 10))
        var same = Options()
        same.ifMatch = first.etag
        #expect(first.etag != nil && first.commit == nil)
        #expect(try await client.read(url: Self.url(hub), offset: 10, length: 10, options: same) == Fixture.model[10..<20])
        try await client.upload(Data("other".utf8), as: "model.bin", to: Fixture.big)
        try await expectFailure(.contentChanged) { try await client.read(url: Self.url(hub), length: 5, options: same) }
    }

    @Test func aStreamTellsWhichFileItIsBeforeItsFirstByte() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let lines = Lines()
        for try await _ in client.stream("model.bin", of: Fixture.big, begun: { lines.add("\($0.etag) \($0.size)") }) {
            #expect(lines.all.count == 1)
        }
        let meta = try await client.meta("model.bin", of: Fixture.big)
        #expect(lines.all == ["\(meta.etag) \(meta.size)"])
        await #expect(throws: Missing.self) {
            let unwanted = client.stream(url: Self.url(hub), begun: { _ in throw Missing(what: "an interest") })
            for try await _ in unwanted { Issue.record("a chunk came") }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aStreamThatWasCancelledSaysSo() async throws {
        let hub = try Hub()
        let commit = try await hub.client().download("model.bin", of: Fixture.big).commit!
        let client = try hub.client()
        // From the cache all chunks but the last are there at once, and over the network the job may have ended.
        for repo in [Repo(Fixture.big.id, revision: commit), Fixture.big] {
            let (taken, go) = AsyncStream.makeStream(of: Void.self)
            let loop = Task {
                for try await _ in client.stream("model.bin", of: repo) {
                    go.yield()
                    while !Task.isCancelled { await Task.yield() }
                }
            }
            for await _ in taken { break }
            loop.cancel()
            await #expect(throws: CancellationError.self) { try await loop.value }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCloseEndsAStreamThatNobodyReads() async throws {
        let hub = try Hub()
        let client = try hub.client()
        await #expect(throws: CancellationError.self) {
            for try await _ in client.stream("model.bin", of: Fixture.big) { try await client.close() }
        }
    }

    @Test func aTextWithANulIsRefused() async throws {
        let hub = try Hub()
        let client = try hub.client()
        try await expectFailure(.invalidArgument) { try await client.deleteRepo(Repo("acme/tiny\0-old")) }
        try await expectFailure(.invalidArgument) { try await client.read("config.json\0.bak", of: Fixture.tiny) }
        try await expectFailure(.invalidArgument) { try Commit().delete(file: "a\0.bak") }
        try await expectFailure(.invalidArgument) { try Options.from(variables: ["HF_TOKEN": "a\0b"]) }
        var options = Options()
        options.token = "secret\0"
        do {
            _ = try Client(options)
            Issue.record("it was taken")
        } catch let error as HfxError {
            #expect(error.code == .invalidArgument && !error.message.contains("secret"))
        }
        #expect(try await client.exists(Fixture.tiny))
    }

    @Test func dataStaysAfterTheClientAndCanBeChanged() async throws {
        let hub = try Hub()
        var data = try await hub.client().read("model.bin", of: Fixture.big, length: 100_000)
        data[0] = 1
        #expect(data[0] == 1 && data[1...] == Fixture.model[1..<100_000])
    }

    @Test func rangesComeIntoMemoryOfMine() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { memory.deallocate() }
        var read = try await client.run(.read("model.bin", of: Fixture.big, offset: 64, length: 4096, into: memory))
        #expect(read.length == 4096 && read.data.isEmpty && Data(memory) == Fixture.model[64..<4160])
        read = try await client.run(.read(url: Self.url(hub), offset: 1, length: 10, into: memory))
        #expect(read.length == 10 && Data(memory.prefix(10)) == Fixture.model[1..<11])
        try await expectFailure(.tooSmall) {
            try await client.run(.read("model.bin", of: Fixture.big, into: memory))
        }
    }

    @Test func aStreamBringsAllInOrder() async throws {
        let hub = try Hub()
        let client = try hub.client()
        var all = Data()
        for try await chunk in client.stream("model.bin", of: Fixture.big) { all += chunk }
        #expect(all == Fixture.model)
        var some = Data()
        for try await chunk in client.stream(url: Self.url(hub), offset: 10, length: 3_000_000) { some += chunk }
        #expect(some == Fixture.model[10..<3_000_010])
        try await expectFailure(.entryNotFound) {
            for try await _ in client.stream("none", of: Fixture.big) {}
        }
        try await expectFailure(.invalidArgument) {
            for try await _ in client.stream("../none", of: Repo("no/good/name")) {}
        }
    }

    /// The transfer waits for the loop: it gets as far ahead as its buffers, not to the end.
    @Test func aSlowLoopHoldsTheTransferBack() async throws {
        let hub = try Hub()
        var options = hub.options
        options.memoryBudget = 8 << 20
        options.partSize = 1 << 20
        let client = try Client(options)
        var all = Data()
        for try await chunk in client.stream("model.bin", of: Fixture.big) {
            if all.isEmpty {
                try await Task.sleep(for: .milliseconds(700))
                let sent = try await hub.sentOfBodies()
                #expect(sent < 20 << 20, "\(sent) bytes were sent to a loop that took none")
            }
            all += chunk
        }
        #expect(all == Fixture.model)
    }

    @Test func leavingAStreamEndsItsTransfer() async throws {
        let hub = try Hub()
        let client = try hub.client()
        for _ in 0..<20 {
            for try await chunk in client.stream("model.bin", of: Fixture.big) {
                #expect(chunk == Fixture.model.prefix(chunk.count))
                break
            }
        }
        try await client.close(timeout: .seconds(10))
    }

    @Test func cancellingATaskEndsItsStream() async throws {
        let hub = try Hub()
        let client = try hub.client()
        try await hub.setFaults(JobTests.stalls[0])
        let task = Task {
            for try await _ in client.stream("model.bin", of: Fixture.big) {}
        }
        try await Task.sleep(for: .milliseconds(300))
        let begun = ContinuousClock.now
        task.cancel()
        await expectCancelled { try await task.value }
        #expect(ContinuousClock.now - begun < .seconds(1))
        try await client.close(timeout: .seconds(10))
    }
}
