import Model
import Transport

extension HTTPServerResponse {
    /// A JSON document.
    static func json(
        _ document: Value, status: Int = 200, contentType: String = "application/json",
        headers: [HTTPServerField] = []
    ) -> HTTPServerResponse {
        json(bytes: document.jsonBytes, status: status, contentType: contentType, headers: headers)
    }

    /// A JSON document that is written already.
    static func json(
        bytes: [UInt8], status: Int = 200, contentType: String = "application/json", headers: [HTTPServerField] = []
    ) -> HTTPServerResponse {
        let own = [
            HTTPServerField("Content-Type", contentType), HTTPServerField("Cache-Control", "no-cache, private"),
        ]
        return HTTPServerResponse(status: status, headers: own + headers, body: .bytes(bytes + [UInt8(ascii: "\n")]))
    }

    /// A refusal.
    static func refusal(_ refusal: APIStatus) -> HTTPServerResponse {
        var headers: [HTTPServerField] = []
        if refusal.reason == .unauthorized {
            headers.append(HTTPServerField("WWW-Authenticate", "Bearer"))
        }
        if let seconds = refusal.details?.retryAfterSeconds {
            headers.append(HTTPServerField("Retry-After", String(seconds)))
        }
        return json(refusal.document, status: refusal.reason.code, headers: headers)
    }
}
