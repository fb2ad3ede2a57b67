import Model

extension RecordDescription {
    /// A migration: where it stands, how far the destination is, and what the last comparison said.
    func migration(_ migration: EtcdMigration) -> [String] {
        let status = migration.status
        var rows: [(String, String)] = [
            ("From", migration.spec.sourceRef.name), ("To", migration.spec.destinationRef.name),
            ("Method", migration.spec.method.rawValue),
            ("Phase", status.phase.rawValue + (status.message.isEmpty ? "" : ": \(status.message)")),
        ]
        let optional: [(String, String?)] = [
            ("Source", status.sourceClusterID), ("Applied", status.applied.map { "revision \($0)" }),
            ("At source", status.sourceRevision.map { "revision \($0)" }),
            (
                "Behind",
                status.lagRevisions.map { count in
                    "\(count) revisions" + (status.lag.map { ", \($0.goText)" } ?? "")
                }
            ),
            ("Rate", status.rate.map { "\($0) a second" }), ("Keys", status.keys.map { String($0) }),
            ("Filled anew", status.seeding > 1 ? "\(status.seeding - 1) times: \(status.reseedReason)" : nil),
            ("Next filling", status.nextFillTime.flatMap { $0 > now ? "at \(moment($0))" : nil }),
            ("Frozen", status.freezeTime.map { "since \(moment($0))" }), ("Pause", status.pause?.goText),
            ("API server", status.apiServerFlag),
            ("Removed", status.removedKeys.map { "\($0) keys from the source" }),
            ("Roll back", status.rollbackUntil.map { wayBack($0) }),
            ("Cut-overs", status.cutoverFailures > 0 ? "\(status.cutoverFailures) were put back" : nil),
            ("Began", status.startTime.map { moment($0) }), ("Ended", status.completionTime.map { moment($0) }),
        ]
        rows += optional.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
        return facts(rows) + section("Comparison", proof(status.proof))
    }

    private func wayBack(_ end: Timestamp) -> String {
        end < now
            ? "refused since \(moment(end)); see spec.rollbackWindow"
            : "until \(moment(end)); what was written to the destination since the cut-over is lost by it"
    }

    private func proof(_ proof: MigrationProof?) -> [String] {
        guard let proof else { return ["none yet"] }
        let style: Paint.Style =
            switch proof.verdict {
            case .equal: .green
            case .different: .red
            case .unknown: .magenta
            }
        let when = proof.time.map { ", \(age($0)) ago" } ?? ""
        var lines = [paint(style, proof.verdict.rawValue) + ": \(proof.message)\(when)"]
        let figures: [(String, String?)] = [
            ("revision", proof.revision.map { String($0) }), ("keys", proof.keys.map { String($0) }),
            ("leases", proof.leases.map { String($0) }), ("HashKV", proof.hashKV.map { String($0) }),
            ("members", proof.members.map { String($0) }), ("took", proof.duration?.goText),
        ]
        let text = figures.compactMap { name, value in value.map { "\(name) \($0)" } }.joined(separator: ", ")
        if !text.isEmpty { lines.append(text) }
        guard !proof.differences.isEmpty else { return lines }
        var table = TextTable(["CODE", "WHAT", "DIFFERENCE"])
        for difference in proof.differences.prefix(50) {
            table.add([.init(difference.code), .init(difference.subject), .init(difference.message)])
        }
        lines += table.lines(paint)
        let more = proof.differenceCount - Int64(min(50, proof.differences.count))
        return more > 0 ? lines + ["and \(more) more; see -o yaml"] : lines
    }
}
