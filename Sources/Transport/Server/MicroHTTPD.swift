import CMicroHTTPD
import Glibc

/// A libmicrohttpd daemon; this file is the only one that calls that library.
///
/// Its single thread reads requests and writes responses; everything it reports goes to an ``HTTPExchange``, and while
/// a handler or stream has nothing to send, the connection is suspended.
///
/// Unchecked `Sendable`: the pointer is set once, libmicrohttpd locks its daemon itself, and `stop` is called once,
/// by the server's `run`.
final class MicroHTTPDaemon: @unchecked Sendable {
    private let daemon: OpaquePointer
    private let exchanges: Unmanaged<HTTPExchanges>

    /// Starts to serve on a listening socket, which is closed or owned by the daemon from here on, also if this fails.
    ///
    /// The daemon gets a duplicate: after some failures libmicrohttpd has closed the descriptor it was given, after
    /// others it has not. The shutdown frees the port in both cases.
    init(listeningOn descriptor: Int32, port: UInt16, exchanges: HTTPExchanges) throws(HTTPServerError) {
        let options = exchanges.options
        self.exchanges = Unmanaged.passRetained(exchanges)
        var settings = lodestone_daemon_options(
            accept: accepting, access: accessed, completed: completed, line: lineReceived,
            connection: connectionChanged,
            context: self.exchanges.toOpaque(), connection_memory: options.connectionMemory,
            connection_limit: UInt32(clamping: options.connectionLimit),
            idle_seconds: UInt32(clamping: options.idleTimeout.components.seconds))
        let started = lodestone_start_daemon(
            fcntl(descriptor, F_DUPFD_CLOEXEC, 3), &settings, options.tls?.certificatePEM, options.tls?.privateKeyPEM,
            options.tls?.clientAuthoritiesPEM)
        guard let started else {
            let code = errno
            self.exchanges.release()
            shutdown(descriptor, Int32(SHUT_RDWR))
            close(descriptor)
            guard options.tls == nil else { throw .unusableCertificate }
            throw .failed(address: options.address, port: port, reason: String(cString: strerror(code)))
        }
        close(descriptor)
        daemon = started
    }

    /// Takes no more connections; those that are open go on.
    ///
    /// - Returns: The listening socket, to be closed after ``stop()``.
    func refuseConnections() -> Int32 {
        MHD_quiesce_daemon(daemon)
    }

    /// Ends the thread and closes every connection; none may be suspended, and nothing may be called afterwards.
    func stop() {
        MHD_stop_daemon(daemon)
        exchanges.release()
    }
}

/// A certificate with its key, and the authorities of clients, as sessions of TLS use them.
///
/// Unchecked `Sendable`: GnuTLS only reads what it points to once it is made, and it is freed when nobody uses it.
final class MicroHTTPCredentials: @unchecked Sendable {
    /// How often an authority of clients was taken away before, or by these.
    let trustEpoch: Int
    fileprivate let pointer: OpaquePointer
    private let asksClients: Int32

    /// Reads PEM texts; nil if they cannot be used.
    init?(_ tls: HTTPServerOptions.TLS, trustEpoch: Int) {
        self.trustEpoch = trustEpoch
        guard let made = lodestone_make_credentials(tls.certificatePEM, tls.privateKeyPEM, tls.clientAuthoritiesPEM)
        else { return nil }
        pointer = made
        asksClients = tls.clientAuthoritiesPEM == nil ? 0 : 1
    }

    deinit {
        gnutls_certificate_free_credentials(pointer)
    }

    fileprivate func use(in connection: OpaquePointer) {
        lodestone_use_credentials(connection, pointer, asksClients)
    }
}

/// A client's connection, for as long as one request on it lasts.
///
/// Unchecked `Sendable`: an exchange uses it under its lock and forgets it when libmicrohttpd reports the request's
/// end, before the connection is freed; suspending and queueing happen on the daemon's thread only, and
/// `MHD_resume_connection` may be called from any.
struct MicroHTTPConnection: @unchecked Sendable {
    private let connection: OpaquePointer
    let descriptor: Int32

    fileprivate init(_ connection: OpaquePointer) {
        self.connection = connection
        descriptor = lodestone_connection_socket(connection)
    }

    func suspend() {
        MHD_suspend_connection(connection)
    }

    func resume() {
        MHD_resume_connection(connection)
    }

    /// Starts to send a response; false if the connection must be closed instead.
    func queue(_ response: MicroHTTPResponse) -> Bool {
        MHD_queue_response(connection, UInt32(response.status), response.pointer) == .YES
    }

    /// Answers past libmicrohttpd, which has no memory left to do so; the connection is of no more use.
    func answerAtOnce(_ bytes: [UInt8]) {
        lodestone_answer_at_once(connection, bytes, bytes.count)
    }

    /// What is known of the connection for as long as it lasts.
    fileprivate var place: HTTPConnection? {
        lodestone_connection_context(connection).map { Unmanaged<HTTPConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Notes that a request has begun; returns whose it is.
    fileprivate func beginRequest(_ credentials: MicroHTTPCredentials?) -> HTTPServerClient {
        guard let place else { return HTTPServerClient() }
        place.headReceived()
        if let credentials, place.adopts(credentials) { credentials.use(in: connection) }
        return place.client { certificate(trustEpoch: credentials?.trustEpoch ?? 0) }
    }

    private func certificate(trustEpoch: Int) -> HTTPClientCertificate? {
        var found = lodestone_certificate()
        guard lodestone_client_certificate(connection, &found) != 0 else { return nil }
        var digest = [UInt8](repeating: 0, count: 32)
        guard lodestone_certificate_digest(&found.der, &digest) == 0 else { return nil }
        let problem = found.problems == 0 ? nil : Self.text(lodestone_certificate_problem(found.problems))
        return HTTPClientCertificate(
            pem: Self.text(lodestone_certificate_pem(&found.der)),
            fingerprint: digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
            commonNames: Self.names(&found.der, GNUTLS_OID_X520_COMMON_NAME),
            organizations: Self.names(&found.der, GNUTLS_OID_X520_ORGANIZATION_NAME), notAfter: found.not_after,
            isForClients: found.is_for_clients != 0, problem: problem, trustEpoch: trustEpoch)
    }

    /// The subject's entries of a type.
    private static func names(_ der: inout gnutls_datum_t, _ type: String) -> [String] {
        var names: [String] = []
        var buffer = [CChar](repeating: 0, count: 1_024)
        while names.count < 64 {
            let count = lodestone_certificate_name(&der, type, UInt32(names.count), &buffer, buffer.count)
            guard count >= 0 else { break }
            names.append(String(validating: buffer[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self) ?? "")
        }
        return names
    }

    private static func text(_ made: UnsafeMutablePointer<CChar>?) -> String {
        guard let made else { return "" }
        defer { lodestone_free_text(made) }
        return String(cString: made)
    }

    fileprivate func fields(_ kind: MHD_ValueKind) -> [HTTPServerField] {
        var list: [HTTPServerField] = []
        withUnsafeMutablePointer(to: &list) { list in
            _ = MHD_get_connection_values_n(connection, kind, collect, list)
        }
        return list
    }
}

/// A response as libmicrohttpd holds it.
///
/// Unchecked `Sendable`: it is complete when the initialiser returns and only counted references change afterwards,
/// under libmicrohttpd's own lock.
final class MicroHTTPResponse: @unchecked Sendable {
    fileprivate let pointer: OpaquePointer
    let status: Int

    /// A response of complete content.
    init?(status: Int, headers: [HTTPServerField], bytes: [UInt8]) {
        let made = bytes.withUnsafeBytes { bytes in
            MHD_create_response_from_buffer(
                bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let made else { return nil }
        pointer = made
        self.status = status
        add(headers)
    }

    /// A response whose content an exchange's stream supplies.
    init?(status: Int, headers: [HTTPServerField], streamOf exchange: HTTPExchange) {
        let held = Unmanaged.passRetained(exchange)
        // Pieces are read into the connection's memory; the buffer of the response serves clients of HTTP/1.0 only.
        guard let made = MHD_create_response_from_callback(.max, 256, read, held.toOpaque(), released) else {
            held.release()
            return nil
        }
        pointer = made
        self.status = status
        add(headers)
    }

    deinit {
        MHD_destroy_response(pointer)
    }

    private func add(_ headers: [HTTPServerField]) {
        for header in headers {
            // A value may quote what a client sent; control characters in it must not end the header.
            let value = String(decoding: header.value.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
            _ = MHD_add_response_header(pointer, header.name, value)
        }
    }
}

/// Called on the daemon's thread for every new connection, before anything is read from it.
private func accepting(
    context: UnsafeMutableRawPointer?, address: UnsafePointer<sockaddr>?, size: socklen_t
) -> MHD_Result {
    guard let context else { return .NO }
    let exchanges = Unmanaged<HTTPExchanges>.fromOpaque(context).takeUnretainedValue()
    let (text, network) = printed(address)
    return exchanges.connections.accepts(text, network, exchanges.options) ? .YES : .NO
}

/// Called on the daemon's thread when a connection begins, and before its socket is closed.
private func connectionChanged(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, code: MHD_ConnectionNotificationCode
) {
    guard let context, let connection, let slot else { return }
    let connections = Unmanaged<HTTPExchanges>.fromOpaque(context).takeUnretainedValue().connections
    guard code == .CONNECTION_NOTIFY_CLOSED else {
        let (text, network) = printed(lodestone_connection_address(connection))
        let made = HTTPConnection(
            address: text, network: network, descriptor: lodestone_connection_socket(connection))
        slot.pointee = Unmanaged.passRetained(made).toOpaque()
        connections.add(made)
        if let credentials = connections.credentials, made.adopts(credentials) { credentials.use(in: connection) }
        return
    }
    guard let held = slot.pointee else { return }
    slot.pointee = nil
    connections.remove(Unmanaged<HTTPConnection>.fromOpaque(held).takeRetainedValue())
}

/// An address as text, and its network.
private func printed(_ address: UnsafePointer<sockaddr>?) -> (address: String, network: String) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64 + 17) { buffer in
        guard let text = buffer.baseAddress else { return ("", "") }
        lodestone_print_address(address, text, text + 64)
        return (String(cString: text), String(cString: text + 64))
    }
}

/// Called on the daemon's thread when the first line of a request is there; the request has no exchange yet.
private func lineReceived(
    context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context, let connection, let target else { return nil }
    let client = MicroHTTPConnection(connection)
    guard let place = client.place else { return nil }
    place.lineReceived(String(cString: target))
    let exchanges = Unmanaged<HTTPExchanges>.fromOpaque(context).takeUnretainedValue()
    guard HeadMemory.isTooLong(target: String(cString: target), exchanges.options) else { return nil }
    client.answerAtOnce(exchanges.options.refusal(414, "the path or query is longer than this server reads").wire)
    exchanges.refusedUnseen(414, place)
    return nil
}

/// Called on the daemon's thread for every step of a request: once for its headers, for each piece of its body, for
/// its end, and again whenever the connection was resumed without a response.
private func accessed(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, data: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>?, slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let url, let method, let size, let slot else { return .NO }
    guard let held = slot.pointee else {
        let exchanges = Unmanaged<HTTPExchanges>.fromOpaque(context).takeUnretainedValue()
        let client = MicroHTTPConnection(connection)
        let head = HTTPRequestHead(
            method: String(cString: method), rawPath: String(cString: url), rawQuery: client.fields(.GET_ARGUMENT_KIND),
            headers: client.fields(.HEADER_KIND),
            client: client.beginRequest(exchanges.connections.credentials), size: lodestone_head_size(connection))
        let exchange = exchanges.begin(head, from: client)
        slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        return exchange.headReceived() ? .YES : .NO
    }
    let exchange = Unmanaged<HTTPExchange>.fromOpaque(held).takeUnretainedValue()
    guard size.pointee > 0 else {
        MicroHTTPConnection(connection).place?.requestReceived()
        return exchange.proceed() ? .YES : .NO
    }
    let piece = UnsafeRawBufferPointer(start: data, count: size.pointee)
    size.pointee = 0
    return exchange.received(piece) ? .YES : .NO
}

/// Called on the daemon's thread when a request is over, well or not; the connection may serve another one.
private func completed(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    reason: MHD_RequestTerminationCode
) {
    let place = connection.flatMap { MicroHTTPConnection($0).place }
    let status = connection.map { Int(lodestone_answer_status($0)) } ?? 0
    guard let slot, let held = slot.pointee else {
        // libmicrohttpd has refused the request itself, and nobody was called for it.
        guard let context, let place else { return }
        Unmanaged<HTTPExchanges>.fromOpaque(context).takeUnretainedValue().refusedUnseen(status, place)
        return
    }
    slot.pointee = nil
    place?.requestEnded()
    Unmanaged<HTTPExchange>.fromOpaque(held).takeRetainedValue().ended(answered: status)
}

/// Called on the daemon's thread whenever the client can take more of a stream.
private func read(
    context: UnsafeMutableRawPointer?, position: UInt64, buffer: UnsafeMutablePointer<CChar>?, capacity: Int
) -> Int {
    guard let context else { return -2 }
    let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
    switch exchange.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity)) {
    case .bytes(let count): return count
    case .later: return 0
    case .end: return -1  // MHD_CONTENT_READER_END_OF_STREAM
    case .failure: return -2  // MHD_CONTENT_READER_END_WITH_ERROR
    }
}

/// Called when libmicrohttpd no longer needs a stream's response.
private func released(context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<HTTPExchange>.fromOpaque(context).release()
}

/// Called for each header or query item; `context` is the list they are collected in.
private func collect(
    context: UnsafeMutableRawPointer?, kind: MHD_ValueKind, name: UnsafePointer<CChar>?, nameSize: Int,
    value: UnsafePointer<CChar>?, valueSize: Int
) -> MHD_Result {
    func text(_ start: UnsafePointer<CChar>?, _ size: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : size), as: UTF8.self)
    }
    context?.assumingMemoryBound(to: [HTTPServerField].self).pointee
        .append(HTTPServerField(text(name, nameSize), text(value, valueSize)))
    return .YES
}
