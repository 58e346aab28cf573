import Foundation
import Hfx

/// What the Hub of each test holds.
enum Fixture {
    static let tiny = Repo("acme/tiny")
    static let big = Repo("acme/big")
    static let many = Repo("acme/many")
    static let rows = Repo("acme/rows", kind: .dataset)

    static let config = Data(#"{"model_type": "tiny"}"#.utf8)
    static let model = bytes(24 << 20)
    static let manyCount = 50

    /// Bytes that tell where they are: a block whose length is a prime, again and again.
    static func bytes(_ count: Int) -> Data {
        var data = Data(capacity: count + block.count)
        while data.count < count { data += block }
        return Data(data.prefix(count))
    }

    private static let block = Data((0..<99_991).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8)) })

    static func write(below hub: URL) throws {
        var files = [
            "models/acme/tiny/config.json": config,
            "models/acme/tiny/sub/dir/note.txt": Data("a note\n".utf8),
            "models/acme/tiny/empty.txt": Data(),
            "models/acme/big/model.bin": model,
            "datasets/acme/rows/train.csv": Data("a,b\n1,2\n".utf8),
        ]
        for index in 0..<manyCount {
            files["models/acme/many/file_\(index).txt"] = Data(repeating: UInt8(index), count: 20_000)
        }
        for (name, data) in files {
            let url = hub.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: url)
        }
    }
}
