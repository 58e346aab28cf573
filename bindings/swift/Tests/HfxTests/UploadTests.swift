import Foundation
import Hfx
import Testing

@Suite struct UploadTests {
    static let repo = Repo("acme/tiny")

    struct Broken: Error, Equatable {
        let offset: UInt64
    }

    @Test func aCommitIsMadeOfAllThereIs() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let commit = try Commit()
        try commit.add(file: hub.write("a.txt", Data("from disk".utf8)), as: "a.txt")
        try commit.add(Data("from memory".utf8), as: "dir/b.txt")
        try commit.add(Data(), as: "dir/empty")
        let content = Fixture.bytes(12 << 20)
        // Gives no more than 100,000 bytes at a time.
        try commit.add(size: UInt64(content.count), as: "model.bin") { offset, buffer in
            let count = min(buffer.count, 100_000)
            return content[Int(offset)...].prefix(count).copyBytes(to: buffer)
        }
        #expect(commit.count == 4)
        let sent = try await client.preupload(commit, to: Self.repo)
        #expect(sent.commit == nil && sent.files.map(\.path) == ["model.bin"] && sent.files[0].oid?.count == 64)
        var options = Options()
        options.commitMessage = "All at once"
        let made = try await client.commit(commit, to: Self.repo, options: options)
        #expect(made.commitCount == 1 && made.commit?.count == 40 && made.url?.contains(made.commit!) == true)
        #expect(made.files.first { $0.path == "model.bin" }?.how == .lfs)
        #expect(made.files.first { $0.path == "a.txt" }?.how == .regular)
        #expect(made.pullRequest == nil && made.pullRequestURL == nil && commit.count == 0)
        #expect(try await client.commits(of: Self.repo, most: 1).first?.title == "All at once")
        #expect(try await client.read("model.bin", of: Self.repo) == content)

        try commit.add(lfs: sent.files[0].oid!, size: UInt64(content.count), as: "again.bin")
        try await client.commit(commit, to: Self.repo)
        #expect(try await client.meta("again.bin", of: Self.repo).etag == sent.files[0].oid)
        try await expectFailure(.invalidArgument) { try commit.add(lfs: "none", size: 1, as: "bad.bin") }

        try commit.copy("model.bin", to: "copy.bin")
        try commit.copy("train.csv", of: Fixture.rows, to: "rows.csv")
        try commit.delete(file: "a.txt")
        try commit.delete(folder: "dir")
        let second = try await client.commit(commit, to: Self.repo)
        #expect(second.files.filter { $0.how == .deleted }.map(\.path) == ["a.txt", "dir/"])
        let paths = try await client.tree(of: Self.repo).map(\.path)
        #expect(paths == ["again.bin", "config.json", "copy.bin", "empty.txt", "model.bin", "rows.csv", "sub/dir/note.txt"])

        options.parentCommit = made.commit
        try commit.add(Data("c".utf8), as: "c.txt")
        let error = try await expectFailure(.conflict) { try await client.commit(commit, to: Self.repo, options: options) }
        #expect(error?.commit == second.commit && commit.count == 1)
        #expect(throws: HfxError.self) { try commit.add(Data(), as: "../up") }
    }

    @Test func aReadersErrorIsThrownByTheCall() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let count = Counter()
        await #expect(throws: Broken.self) {
            try await client.upload(size: 11 << 20, as: "broken.bin", to: Self.repo) { [alive = Alive(count)] offset, _ in
                _ = alive
                throw Broken(offset: offset)
            }
        }
        await count.becomes(0)
        await #expect(throws: POSIXError.self) {
            try await client.upload(size: 11 << 20, as: "broken.bin", to: Self.repo) { _, _ in throw POSIXError(.EIO) }
        }
    }

    @Test func filesFoldersAndDataAreUploaded() async throws {
        let hub = try Hub()
        let client = try hub.client()
        for index in 0..<30 { _ = try hub.write("out/\(index).txt", Data("\(index)".utf8)) }
        _ = try hub.write("out/skip.log", Data())
        var options = Options()
        options.include = ["*.txt"]
        let job = try client.start(.upload(folder: hub.path("out"), into: "texts", to: Self.repo, options: options))
        let made = try await job.value
        #expect(made.files.count == 30 && made.commitCount == 1)
        #expect(try job.currentProgress().bytesSent > 0 && job.currentProgress().files.count == 30)
        let again = try await client.upload(folder: hub.path("out"), into: "texts", to: Self.repo, options: options)
        #expect(again.commitCount == 0 && again.files.allSatisfy { $0.how == .unchanged })
        try await client.upload(file: hub.path("out/1.txt"), as: "one.txt", to: Self.repo)
        try await client.upload(Data("two".utf8), as: "two.txt", to: Self.repo)
        #expect(try await client.read("two.txt", of: Self.repo) == Data("two".utf8))
        options.createPR = true
        let pull = try await client.upload(folder: hub.path("out"), into: "other", to: Self.repo, options: options)
        #expect(pull.pullRequest ?? 0 > 0 && pull.pullRequestURL?.contains("/discussions/") == true)
    }

    @Test func partsGoToAddressesOfTheirOwn() async throws {
        let hub = try Hub()
        let client = try hub.client()
        // `head -c 1310720 /dev/zero | sha256sum`: in parts of 512 KiB it has three.
        let oid = "439292e489a0a35e4a3a0fe304ea1a680337243fa53b135aa9310881e1d7e078"
        let file = try hub.write("zeroes.bin", Data(count: 1_310_720))
        func actions(_ transfers: String) async throws -> Reply {
            let object = #"{"oid":"\#(oid)","size":1310720}"#
            let batch = #"{"operation":"upload","transfers":\#(transfers),"hash_algo":"sha256","objects":[\#(object)]}"#
            return try await client.call("POST", "/acme/tiny.git/info/lfs/objects/batch", json: batch)
        }
        let multipart = try await actions(#"["basic","multipart"]"#)
        let urls = (1...3).compactMap { multipart["/objects/0/actions/upload/header/\($0)"] }
        let parts = try await client.put(file: file, partSize: 524_288, to: urls)
        #expect(parts.count == 3 && parts.allSatisfy { $0.etag?.isEmpty == false && $0.headers["x-none"] == nil })
        try await expectFailure(.invalidArgument) {
            try await client.put(file: file, partSize: 524_288, to: Array(urls.prefix(2)))
        }
        let url = try #require(try await actions(#"["basic"]"#)["/objects/0/actions/upload/href"])
        #expect(try await client.put(file: file, to: url).count == 1)
    }

    @Test func aScheduleCommitsWhatGrows() async throws {
        let hub = try Hub()
        let client = try hub.client()
        _ = try hub.write("logs/a.log", Data("one\n".utf8))
        let schedule = try client.schedule(folder: hub.path("logs"), into: "logs", to: Self.repo, every: .seconds(3600))
        let commit = try await schedule.writing {
            let commit = try schedule.trigger()
            _ = try hub.write("logs/b.log", Data("two\n".utf8))
            let late = Task { try await schedule.writing { Issue.record("two write at once") } }
            late.cancel()
            await expectCancelled { try await late.value }
            return commit
        }
        #expect(try await commit.value.commit == client.info(Self.repo).commit)
        await #expect(throws: Broken.self) { try await schedule.writing { throw Broken(offset: 0) } }
        try schedule.stop()
        #expect(try await schedule.job.value.commitCount >= 1)
        #expect(try await client.tree(of: Self.repo, below: "logs").count == 2)
        let none = try schedule.trigger()
        try await expectFailure(.closed) { try await none.value }
    }
}
