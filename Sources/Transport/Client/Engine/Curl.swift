// The only file that knows libcurl. Everything in it runs on the engine's thread, but for `CurlConnection`.
//
// libcurl 7.88.1, Debian's, has four traps for gRPC, and this file and `EngineLoop+Attempts` step around them:
// 1. A second HTTP/2 request without TLS on one connection breaks the connection, if it too claims prior knowledge
//    (curl#10634). So only the *opener*, which makes the connection, claims it; a *rider* finds the connection.
// 2. A request is silently sent again when a reused connection is reset before an answer: a transaction could be
//    applied twice. No option turns that off, but a rider may not open sockets, so its second sending fails.
// 3. Trailers get lost when requests share a connection. So each has its own, one after the other (`CURLPIPE_NOTHING`).
// 4. With a receive buffer below 32 KB the end of a big answer waits for some timer. So the buffer has 64 KB.
import CCurl

/// A libcurl transfer handle.
///
/// Reusable after `clear()`.
final class CurlEasy {
    fileprivate let handle: OpaquePointer
    fileprivate var transfer: Transfer?
    fileprivate unowned let delegate: any CurlDelegate
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private var sendIsPaused = false
    private var receiveIsPaused = false

    /// Creates a handle; `nil` without memory.
    init?(delegate: any CurlDelegate) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.delegate = delegate
    }

    deinit {
        curl_easy_cleanup(handle)
        lists.forEach { curl_slist_free_all($0) }
        errorText.deallocate()
    }

    /// Forgets the transfer and all options.
    func clear() {
        transfer = nil
        curl_easy_reset(handle)
        lists.forEach { curl_slist_free_all($0) }
        lists.removeAll(keepingCapacity: true)
        sendIsPaused = false
        receiveIsPaused = false
    }

    /// Sets everything for the next attempt of a transfer.
    func prepare(_ transfer: Transfer, url: String, headers: [String], connectMilliseconds: Int, in multi: CurlMulti) {
        self.transfer = transfer
        errorText.pointee = 0
        set(CURLOPT_ERRORBUFFER, errorText)
        lodestone_curl_set_habits(handle)
        set(CURLOPT_URL, url)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(connectMilliseconds, 1))
        set(CURLOPT_HTTP_VERSION, version(for: transfer))
        set(CURLOPT_FRESH_CONNECT, transfer.isRider ? 0 : 1)
        set(CURLOPT_FORBID_REUSE, transfer.request.kind == .call ? 0 : 1)
        set(CURLOPT_CONNECT_ONLY, transfer.request.kind == .connect ? 1 : 0)
        setList(CURLOPT_HTTPHEADER, headers)
        if let rule = transfer.pool.connectTo {
            setList(CURLOPT_CONNECT_TO, [rule])
        }
        setBody(transfer.request)
        setTLS(on: handle, transfer.pool.endpoint)
        lodestone_curl_set_callbacks(
            handle, Unmanaged.passUnretained(self).toOpaque(), curlDidReceiveBody, curlDidReceiveHeader, curlWantsBody,
            curlWillSend, curlOpenSocket,
            Unmanaged.passUnretained(multi).toOpaque(), curlCloseSocket)
    }

    /// Lets the connection end with the transfer, because it is cut off in the middle of an exchange.
    func closeConnectionAfterwards() { set(CURLOPT_FORBID_REUSE, 1) }

    /// Goes on after the observer was full or had nothing to send.
    ///
    /// May call it back at once.
    func resume(sending: Bool) {
        if sending {
            sendIsPaused = false
        } else {
            receiveIsPaused = false
        }
        let kept = (sendIsPaused ? CURLPAUSE_SEND : 0) | (receiveIsPaused ? CURLPAUSE_RECV : 0)
        // A failure inside becomes the result of the transfer.
        _ = curl_easy_pause(handle, kept)
    }

    /// What is known of a transfer that ended with `code`, 0 meaning well.
    func outcome(code: Int) -> TransferOutcome {
        let failure: TransferFailure? = code == 0 ? nil : .library(code: code, detail: String(cString: errorText))
        let facts = lodestone_curl_get_facts(handle)
        let connecting = facts.connected_after_microseconds - facts.resolved_after_microseconds
        return TransferOutcome(
            failure: failure, wasStarted: transfer?.wasStarted ?? false, httpStatus: facts.status,
            isHTTP2: facts.version == CURL_HTTP_VERSION_2_0, connectTime: .microseconds(max(connecting, 0)))
    }

    fileprivate func receive(_ body: UnsafeRawBufferPointer) -> Int {
        switch transfer?.receive(body) {
        case .accepted: return body.count
        case .full:
            receiveIsPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .refused, nil: return body.count ^ 1
        }
    }

    fileprivate func supply(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch transfer?.supplyBody(into: buffer) {
        case .bytes(let count): return count
        case .later:
            sendIsPaused = true
            return Int(CURL_READFUNC_PAUSE)
        case .end: return 0
        case nil: return Int(CURL_READFUNC_ABORT)
        }
    }

    fileprivate func receive(headers: UnsafeRawBufferPointer) {
        if let transfer {
            transfer.receive(headers: headers)
            delegate.didReceiveHeader(transfer)
        }
    }

    private func version(for transfer: Transfer) -> Int {
        switch transfer.pool.family {
        case .http: CURL_HTTP_VERSION_1_1
        case .grpc:
            transfer.isRider || transfer.pool.endpoint.scheme == .https
                ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
        }
    }

    private func setBody(_ request: TransferRequest) {
        switch request.body {
        case .none:
            set(CURLOPT_NOBODY, request.method == "HEAD" ? 1 : 0)
        case .bytes(let body):
            set(CURLOPT_POST, 1)
            lodestone_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.byteCount))
            lodestone_curl_set_pointer(handle, CURLOPT_POSTFIELDS, body.base)
        case .streamed(let byteCount):
            set(CURLOPT_POST, 1)
            lodestone_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(byteCount ?? -1))
        }
        set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func set(_ option: CURLoption, _ value: Int) { lodestone_curl_set_long(handle, option, value) }
    private func set(_ option: CURLoption, _ value: String) { lodestone_curl_set_string(handle, option, value) }
    private func set(_ option: CURLoption, _ value: UnsafeRawPointer) {
        lodestone_curl_set_pointer(handle, option, value)
    }

    private func setList(_ option: CURLoption, _ lines: [String]) {
        let list = lines.reduce(nil as UnsafeMutablePointer<curl_slist>?) { curl_slist_append($0, $1) ?? $0 }
        if let list {
            lists.append(list)
            lodestone_curl_set_list(handle, option, list)
        }
    }
}

/// Tells a handle what to trust and to show.
private func setTLS(on handle: OpaquePointer, _ endpoint: Endpoint) {
    guard endpoint.scheme == .https else { return }
    let options = endpoint.tls ?? TLSOptions()
    lodestone_curl_set_tls(
        handle, options.skipsVerification ? 1 : 0, options.certificateAuthority, options.clientCertificate,
        options.clientKey)
}

/// A connection that libcurl makes and, to an https endpoint, encrypts; what goes over it is its owner's.
final class CurlConnection {
    private let handle: OpaquePointer

    /// Makes one that is not connected; `nil` without memory.
    init?() {
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let handle = curl_easy_init() else { return nil }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    /// The socket, to be waited for and nothing else.
    var socket: Int32 { lodestone_curl_get_socket(handle) }

    /// Connects and waits for that, so only on a thread that may block.
    func open(_ endpoint: Endpoint, milliseconds: Int) throws(TransferFailure) {
        setTLS(on: handle, endpoint)
        var text = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = lodestone_curl_connect(handle, endpoint.requestURL, endpoint.connectTo, milliseconds, &text)
        guard code == CURLE_OK else {
            let detail = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .library(code: Int(code.rawValue), detail: String(decoding: detail, as: UTF8.self))
        }
    }

    /// Sends; how many bytes were taken, -1 if none can be now, -2 if the connection broke.
    func send(_ bytes: UnsafeRawBufferPointer) -> Int { lodestone_curl_send(handle, bytes.baseAddress, bytes.count) }

    /// Receives; how many bytes there were, 0 at the end, -1 if there are none now, -2 if the connection broke.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        lodestone_curl_receive(handle, buffer.baseAddress, buffer.count)
    }
}

/// A set of libcurl transfers that share a cache of connections.
final class CurlMulti {
    private let handle: OpaquePointer
    fileprivate let tag: Int
    fileprivate unowned let delegate: any CurlDelegate

    /// Creates a set; `nil` without memory or descriptors.
    ///
    /// `tag` tells the delegate which set speaks.
    init?(tag: Int, delegate: any CurlDelegate) {
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let handle = curl_multi_init() else { return nil }
        self.handle = handle
        self.tag = tag
        self.delegate = delegate
        let me = Unmanaged.passUnretained(self).toOpaque()
        lodestone_curl_multi_set_long(handle, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        // Without a number libcurl keeps four connections per running transfer and closes the others.
        lodestone_curl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, 1_000_000)
        lodestone_curl_multi_set_pointer(handle, CURLMOPT_SOCKETDATA, me)
        lodestone_curl_multi_set_socket(handle, curlWatchSocket)
        lodestone_curl_multi_set_pointer(handle, CURLMOPT_TIMERDATA, me)
        lodestone_curl_multi_set_timer(handle, curlSetTimer)
    }

    /// What `curl_version` says.
    static var libraryReleases: String { String(cString: curl_version()) }

    /// Closes all connections, for good.
    ///
    /// All transfers must have been removed.
    func close() { curl_multi_cleanup(handle) }

    /// Starts a transfer that is prepared.
    func add(_ easy: CurlEasy) { curl_multi_add_handle(handle, easy.handle) }

    /// Ends a transfer, wherever it stands.
    func remove(_ easy: CurlEasy) { curl_multi_remove_handle(handle, easy.handle) }

    /// Something happened to a socket.
    func advance(_ event: Poller.Event) {
        let mask =
            (event.isReadable ? CURL_CSELECT_IN : 0) | (event.isWritable ? CURL_CSELECT_OUT : 0)
            | (event.isBroken ? CURL_CSELECT_ERR : 0)
        var running: Int32 = 0
        curl_multi_socket_action(handle, event.descriptor, mask, &running)
    }

    /// The timer that libcurl asked for has run out.
    func timeOut() {
        var running: Int32 = 0
        curl_multi_socket_action(handle, CURL_SOCKET_BAD, 0, &running)
    }

    /// The next transfer that is over, with libcurl's number of its result.
    func nextFinished() -> (transfer: Transfer, easy: CurlEasy, code: Int)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            if message.pointee.msg == CURLMSG_DONE,
                let easy = easy(lodestone_curl_get_owner(message.pointee.easy_handle)), let transfer = easy.transfer
            {
                return (transfer, easy, Int(lodestone_curl_message_result(message).rawValue))
            }
        }
        return nil
    }
}

// The callbacks. Each gets the object that set it; the objects outlive the handles that call.

private func easy(_ pointer: UnsafeMutableRawPointer?) -> CurlEasy? {
    pointer.map { Unmanaged<CurlEasy>.fromOpaque($0).takeUnretainedValue() }
}

private func multi(_ pointer: UnsafeMutableRawPointer?) -> CurlMulti? {
    pointer.map { Unmanaged<CurlMulti>.fromOpaque($0).takeUnretainedValue() }
}

private func curlDidReceiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ owner: UnsafeMutableRawPointer?
) -> Int {
    easy(owner)?.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
}

private func curlDidReceiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ owner: UnsafeMutableRawPointer?
) -> Int {
    easy(owner)?.receive(headers: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

private func curlWantsBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ owner: UnsafeMutableRawPointer?
) -> Int {
    easy(owner)?.supply(UnsafeMutableRawBufferPointer(start: bytes, count: size * count)) ?? Int(CURL_READFUNC_ABORT)
}

private func curlWillSend(
    _ owner: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?, _: UnsafeMutablePointer<CChar>?, _: Int32,
    _ localPort: Int32
) -> Int32 {
    if let easy = easy(owner), let transfer = easy.transfer {
        easy.delegate.willSend(transfer, localPort: Int(localPort))
    }
    return CURL_PREREQFUNC_OK
}

private func curlOpenSocket(
    _ owner: UnsafeMutableRawPointer?, _: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let easy = easy(owner), let transfer = easy.transfer, let address = address?.pointee else { return -1 }
    return easy.delegate.openSocket(
        for: transfer, family: address.family, type: address.socktype, transportProtocol: address.protocol)
}

private func curlCloseSocket(_ owner: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    multi(owner)?.delegate.closeSocket(socket)
    return 0
}

private func curlWatchSocket(
    _ handle: OpaquePointer?, _ socket: curl_socket_t, _ what: Int32, _ owner: UnsafeMutableRawPointer?,
    _: UnsafeMutableRawPointer?
) -> Int32 {
    easy(lodestone_curl_get_owner(handle))?.transfer?.socket = socket
    if what == CURL_POLL_REMOVE {
        multi(owner)?.delegate.forget(socket: socket)
    } else if let multi = multi(owner) {
        multi.delegate.watch(
            socket: socket, tag: multi.tag, reads: what & CURL_POLL_IN != 0, writes: what & CURL_POLL_OUT != 0)
    }
    return 0
}

private func curlSetTimer(_: OpaquePointer?, _ milliseconds: Int, _ owner: UnsafeMutableRawPointer?) -> Int32 {
    if let multi = multi(owner) {
        multi.delegate.setTimer(tag: multi.tag, milliseconds: milliseconds < 0 ? nil : milliseconds)
    }
    return 0
}
