// swift-tools-version: 6.0
import PackageDescription

// An installed hfx is found by pkg-config. HFX_INCLUDE and HFX_LIB name the folders of a build tree instead.
let include = Context.environment["HFX_INCLUDE"]
let library = Context.environment["HFX_LIB"]
let clang: [SwiftSetting] = include.map { [.unsafeFlags(["-Xcc", "-I\($0)"])] } ?? []
let linker: [LinkerSetting] = library.map { [.unsafeFlags(["-L\($0)", "-Xlinker", "-rpath", "-Xlinker", $0])] } ?? []

let package = Package(
    name: "hfx",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [.library(name: "Hfx", targets: ["Hfx"])],
    targets: [
        .systemLibrary(name: "CHfx", pkgConfig: library == nil ? "hfx" : nil),
        .target(name: "Hfx", dependencies: ["CHfx"], swiftSettings: clang, linkerSettings: linker),
        .executableTarget(name: "example", dependencies: ["Hfx"], path: "Examples", swiftSettings: clang),
        .testTarget(name: "HfxTests", dependencies: ["Hfx", "CHfx"], swiftSettings: clang),
    ]
)
