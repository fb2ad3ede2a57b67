import Crypto
import Model
import Synchronization
import Telemetry
import Transport

/// Serves what the certificate files hold, from a few seconds after they change, and tells when that cannot go on.
///
/// The files are read over and over and compared: whatever replaces them, a rename, a link that is switched or an editor,
/// is noticed. What cannot be used is told once and changes nothing.
final class CertificateFollower: Sendable {
    /// How long before its end a certificate is told of, at the most; of a short life it is the last fifth.
    private static let notice = Duration.seconds(30 * 86_400)
    private static let reminder = Duration.seconds(86_400)

    private struct State {
        var served: HTTPServerOptions.TLS
        var end: Timestamp?
        var noticeFrom: Timestamp?
        /// How often in a row the files could not be used.
        var failures = 0
        var problem: String?
        /// Why the kubeconfig does not trust what is served; nil where it does.
        var kubeconfigProblem: String?
        var remindedAt: Timestamp?
    }

    private let source: ServingCertificates
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let reloads: Counter
    private let state: Mutex<State>

    init(
        _ source: ServingCertificates, serving tls: HTTPServerOptions.TLS, now: @escaping @Sendable () -> Timestamp,
        _ metrics: MetricsRegistry, _ logger: Logger
    ) {
        self.source = source
        self.now = now
        self.logger = logger
        reloads = metrics.counter(
            "lodestone_serving_certificate_reloads_total",
            "How often the server's certificate or the authorities of clients were replaced while it served.")
        state = Mutex(State(served: tls))
        note(tls)
        metrics.addCollector { [weak self] in self?.families ?? [] }
    }

    /// What is wrong or will be soon.
    var findings: [Finding] {
        let (problem, kubeconfig, end, from) = state.withLock {
            ($0.problem, $0.kubeconfigProblem, $0.end, $0.noticeFrom)
        }
        var findings: [Finding] = []
        if let problem {
            findings.append(
                Finding(
                    "CertificateFilesUnusable", .warning,
                    "the certificate files of the API cannot be used, so what was read before is served: \(problem)",
                    remedy: "correct the files; they are looked at every few seconds"))
        }
        if let kubeconfig {
            findings.append(
                Finding(
                    "KubeconfigOutdated", .warning,
                    "the kubeconfig still trusts the former certificate of the API: \(kubeconfig)",
                    remedy: "make room or mend its rights; it is written again every few seconds"))
        }
        guard let end, let from, now() >= from else { return findings }
        let isOver = now() >= end
        findings.append(
            Finding(
                "ServingCertificateExpires", isOver ? .critical : .warning,
                "the certificate the API serves with \(isOver ? "expired" : "expires") at \(end)",
                remedy: "put a new one into its files; one that the controller has made itself is renewed by a restart")
        )
        return findings
    }

    /// Looks at the files until the task is cancelled.
    ///
    /// - Parameters:
    ///   - server: What serves with them.
    ///   - url: Its address, for the kubeconfig.
    ///   - replaced: Told how often an authority of clients was taken away so far, whenever anything was replaced.
    func run(_ server: HTTPServer, url: String, replaced: @Sendable (_ trustEpoch: Int) -> Void) async {
        while !Task.isCancelled {
            // Ends early only by cancellation, which the loop looks at.
            try? await Task.sleep(for: source.interval)
            look(server, url, replaced)
        }
    }

    private func look(_ server: HTTPServer, _ url: String, _ replaced: @Sendable (Int) -> Void) {
        let served = state.withLock(\.served)
        let (found, failure) = source.read(over: served, now: now())
        var problem = failure?.fact
        if found != served {
            var candidates = [found, served, found]
            // What can be read may still not be usable; the certificate and the authorities, each for themselves.
            candidates[1].clientAuthoritiesPEM = found.clientAuthoritiesPEM
            candidates[2].clientAuthoritiesPEM = served.clientAuthoritiesPEM
            for candidate in candidates where candidate != served {
                do throws(HTTPServerError) {
                    replaced(try server.replaceCertificates(candidate))
                    note(candidate)
                    reloads.add()
                    logger.info("The API serves with new certificates", ["expires": .text(endText)])
                    tell(candidate, url)
                    break
                } catch {
                    problem = problem ?? "\(error)"
                }
            }
        } else if state.withLock({ $0.kubeconfigProblem != nil }) {
            tell(served, url)
        }
        judge(problem)
        remind()
    }

    /// Tells what is wrong with the files once, and that it is well again.
    private func judge(_ problem: String?) {
        let (was, isNew) = state.withLock { state in
            let was = state.problem
            guard let problem else {
                (state.failures, state.problem) = (0, nil)
                return (was, false)
            }
            state.failures += 1
            // A certificate and its key are replaced one after the other, and do not go together in between.
            guard state.failures > 1, was != problem else { return (was, false) }
            state.problem = problem
            return (was, true)
        }
        if let problem, isNew {
            logger.error("The certificate files of the API cannot be used; what was read before is served: \(problem)")
        } else if problem == nil, was != nil {
            logger.info("The certificate files of the API can be used again")
        }
    }

    private func tell(_ tls: HTTPServerOptions.TLS, _ url: String) {
        do throws(CredentialsError) {
            try source.tell(tls, url: url)
            let was = state.withLock { state in
                defer { state.kubeconfigProblem = nil }
                return state.kubeconfigProblem
            }
            if was != nil { logger.info("The kubeconfig trusts the certificate of the API again") }
        } catch {
            let isNew = state.withLock { state in
                defer { state.kubeconfigProblem = error.fact }
                return state.kubeconfigProblem != error.fact
            }
            if isNew { logger.error("The kubeconfig still trusts the former certificate of the API: \(error.fact)") }
        }
    }

    private func remind() {
        let moment = now()
        let isDue = state.withLock { state in
            guard let from = state.noticeFrom, moment >= from else { return false }
            if let last = state.remindedAt, moment - last < Self.reminder { return false }
            state.remindedAt = moment
            return true
        }
        if isDue { logger.warning("The certificate the API serves with is about to end", ["expires": .text(endText)]) }
    }

    private var endText: String { state.withLock { $0.end?.description ?? "unknown" } }

    private func note(_ tls: HTTPServerOptions.TLS) {
        let certificate = try? Certificate(pem: tls.certificatePEM)
        state.withLock { state in
            state.served = tls
            state.remindedAt = nil
            state.end = certificate.map { Timestamp(secondsSinceEpoch: $0.notAfter.components.seconds) }
            state.noticeFrom = certificate.map { certificate in
                let before = min(Self.notice, (certificate.notAfter - certificate.notBefore) / 5)
                return Timestamp(secondsSinceEpoch: (certificate.notAfter - before).components.seconds)
            }
        }
    }

    private var families: [MetricFamily] {
        let (end, isUnusable) = state.withLock { ($0.end, $0.problem != nil) }
        return [
            MetricFamily(
                "lodestone_serving_certificate_not_after_timestamp_seconds",
                "When the certificate the API serves with ends, in seconds since the epoch.",
                samples: end.map { [MetricSample(Double($0.secondsSinceEpoch))] } ?? []),
            MetricFamily(
                "lodestone_serving_certificate_files_unusable",
                "Whether the certificate files cannot be used, so that what was read before is served.",
                samples: [MetricSample(isUnusable ? 1 : 0)]),
        ]
    }
}
