/// The values of the options that are one of a few.
extension Options {
    public enum Durability: String, OptionChoice {
        case power, process
    }

    public enum Sink: String, OptionChoice {
        case write, map
    }

    public enum Commits: String, OptionChoice {
        case auto, one, paced
    }

    public enum Source: String, OptionChoice {
        case read, map
    }

    public enum Visibility: String, OptionChoice {
        case `public`, `private`, protected
    }

    public enum SpaceSDK: String, OptionChoice {
        case gradio, streamlit, docker, `static`
    }

    public enum Gating: String, OptionChoice {
        case auto, manual, `false`
    }
}
