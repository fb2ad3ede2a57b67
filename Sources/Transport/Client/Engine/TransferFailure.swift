/// Why a transfer did not end well.
enum TransferFailure: Error, Sendable, Hashable {
    /// The caller gave up.
    case cancelled
    /// The deadline passed while it waited for a free connection.
    case deadlineWhileWaiting
    /// The deadline passed before the connection stood.
    case deadlineWhileConnecting
    /// The deadline passed before the answer was complete.
    case deadlineWhileRunning
    /// The server was silent for longer than allowed.
    case silence(Duration)
    /// The engine is shut down.
    case engineStopped
    /// The process may not open more descriptors.
    case noDescriptors
    /// A connection that was just made ended without an answer.
    ///
    /// So do servers that miss a client certificate (with TLS 1.3 they look at it only when the client already believes
    /// that the connection stands), and servers that expect TLS and get none.
    case newConnectionEnded(isTLS: Bool, detail: String)
    /// libcurl's number of the error, and what it says about it.
    case library(code: Int, detail: String)

    /// Whether the connection, not the request, is at fault, so that another connection may do better.
    var isOfConnection: Bool {
        switch self {
        case .library(let code, _): [7, 16, 18, 52, 55, 56, 65, 92].contains(code)
        default: false
        }
    }

    /// Whether it is libcurl's "stream error": the server ended this exchange, but not the connection, with an error.
    var isStreamError: Bool {
        if case .library(code: 92, _) = self { true } else { false }
    }

    /// Whether client and server could not prove to each other who they are.
    var isOfTrust: Bool {
        switch self {
        case .newConnectionEnded(isTLS: true, _): true
        case .library(let code, _): [35, 58, 59, 60, 77].contains(code)
        default: false
        }
    }

    /// Whether a time limit passed.
    var isDeadline: Bool {
        switch self {
        case .deadlineWhileWaiting, .deadlineWhileConnecting, .deadlineWhileRunning, .silence: true
        case .library(let code, _): code == 28
        default: false
        }
    }

    /// What happened and, where there is one, the remedy; a clause without the server's name.
    ///
    /// libcurl's own texts mislead (a restarted server is "Transferred a partial file", a missing client certificate
    /// "Failed sending data"), so they only follow in parentheses.
    var sentence: String {
        switch self {
        case .cancelled: "the call was cancelled"
        case .deadlineWhileWaiting: "the deadline passed while all connections were busy"
        case .deadlineWhileConnecting: "no connection before the deadline"
        case .deadlineWhileRunning: "no complete answer before the deadline"
        case .silence(let duration): "nothing came from the server for \(duration)"
        case .engineStopped: "the HTTP engine is shut down"
        case .noDescriptors: "the process has no file descriptor left: raise its limit (LimitNOFILE, ulimit -n)"
        case .newConnectionEnded(isTLS: true, let detail):
            "the server ended the new TLS connection without an answer: it may require a client certificate,"
                + " or reject the one that was shown (\(detail))"
        case .newConnectionEnded(isTLS: false, let detail):
            "the server ended the new connection without an answer: it may expect TLS or another protocol (\(detail))"
        case .library(let code, let detail):
            detail.isEmpty ? Self.meaning(of: code) : "\(Self.meaning(of: code)) (\(detail))"
        }
    }

    private static func meaning(of code: Int) -> String {
        switch code {
        case 3: "the URL is malformed"
        case 6: "the host name cannot be resolved: check it and the name servers"
        case 7: "no connection: nothing listens there, or a firewall is between"
        case 16, 92: "the connection broke the HTTP/2 protocol"
        case 18, 52: "the server closed the connection before its answer was complete"
        case 23, 42: "the answer was refused by the reader"
        case 28: "no connection in time"
        case 27: "out of memory"
        case 35: "the TLS handshake failed: the server may not speak TLS on this port, or refuses our certificate"
        case 55, 65: "the server closed the connection while the request was sent"
        case 56: "the server broke the connection off"
        case 58: "the client certificate or its key cannot be used: check that both are PEM and belong together"
        case 59: "no common TLS cipher"
        case 60: "the server's certificate is not trusted: check the certificate authority and the server name"
        case 77: "the certificate authority cannot be read: check that it is PEM"
        default: "the transfer failed with libcurl error \(code)"
        }
    }
}
