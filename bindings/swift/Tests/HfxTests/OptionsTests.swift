import Foundation
import Hfx
import Testing

@Suite struct OptionsTests {
    @Test func everyOptionHasAProperty() throws {
        var options = Options()
        let file = "/tmp/file"
        options.endpoint = "http://127.0.0.1:1"
        options.token = "hf_secret"
        options.cacheDir = file
        options.assetsDir = file
        options.userAgent = "swift/6"
        options.offline = true
        options.maxConnections = 3
        options.memoryBudget = 32 << 20
        options.maxBytesPerSecond = 1000
        options.connectTimeout = .seconds(1)
        options.headTimeout = .seconds(2)
        options.workTimeout = .seconds(2)
        options.stallTimeout = .seconds(3)
        options.retryTimeout = .microseconds(3_999_001)
        options.partSize = 5 << 20
        options.durability = .process
        options.sink = .map
        options.requireHash = true
        options.failFast = false
        options.httpProxy = "http://127.0.0.1:2"
        options.httpsProxy = "socks5://127.0.0.1:3"
        options.noProxy = "localhost"
        options.caFile = file
        options.caDir = file
        options.symlinks = false
        options.lockTimeout = .seconds(5)
        options.allowHttpToken = true
        options.threads = 2
        options.headers = ["A: b", "C: d"]
        options.localFilesOnly = true
        options.pin = true
        options.force = true
        options.dryRun = true
        options.localDir = file
        options.include = ["*.txt"]
        options.exclude = ["a*"]
        options.maxWorkers = 6
        options.sha256 = String(repeating: "a", count: 64)
        options.resume = false
        options.commitMessage = "m"
        options.commitDescription = "d"
        options.parentCommit = String(repeating: "b", count: 40)
        options.createPR = true
        options.delete = ["*"]
        options.commits = .paced
        options.source = .map
        options.stateDir = file
        options.sequence = 7
        options.existOk = true
        options.missingOk = true
        options.visibility = .private
        options.spaceSDK = .static
        options.gated = .manual
        options.ifMatch = "an etag"
        options.files = ["a", "b"]
        for option in OptionInfo.all {
            let shown = try options.text(name: option.name)
            #expect(!shown.isEmpty && shown != option.defaultText, "\(option.name) is \(shown)")
        }
        #expect(try options.text(name: "token") == "***" && options.text(name: "retry_timeout_ms") == "4000")
        #expect(options.retryTimeout == .microseconds(3_999_001) && options.durability == .process)
        options.token = nil
        #expect(try options.text(name: "token").isEmpty)
    }

    @Test func optionsCanBeSetByName() throws {
        var options = Options()
        try options.set(name: "memory_budget", value: "64M")
        try options.set(name: "durability", value: "process")
        try options.set(name: "include", value: "a")
        try options.set(name: "include", value: "b")
        #expect(options.include == ["a", "b"])
        #expect(try options.text(name: "memory_budget") == "\(64 << 20)")
        #expect(try options.text(name: "durability") == "process")
        for (name, value) in [("none", "1"), ("offline", "perhaps"), ("threads", "-1")] {
            #expect(throws: HfxError.self) { try options.set(name: name, value: value) }
        }
    }

    @Test func theTableTellsOfEach() throws {
        let threads = try #require(OptionInfo.all.first { $0.name == "threads" })
        #expect(threads.kind == .int && threads.bounds == 0...256 && !threads.perJob && !threads.doc.isEmpty)
        let endpoint = try #require(OptionInfo.all.first { $0.name == "endpoint" })
        #expect(endpoint.environment == ["HF_ENDPOINT"] && endpoint.perJob)
        let sink = try #require(OptionInfo.all.first { $0.name == "sink" })
        #expect(sink.choices == ["write", "map"] && sink.kind == .choice)
    }

    @Test func theEnvironmentIsReadWhenAsked() throws {
        setenv("HF_ENDPOINT", "http://127.0.0.1:4", 1)
        setenv("HF_TOKEN", "hf_secret", 1)
        defer {
            unsetenv("HF_ENDPOINT")
            unsetenv("HF_TOKEN")
        }
        var options = try Options.fromEnvironment()
        #expect(try options.text(name: "endpoint") == "http://127.0.0.1:4" && options.text(name: "token") == "***")
        options.endpoint = "http://127.0.0.1:5"
        #expect(try options.text(name: "endpoint") == "http://127.0.0.1:5")
        #expect(try Options().text(name: "endpoint") == "https://huggingface.co")
    }

    @Test func variablesOfMyOwnAreTakenAndForgotten() throws {
        var options = try Options.from(variables: ["HF_TOKEN": "hf_secret", "HF_ENDPOINT": "http://127.0.0.1:4"])
        #expect(try options.text(name: "endpoint") == "http://127.0.0.1:4" && options.text(name: "token") == "***")
        try options.unset(name: "token")
        options.force = true
        try options.unset(name: "force")
        #expect(try options.text(name: "token").isEmpty && options.text(name: "force") == "false")
        #expect(throws: HfxError.self) { try options.unset(name: "none") }
    }

    @Test func aBadValueIsToldByTheCallThatUsesIt() async throws {
        var options = Options()
        options.threads = -1
        try await expectFailure(.invalidArgument) { try Client(options) }
        let client = try Client()
        options.threads = 1
        try await expectFailure(.invalidArgument) { try await client.info(Fixture.tiny, options: options) }
    }

    @Test func theLibraryFitsItsHeader() throws {
        try Version.check()
        #expect(Version.string.split(separator: ".").count == 3 && Version.number >= 1000)
    }

    @Test func aClientTellsOfItsWork() async throws {
        let hub = try Hub()
        let lines = Lines()
        let client = try hub.client(log: Log(.debug) { level, room, message in lines.add("\(level) \(room) \(message)") })
        try await hub.setFaults(#"[{"match": {"path": "model.bin"}, "do": {"drop_after": 100000}}]"#)
        _ = try await client.download("model.bin", of: Fixture.big)
        try await client.close()
        #expect(!lines.all.isEmpty && lines.all.allSatisfy { !$0.contains(Hub.token) })
    }
}
