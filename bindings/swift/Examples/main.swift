// Brings a model into the cache that all Hugging Face tools share, with progress, and maps one file of it.
//
//   swift run example owner/name [FILE]
import Foundation
import Hfx

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
    print("usage: example OWNER/NAME [FILE]")
    exit(2)
}
do {
    let client = try Client(.fromEnvironment())
    let (repo, _) = try Repo.parse(arguments[1])

    let job = try client.start(.snapshot(of: repo))
    for try await progress in job.progress {
        print("\(progress.filesDone) of \(progress.fileCount) files, \(Int(progress.fraction * 100)) %")
    }
    let snapshot = try await job.value
    print(snapshot.path)

    if arguments.count > 2 {
        let file = try await client.download(arguments[2], of: repo) // Cached by now.
        print("\(file.name): \(try file.mapped().count) bytes mapped")
    }
    try await client.close()
} catch let error as HfxError {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
