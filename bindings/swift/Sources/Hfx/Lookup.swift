/// What the cache knows of a file.
public enum Lookup: Sendable {
    case found(File)
    /// The repository is known not to have the file at that commit.
    case missing
    /// Nothing is known of it.
    case unknown
}
