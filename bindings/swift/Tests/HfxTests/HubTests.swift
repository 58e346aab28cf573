import Foundation
import Hfx
import Testing

@Suite struct HubTests {
    @Test func namesAreRead() throws {
        let (repo, path) = try Repo.parse("hf://datasets/acme/rows@v1/sub/train.csv")
        #expect(repo == Repo("acme/rows", kind: .dataset, revision: "v1") && path == "sub/train.csv")
        let (plain, none) = try Repo.parse("acme/tiny")
        #expect(plain == Fixture.tiny && none == nil)
        #expect(throws: HfxError.self) { try Repo.parse("hf://") }
    }

    @Test func theHubTellsOfFilesAndRepositories() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let meta = try await client.meta("model.bin", of: Fixture.big)
        #expect(meta.size == UInt64(Fixture.model.count) && meta.etag.count == 64 && meta.commit.count == 40)
        #expect(meta.url.hasSuffix("model.bin") && meta.xetHash == nil)
        let info = try await client.info(Fixture.big)
        #expect(info.id == "acme/big" && info.commit == meta.commit && info.json.contains("siblings"))
        #expect(!info.isPrivate && !info.isGated && !info.isDisabled)
        let tree = try await client.tree(of: Fixture.tiny)
        #expect(tree.map(\.path) == ["config.json", "empty.txt", "sub/dir/note.txt"] && !tree[0].isLFS)
        #expect(tree[0].size == UInt64(Fixture.config.count) && tree[0].etag.count == 40)
        #expect(try await client.tree(of: Fixture.tiny, below: "sub").count == 1)
        let refs = try await client.refs(of: Fixture.tiny, pullRequests: true)
        let main = try #require(refs.first { $0.name == "main" })
        #expect(main.kind == .branch && main.fullName == "refs/heads/main" && main.commit.count == 40)
        let commits = try await client.commits(of: Fixture.tiny, most: 5)
        #expect(commits.first?.id == main.commit && commits.first?.date.isEmpty == false)
        #expect(commits.first?.title.isEmpty == false && commits.first?.message != nil && commits.first?.authors != nil)
        #expect(try await client.exists(Fixture.tiny))
        #expect(try await !client.exists(Repo("no/body")))
        #expect(try await client.exists("config.json", in: Fixture.tiny))
        #expect(try await !client.exists("none", in: Fixture.tiny))
    }

    @Test func anyCallCanBeMade() async throws {
        struct Model: Decodable { let id: String }
        let hub = try Hub()
        let client = try hub.client()
        let reply = try await client.call("GET", "/api/models/acme/tiny")
        #expect(reply.status == 200 && reply["/id"] == "acme/tiny" && reply["/none"] == nil)
        #expect(reply.body.hasPrefix("{") && reply.header("Content-Type")?.contains("json") == true)
        #expect(reply.requestID != nil && reply.next == nil && reply.header("X-None") == nil)
        #expect(try reply.decode(Model.self).id == "acme/tiny")
        try await expectFailure(.repoNotFound) { try await client.call("GET", "/api/models/no/body") }
        let me = try await client.whoami()
        #expect(me["/name"] != nil)
        try await client.authCheck(Fixture.tiny)
        do {
            try await client.authCheck(Fixture.tiny, write: true)
        } catch let error as HfxError {
            #expect(error.code == .entryNotFound) // Of a local Hub that does not have that page yet.
        }
    }

    @Test func repositoriesBranchesAndTagsComeAndGo() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let repo = Repo("acme/new")
        var options = Options()
        options.visibility = .private
        #expect(try await client.createRepo(repo, options: options)["/url"]?.hasSuffix("acme/new") == true)
        #expect(try await client.info(repo).isPrivate)
        try await expectFailure(.conflict) { try await client.createRepo(repo) }
        options = Options()
        options.existOk = true
        try await client.createRepo(repo, options: options)
        options = Options()
        options.visibility = .public
        options.gated = .auto
        try await client.changeSettings(of: repo, options: options)
        #expect(try await !client.info(repo).isPrivate)
        try await client.createBranch("side", of: repo)
        try await client.createTag("v1", of: repo, message: "first")
        let names = try await client.refs(of: repo).map(\.name)
        #expect(names.contains("side") && names.contains("v1"))
        try await client.deleteTag("v1", of: repo)
        try await client.deleteBranch("side", of: repo)
        try await expectFailure(.revisionNotFound) { try await client.deleteBranch("side", of: repo) }
        let pull = try await client.openPullRequest(on: repo, title: "A change", description: "of mine")
        #expect(pull["/num"] != nil && pull["/ref"]?.hasPrefix("refs/pr/") == true)
        try await client.moveRepo(repo, to: Repo("acme/moved"))
        try await client.deleteRepo(Repo("acme/moved"))
        #expect(try await !client.exists(Repo("acme/moved")))
    }
}
