import CHfx
import Foundation

/// What the Hub answered to a call.
public struct Reply: Sendable {
    let handle: Handle

    /// The HTTP status, below 400 but with `existOk` and `missingOk`.
    public var status: Int { Int(hfx_reply_status(handle.pointer)) }
    /// JSON as a rule; empty when there was none.
    public var body: String { text(hfx_reply_body(handle.pointer)) ?? "" }
    /// The id under which the server logged the request.
    public var requestID: String? { text(hfx_reply_request_id(handle.pointer)) }
    /// Where the next page is, to be given to `call`, when there are more than were asked for.
    public var next: String? { text(hfx_reply_next(handle.pointer)) }

    /// One value of the JSON body by its JSON Pointer, as "/orgs/0/name": the text of a string, others as JSON.
    public subscript(pointer: String) -> String? { text(hfx_reply_value(handle.pointer, pointer)) }

    /// A header, its name in any case.
    public func header(_ name: String) -> String? {
        (try? whole(name)).flatMap { text(hfx_reply_header(handle.pointer, $0)) }
    }

    /// The body as a type of yours.
    public func decode<Value: Decodable>(
        _ type: Value.Type, using decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
        try decoder.decode(type, from: Data(body.utf8))
    }
}
