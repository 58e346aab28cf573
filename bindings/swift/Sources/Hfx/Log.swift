import CHfx

/// What a client tells of its work, and to whom.
public struct Log: Sendable {
    public enum Level: Int32, Sendable {
        case error = 1, warn, info, debug
        /// One that a newer library uses.
        case unknown = -1
    }

    /// Gets the level, the room ("net", "transfer", "client"), and one line without secrets; from many threads at once,
    /// and must return soon.
    public typealias Handler = @Sendable (Level, String, String) -> Void

    let level: Level
    let handler: Handler

    /// Messages of this level and more urgent ones.
    public init(_ level: Level, _ handler: @escaping Handler) {
        self.level = level
        self.handler = handler
    }

    func listen(to options: Handle) throws {
        let told: hfx_log_fn = { level, room, message, user in
            Box<Handler>.from(user)(Level(rawValue: level) ?? .unknown, text(room) ?? "", text(message) ?? "")
        }
        let user = Box(handler).toUser()
        try check { hfx_options_set_log_fn(options.pointer, level.rawValue, told, user, releaseBox, $0) }
    }
}
