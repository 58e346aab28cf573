import Foundation
import Hfx
import Testing

@Suite struct ErrorTests {
    @Test func anErrorTellsWhatFailedOnWhat() async throws {
        let hub = try Hub()
        let client = try hub.client()
        let entry = try await expectFailure(.entryNotFound) { try await client.download("none", of: Fixture.tiny) }
        #expect(entry?.httpStatus == 404 && entry?.commit?.count == 40 && entry?.retryable == false)
        #expect(entry?.url?.hasPrefix(hub.endpoint) == true && entry?.requestID != nil)
        #expect(entry?.description.hasPrefix("ENTRY_NOT_FOUND: ") == true)
        #expect(entry?.localizedDescription == entry?.message)
        try await expectFailure(.repoNotFound) { try await client.download("a", of: Repo("no/body")) }
        try await expectFailure(.revisionNotFound) {
            try await client.download("a", of: Repo("acme/tiny", revision: "none"))
        }
        try await expectFailure(.invalidArgument) { try await client.download("../a", of: Fixture.tiny) }
        try await expectFailure(.invalidArgument) { try await client.meta("a", of: Repo("not a name")) }
        var options = Options()
        options.token = "hf_wrong"
        try await expectFailure(.unauthorized) { try await client.whoami(options: options) }
        options = Options()
        options.offline = true
        try await expectFailure(.offline) { try await client.meta("a", of: Fixture.tiny, options: options) }
        options = Options()
        options.endpoint = "http://127.0.0.1:9"
        options.retryTimeout = .zero
        let network = try await expectFailure(.network) {
            try await client.meta("a", of: Fixture.tiny, options: options)
        }
        #expect(network?.retryable == true && network?.httpStatus == nil)
        let io = try await expectFailure(.io) { try LocalFile.map(hub.path("none")) }
        #expect(io?.osError == ENOENT)
    }

    /// The numbers here are those of the header: each has the library's own name.
    @Test func everyCodeHasItsName() {
        for code in HfxError.Code.allCases where code != .unknown {
            let name = libraryName(code.rawValue).replacingOccurrences(of: "_", with: "").lowercased()
            #expect(name == "\(code)".lowercased())
        }
    }
}
