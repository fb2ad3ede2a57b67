package import Transport

/// Transactions over one connection to one member, many under way at a time, proposed in the order they were sent.
///
/// Every flush ends with a transaction that reads nothing: a Go server starts a goroutine per request and runs the one
/// it started last first, so without it the last transaction of each flush would overtake the others wherever the
/// server runs on one processor (`GOMAXPROCS=1`), and the conditions of all would fail. It belongs to one thread, as
/// `GRPCPipeline` says.
package final class TransactionPipeline {
    /// What became of a transaction.
    package enum Outcome: Sendable, Hashable {
        /// Its conditions held; the member's revision afterwards, which is its own if it wrote anything.
        case applied(Int64)
        /// A condition did not hold, and nothing was written.
        case refused(Int64)
        /// The member did not say; it may have been applied.
        case unknown
    }

    private let pipeline: GRPCPipeline
    /// Which calls are transactions: all but the last one of each flush.
    private var sent = 0
    private var fillers: Set<Int> = []

    init(_ pipeline: GRPCPipeline) {
        self.pipeline = pipeline
    }

    /// Whether another connection is due.
    package var isWornOut: Bool { pipeline.isWornOut }

    /// Sends transactions in one flush.
    ///
    /// - Throws: `EtcdError` if the connection broke; what has no outcome may have been applied.
    package func send(_ transactions: [[UInt8]]) throws(EtcdError) {
        sent += transactions.count + 1
        fillers.insert(sent - 1)
        do {
            try pipeline.send(transactions + [Self.filler])
        } catch {
            throw EtcdError(error, isIdempotent: false)
        }
    }

    /// Waits for outcomes until there are some, the bell rings or the time is over; in the order of their arrival.
    ///
    /// - Throws: `EtcdError` if the connection broke; what has no outcome may have been applied.
    package func outcomes(within duration: Duration) throws(EtcdError) -> [(number: Int, outcome: Outcome)] {
        let answers: [GRPCPipeline.Answer]
        do {
            answers = try pipeline.answers(within: duration)
        } catch {
            throw EtcdError(error, isIdempotent: false)
        }
        var outcomes: [(number: Int, outcome: Outcome)] = []
        for answer in answers where fillers.remove(answer.number) == nil {
            outcomes.append((answer.number, try outcome(of: answer.message)))
        }
        return outcomes
    }

    /// The number that the next transaction sent will have in the outcomes.
    package var nextNumber: Int { sent }

    private func outcome(of message: GRPCMessage?) throws(EtcdError) -> Outcome {
        guard let message else { return .unknown }
        do {
            // Of the answer only this counts; it has one more entry for every write.
            return try message.decode { (bytes) throws(ProtobufError) in
                var (revision, succeeded) = (Int64(0), false)
                var reader = ProtobufReader(bytes)
                while let field = try reader.next() {
                    switch field.number {
                    case 1: revision = try reader.message(ResponseHeader.self, field).revision
                    case 2: succeeded = try reader.bool(field)
                    default: try reader.skip(field)
                    }
                }
                return succeeded ? .applied(revision) : .refused(revision)
            }
        } catch {
            throw EtcdError(
                .malformedResponse, error.description, endpoint: pipeline.endpoint.url, wasSent: .yes)
        }
    }

    /// Reads a key that nobody has, from the member's own memory.
    private static let filler = Transaction(
        then: [.range(RangeRequest(.key([0]), content: .keysOnly, isSerializable: true))]
    ).encoded
}

extension EtcdClient {
    /// Connects for transactions that are sent one after the other without waiting, which waits and so needs a thread
    /// of its own.
    ///
    /// - Parameters:
    ///   - bell: what ends a wait for outcomes.
    ///   - renewsToken: whether the member may have forgotten the token of the session.
    /// - Returns: the connection.
    /// - Throws: `EtcdError`; nothing has been sent.
    package func transactionPipeline(
        bell: GRPCPipeline.Bell, renewsToken: Bool = false
    ) async throws(EtcdError) -> TransactionPipeline {
        let metadata = try await metadata(renewing: renewsToken)
        do {
            return TransactionPipeline(
                try GRPCPipeline(endpoint, method: EtcdMethod.txn.path, metadata: metadata, bell: bell))
        } catch {
            throw EtcdError(error, isIdempotent: false)
        }
    }
}

extension Transaction {
    /// The transaction as it goes over the wire.
    package var encodedBytes: [UInt8] { encoded }
}
