import Foundation
import Hfx
import Testing

@Suite struct JobTests {
    /// Stalls that only a cancel ends in the time of a test.
    static let stalls = [
        #"[{"match": {"path": "model.bin", "times": 0}, "do": {"stall_after": 1000000}}]"#,
        #"[{"match": {"times": 0}, "do": {"delay_ms": 60000}}]"#,
    ]

    @Test(arguments: stalls) func cancellingATaskCancelsItsJobAtOnce(stall: String) async throws {
        let hub = try Hub()
        let client = try hub.client()
        try await hub.setFaults(stall)
        let task = Task { try await client.download("model.bin", of: Fixture.big) }
        try await Task.sleep(for: .milliseconds(300))
        let begun = ContinuousClock.now
        task.cancel()
        await expectCancelled { try await task.value }
        #expect(ContinuousClock.now - begun < .seconds(1))
        try await hub.setFaults("[]")
        #expect(try await client.download("model.bin", of: Fixture.big).state == .done)
    }

    @Test func aTaskThatIsCancelledStartsNothing() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await client.meta("config.json", of: Fixture.tiny)
        }
        task.cancel()
        await expectCancelled { try await task.value }
        #expect(try await !hub.requests().contains("config.json"))
    }

    @Test func aJobCanBeCancelledByItsHandle() async throws {
        let hub = try Hub()
        let client = try hub.client()
        try await hub.setFaults(Self.stalls[0])
        let job = try client.start(.file("model.bin", of: Fixture.big))
        #expect(job.id > 0)
        job.cancel()
        job.cancel()
        await expectCancelled { try await job.value }
        await expectCancelled { try await job.value }
    }

    @Test func allWhoAwaitAJobGetItsResult() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let job = try client.start(.file("config.json", of: Fixture.tiny))
        async let first = job.value.path
        async let second = job.value.path
        let (one, two) = try await (first, second)
        let third = try await job.value.path
        #expect(one == two && two == third)
    }

    @Test(.timeLimit(.minutes(1))) func anyNumberOfLoopsSeeTheEnd() async throws {
        let hub = try Hub()
        let job = try hub.client().start(.snapshot(of: Fixture.big))
        let left = Task { for try await _ in job.progress {} }
        left.cancel()
        async let one = Self.last(of: job)
        async let other = Self.last(of: job)
        let snapshot = try await job.value
        let late = try await Self.last(of: job)
        for last in try await [one, other, late] {
            #expect(last?.filesDone == UInt64(snapshot.files.count))
        }
    }

    static func last<Output>(of job: Job<Output>) async throws -> JobProgress? {
        var last: JobProgress?
        for try await progress in job.progress { last = progress }
        return last
    }

    @Test func progressGrowsAndEndsWithTheFinalNumbers() async throws {
        let hub = try Hub()
        let client = try hub.client()
        try client.setMaxRate(16 << 20)
        try client.setMaxConnections(4)
        let job = try client.start(.file("model.bin", of: Fixture.big))
        var seen: [UInt64] = []
        var last: JobProgress?
        for try await progress in job.progress {
            seen.append(progress.bytesDone)
            last = progress
        }
        _ = try await job.value
        let size = UInt64(Fixture.model.count)
        #expect(seen == seen.sorted() && seen.count > 2 && seen.last == size)
        #expect(last?.filesDone == 1 && last?.fileCount == 1 && last?.fraction == 1 && last?.jobID == job.id)
        #expect(last?.bytesTotal == size && last?.bytesReceived ?? 0 >= size && last?.filesFailed == 0)
        #expect(last?.bytesRestored == 0 && last?.bytesSent == 0 && last?.bytesHashed != nil)
        let file = last?.files.first
        #expect(file?.name == "model.bin" && file?.state == .done && file?.done == size && file?.size == size)
        #expect(file?.hashed == last?.bytesHashed && file?.sent == 0 && file?.error == nil)
        #expect(file?.received == last?.bytesReceived && file?.restored == 0)
    }

    /// A job whose client is closed ends for whoever awaits it, though nobody may be called any more.
    @Test func closingAClientEndsWhatIsAwaited() async throws {
        let hub = try Hub()
        try await hub.setFaults(Self.stalls[0])
        for _ in 0..<20 {
            let client = try hub.client()
            let job = try client.start(.file("model.bin", of: Fixture.big))
            let task = Task { try await job.value }
            try await client.close()
            await #expect(throws: (any Error).self) { try await task.value }
            await #expect(throws: (any Error).self) { try await job.value }
        }
    }

    @Test func aJobKeepsItsClient() async throws {
        let hub = try Hub()
        try await hub.setFaults(#"[{"match": {"times": 0}, "do": {"delay_ms": 300}}]"#)
        let job = try hub.client().start(.file("model.bin", of: Fixture.big))
        #expect(try await job.value.state == .done)
        #expect(try await hub.client().meta("model.bin", of: Fixture.big).size > 0)
    }

    @Test func aPausedJobWaits() async throws {
        let hub = try Hub()
        let client = try hub.client()
        try client.setMaxRate(8 << 20)
        let job = try client.start(.file("model.bin", of: Fixture.big))
        while try job.currentProgress().bytesReceived < 2 << 20 { try await Task.sleep(for: .milliseconds(5)) }
        job.pause()
        try await Task.sleep(for: .milliseconds(600))
        let before = try job.currentProgress().bytesReceived
        try await Task.sleep(for: .milliseconds(400))
        #expect(try job.currentProgress().bytesReceived == before)
        try client.setMaxRate(0)
        job.resume()
        #expect(try await job.value.verified == .hash)
    }

    @Test func aJobGoesOnWithoutItsHandle() async throws {
        let hub = try Hub()
        let client = try hub.client()
        _ = try client.start(.file("config.json", of: Fixture.tiny))
        while true {
            if case .found = try client.lookup("config.json", of: Fixture.tiny) { break }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
