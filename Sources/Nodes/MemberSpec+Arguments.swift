extension MemberSpec {
    /// The exact arguments that etcd is started with, without the program's own name.
    ///
    /// Every flag is one word `--name=value`, which Go's flag parser takes for switches as well. The log is structured
    /// and goes to standard error, because under systemd etcd 3.4's default would send it to the journal. Throws
    /// `invalidSpec` or `reservedFlag`.
    public func arguments() throws(NodeError) -> [String] {
        try validate()
        var flags = [
            ("name", identity.member), ("data-dir", directory.dataPath),
            ("listen-client-urls", clientURL), ("advertise-client-urls", clientURL),
            ("listen-peer-urls", peerURL), ("initial-advertise-peer-urls", peerURL),
            ("initial-cluster", initialCluster.map { "\($0.name)=\($0.url)" }.joined(separator: ",")),
            ("initial-cluster-token", identity.incarnation), ("initial-cluster-state", initialState.rawValue),
            ("logger", "zap"), ("log-outputs", "stderr"),
        ]
        if let quotaBytes { flags.append(("quota-backend-bytes", "\(quotaBytes)")) }
        flags += extraArguments.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return flags.map { "--\($0.0)=\($0.1)" }
    }

    /// Checks extra arguments alone, so that a record can be refused before anything is started.
    ///
    /// Throws `reservedFlag` with the reason, or `invalidSpec` for what is no flag at all.
    public static func validate(extraArguments: [String: String], member: String) throws(NodeError) {
        for (flag, value) in extraArguments.sorted(by: { $0.key < $1.key }) {
            if let reason = reservation(of: flag) {
                throw .reservedFlag(member: member, flag: flag, reason: reason)
            }
            guard isFlagName(flag) else {
                throw .invalidSpec(
                    member: member,
                    problem: "the argument \"\(flag)\" is not a flag's name in lower case without leading dashes")
            }
            guard isPlain(value) else {
                throw .invalidSpec(member: member, problem: "the value of --\(flag) holds a control character")
            }
        }
    }

    private func validate() throws(NodeError) {
        let member = identity.description
        func refuse(_ problem: String) -> NodeError { .invalidSpec(member: member, problem: problem) }
        guard !identity.member.isEmpty, isNameLike(identity.member) else {
            throw refuse("its name \"\(identity.member)\" is empty or holds more than letters, digits, '-', '_', '.'")
        }
        guard !identity.incarnation.isEmpty, !identity.clusterUID.isEmpty, Self.isPlain(identity.incarnation) else {
            throw refuse("its cluster has no identifier or no incarnation")
        }
        guard binary.hasPrefix("/") else { throw refuse("its binary \"\(binary)\" is not an absolute path") }
        for url in [clientURL, peerURL] + initialCluster.map(\.url) {
            guard url.hasPrefix("http://") || url.hasPrefix("https://"), Self.isPlain(url), !url.contains(",") else {
                throw refuse("\"\(url)\" is not one http or https URL")
            }
        }
        guard clientURL != peerURL else { throw refuse("its client and peer URL are both \(clientURL)") }
        guard initialCluster.contains(Peer(name: identity.member, url: peerURL)) else {
            throw refuse("the initial cluster does not list it at \(peerURL)")
        }
        guard Set(initialCluster.map(\.name)).count == initialCluster.count,
            Set(initialCluster.map(\.url)).count == initialCluster.count
        else { throw refuse("the initial cluster lists a name or a peer URL twice") }
        if let quotaBytes, quotaBytes <= 0 { throw refuse("its quota of \(quotaBytes) bytes is not positive") }
        try Self.validate(extraArguments: extraArguments, member: member)
    }

    private func isNameLike(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    private static func isFlagName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }
}
