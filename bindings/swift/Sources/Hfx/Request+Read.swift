import CHfx
import Foundation

extension Request where Output == Bytes {
    static var takeBytes: @Sendable (Handle) throws -> Bytes {
        taking(hfx_job_take_bytes, hfx_bytes_free) { Bytes($0) }
    }

    /// `length` bytes of a file from `offset` on (nil: to its end), into memory.
    public static func read(
        _ path: String, of repo: Repo, offset: UInt64 = 0, length: UInt64? = nil, options: Options = Options()
    ) -> Request {
        Request(options, on: repo, take: takeBytes) {
            try hfx_client_read_file($0, $1, whole(path), offset, length.cLength, $2, $3, $4)
        }
    }

    /// The same of any http or https URL.
    public static func read(
        url: String, offset: UInt64 = 0, length: UInt64? = nil, options: Options = Options()
    ) -> Request {
        Request(options, take: takeBytes) {
            try hfx_client_read_url($0, whole(url), offset, length.cLength, $1, $2, $3)
        }
    }

    /// The same straight into memory of yours, which must stay and must not be touched until the job has ended.
    public static func read(
        _ path: String, of repo: Repo, offset: UInt64 = 0, length: UInt64? = nil,
        into memory: UnsafeMutableRawBufferPointer, options: Options = Options()
    ) -> Request {
        nonisolated(unsafe) let memory = memory // Handed over to the job, by the promise above.
        return Request(options, on: repo, take: takeBytes) {
            try hfx_client_read_file_into(
                $0, $1, whole(path), offset, length.cLength, memory.baseAddress, memory.count, $2, $3, $4)
        }
    }

    /// The same of any http or https URL.
    public static func read(
        url: String, offset: UInt64 = 0, length: UInt64? = nil, into memory: UnsafeMutableRawBufferPointer,
        options: Options = Options()
    ) -> Request {
        nonisolated(unsafe) let memory = memory // Handed over to the job, by the promise above.
        return Request(options, take: takeBytes) {
            try hfx_client_read_url_into(
                $0, whole(url), offset, length.cLength, memory.baseAddress, memory.count, $1, $2, $3)
        }
    }

    /// A file's bytes in their order, into a channel.
    static func stream(
        _ path: String, of repo: Repo, offset: UInt64, length: UInt64?, into channel: Channel, options: Options
    ) -> Request {
        Request(options, on: repo, take: takeBytes) {
            let (path, user) = (try whole(path), Box(channel).toUser())
            return hfx_client_stream_file(
                $0, $1, path, offset, length.cLength, Channel.start, Channel.receive, user, releaseBox, $2, $3, $4)
        }
    }

    static func stream(
        url: String, offset: UInt64, length: UInt64?, into channel: Channel, options: Options
    ) -> Request {
        Request(options, take: takeBytes) {
            let (url, user) = (try whole(url), Box(channel).toUser())
            return hfx_client_stream_url(
                $0, url, offset, length.cLength, Channel.start, Channel.receive, user, releaseBox, $1, $2, $3)
        }
    }
}

extension UInt64? {
    /// A length as C wants it: -1 for all there is.
    var cLength: Int64 { map { Int64(clamping: $0) } ?? -1 }
}
