import CHfx
import Foundation

/// Why a call failed, and on what. Holds no secret. A cancelled call throws `CancellationError` instead.
public struct HfxError: Error, Sendable {
    /// What went wrong, by the numbers of `HFX_E_*`.
    public enum Code: Int32, Sendable, CaseIterable {
        case invalidArgument = 1, cancelled, timeout, wouldDeadlock, forked, `internal`, closed, unsupported
        case alreadyTaken, notEnded
        case repoNotFound = 20, revisionNotFound, entryNotFound, gated, unauthorized, forbidden, rateLimited
        case disabled, http, `protocol`, offline, conflict
        case network = 40, tls, proxy
        case hashMismatch = 50, contentChanged, noHash
        case io = 60, diskFull, permission, locked, tooSmall, corruptCache
        case incomplete = 70
        case callback = 80
        /// A number that a newer library uses; `status` holds it.
        case unknown = -1
    }

    public let code: Code
    /// The library's number for it.
    public let status: Int32
    /// The whole message in one line, with its causes.
    public let message: String
    /// The status of the HTTP answer behind it.
    public let httpStatus: Int?
    /// The id under which the server logged the request.
    public let requestID: String?
    /// The URL, without user information and query.
    public let url: String?
    /// The commit that the server named: the one without the file, or the head of a conflict.
    public let commit: String?
    /// The operating system's error number.
    public let osError: Int32?
    /// Whether the same call may succeed later.
    public let retryable: Bool
    /// Of a snapshot that is incomplete: what became of each file.
    public internal(set) var files: [File] = []

    /// An error that is found before the library is asked.
    init(_ code: Code, _ message: String) {
        (self.code, status, self.message) = (code, code.rawValue, message)
        (httpStatus, requestID, url, commit, osError, retryable) = (nil, nil, nil, nil, nil, false)
    }

    /// A copy of an error that somebody else frees.
    init(_ error: OpaquePointer?) {
        status = hfx_error_status(error)
        code = Code(rawValue: status) ?? .unknown
        message = text(hfx_error_message(error)) ?? ""
        let http = hfx_error_http_status(error)
        httpStatus = http == 0 ? nil : Int(http)
        requestID = text(hfx_error_request_id(error))
        url = text(hfx_error_url(error))
        commit = text(hfx_error_commit(error))
        let os = hfx_error_os_error(error)
        osError = os == 0 ? nil : os
        retryable = hfx_error_retryable(error) == 1
    }
}

extension HfxError: CustomStringConvertible, LocalizedError {
    /// The library's name of the status, as "DISK_FULL", and the message.
    public var description: String { "\(String(cString: hfx_status_name(status))): \(message)" }
    public var errorDescription: String? { message }
}
