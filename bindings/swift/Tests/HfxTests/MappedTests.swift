import Foundation
import Hfx
import Testing

@Suite struct MappedTests {
    /// Whether a file is mapped into this process.
    static func isMapped(_ path: String) throws -> Bool {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        return try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).contains(real)
    }

    @Test func mappedDataIsTheFileAndGoesWithItsLastCopy() async throws {
        let hub = try Hub()
        let file = try await hub.client().download("model.bin", of: Fixture.big)
        var data: Data? = try file.mapped()
        #expect(data == Fixture.model)
        #expect(try Self.isMapped(file.path))
        var part = data?[1_000_000..<1_000_010]
        data = nil
        #expect(part == Fixture.model[1_000_000..<1_000_010])
        #expect(try Self.isMapped(file.path))
        part = nil
        #expect(try !Self.isMapped(file.path))
    }

    @Test func mappedDataCanBeChangedAndTheFileStays() async throws {
        let hub = try Hub()
        let path = try hub.write("some", Fixture.bytes(1000))
        var data = try LocalFile.map(path)
        data[0] = 77
        #expect(data[0] == 77 && data[1...] == Fixture.bytes(1000)[1...])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Fixture.bytes(1000))
        #expect(try LocalFile.map(path) == Fixture.bytes(1000))
    }

    @Test func anEmptyFileIsEmptyData() async throws {
        let hub = try Hub()
        #expect(try LocalFile.map(hub.write("empty", Data())).isEmpty)
    }

    @Test func theSafeTwinReads() async throws {
        let hub = try Hub()
        let path = try hub.write("some", Fixture.bytes(1000))
        #expect(try LocalFile.read(path, offset: 10, length: 20) == Fixture.bytes(1000)[10..<30])
        #expect(try LocalFile.read(path, offset: 990, length: 20) == Fixture.bytes(1000)[990..<1000])
        #expect(try LocalFile.read(path, offset: 2000, length: 20).isEmpty)
    }
}
