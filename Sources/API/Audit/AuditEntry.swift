import Crypto
import Model
import Transport

/// One request in the audit log: who did what, from where, and what came of it.
///
/// Never a body, a secret or a value of a query beyond selectors: an entry may be read by people who may read nothing
/// else.
struct AuditEntry: Sendable {
    /// Longer texts of clients are cut, so that nobody fills the log with them.
    private static let limit = 256

    let id: String
    let time: Timestamp
    let method: String
    var requester: Requester?
    var address = ""
    var agent = ""
    var path = ""
    var selectors: [(name: String, value: String)] = []
    var wish: AccessAttributes?
    var status = 0
    var reason = ""
    var message = ""
    var took = Duration.zero
    /// Whether the request was refused by the server before anybody looked what it was for.
    private(set) var isUnread = false
    /// How many refusals of the same address were left out before this one.
    var omitted = 0

    /// Begins the entry of a request.
    init(_ request: HTTPServerRequest, at time: Timestamp) {
        id = UUIDv4.make()
        self.time = time
        method = request.method
        address = request.client.address
        agent = request.header("user-agent") ?? ""
        path = request.rawPath
        selectors = request.query.filter { ["labelSelector", "fieldSelector"].contains($0.name) }
            .map { ($0.name, $0.value) }
    }

    /// The entry of a request that was refused before it was read.
    init(_ refused: HTTPRefusedRequest, at time: Timestamp) {
        id = UUIDv4.make()
        self.time = time
        method = refused.method
        address = refused.client.address
        agent = refused.agent
        path = refused.rawPath
        status = refused.status
        reason = APIStatus(status: refused.status, refused.reason).reason.rawValue
        message = refused.reason
        isUnread = true
    }

    /// The plural of the kind the request is about, for measurements.
    func kind(in kinds: KindIndex) -> String {
        guard case .resource(_, let plural, _, _, _)? = wish?.target,
            kinds.all.contains(where: { $0.kind.plural == plural })
        else { return "none" }
        return plural
    }

    /// Whether the request was to change something.
    var isWrite: Bool { !["GET", "HEAD", "OPTIONS"].contains(method) }

    /// Whether the request was refused for want of identity, right or restraint.
    var isRefusal: Bool { [401, 403, 429].contains(status) }

    /// Whether the log at a level holds the entry.
    func belongs(at level: AuditLevel) -> Bool {
        if level == .all || isWrite || isRefusal || isUnread { return true }
        guard case .resource(_, Secret.kind.plural, _, _, _) = wish?.target else { return false }
        return true
    }

    /// The entry as one line of JSON.
    var line: [UInt8] {
        var members: Value.Members = [
            "time": .string(time.text(fractionDigits: 6)), "id": .string(id), "status": .integer(Int64(status)),
        ]
        func note(_ name: String, _ text: String) {
            if !text.isEmpty { members.append(name, .string(String(text.prefix(Self.limit)))) }
        }
        if let requester {
            note("user", requester.user)
            members.append("groups", .array(requester.groups.map { .string(String($0.prefix(Self.limit))) }))
            note("by", requester.method)
        }
        note("address", address)
        note("agent", agent)
        note("verb", wish?.verb ?? method.lowercased())
        switch wish?.target {
        case .resource(let group, let plural, let subresource, let namespace, let name):
            note("group", group)
            note("resource", plural)
            note("subresource", subresource)
            note("namespace", namespace)
            note("name", name)
        case .path, nil: break
        }
        note("path", path)
        for selector in selectors {
            note(selector.name, selector.value)
        }
        note("reason", reason)
        note("message", isRefusal || isUnread ? message : "")
        members.append("milliseconds", .double(Double((took / .microseconds(1)).rounded()) / 1_000))
        if omitted > 0 {
            members.append("omitted", .integer(Int64(omitted)))
        }
        return Value.object(members).jsonBytes + [UInt8(ascii: "\n")]
    }
}
