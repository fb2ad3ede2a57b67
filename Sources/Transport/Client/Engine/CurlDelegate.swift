/// What libcurl tells the engine.
protocol CurlDelegate: AnyObject {
    /// The connection stands, and the request is about to be sent, for the first or for a further time.
    func willSend(_ transfer: Transfer, localPort: Int)
    /// A header line of the answer came.
    func didReceiveHeader(_ transfer: Transfer)
    /// A socket for the transfer is needed; -1 if there is none.
    func openSocket(for transfer: Transfer, family: Int32, type: Int32, transportProtocol: Int32) -> Int32
    /// A socket whose connection once stood is no longer needed. Others are closed without a word.
    func closeSocket(_ socket: Int32)
    /// The socket is to be watched.
    func watch(socket: Int32, tag: Int, reads: Bool, writes: Bool)
    /// The socket is not to be watched any more.
    func forget(socket: Int32)
    /// `CurlMulti.timeOut()` is to be called then; `nil` cancels that.
    func setTimer(tag: Int, milliseconds: Int?)
}
