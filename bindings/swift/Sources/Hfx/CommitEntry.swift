import CHfx

/// A commit in a repository's history.
public struct CommitEntry: Sendable, Hashable {
    /// 40 hex digits.
    public let id: String
    /// The first line of the message.
    public let title: String
    /// The rest of the message.
    public let message: String
    /// As "2026-01-31T12:00:00.000Z".
    public let date: String
    /// By their names on the Hub.
    public let authors: [String]

    init(_ commits: OpaquePointer, _ index: Int) {
        id = text(hfx_history_id(commits, index)) ?? ""
        title = text(hfx_history_title(commits, index)) ?? ""
        message = text(hfx_history_message(commits, index)) ?? ""
        date = text(hfx_history_date(commits, index)) ?? ""
        authors = list { text(hfx_history_author(commits, index, $0)) }
    }
}
