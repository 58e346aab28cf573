import CHfx

/// That a job's numbers have changed, kept until somebody looks: any number of changes are one.
struct Ticker: Sendable {
    let ticks: AsyncStream<Void>
    private let tick: AsyncStream<Void>.Continuation

    init() { (ticks, tick) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Makes a job of these options tell of its progress here.
    func listen(to options: Handle) throws {
        let changed: hfx_progress_fn = { _, _, user in Box<AsyncStream<Void>.Continuation>.from(user).yield() }
        try check { hfx_options_set_progress_fn(options.pointer, changed, Box(tick).toUser(), releaseBox, $0) }
    }

    func end() { tick.finish() }
}
