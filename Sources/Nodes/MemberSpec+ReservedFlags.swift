extension MemberSpec {
    /// Why a flag may not be among the extra arguments, or nil when it may.
    ///
    /// Go takes one or two dashes, so leading dashes do not hide a flag; nor does a value glued on with `=`.
    public static func reservation(of flag: String) -> String? {
        let name = String(flag.drop { $0 == "-" }.prefix { $0 != "=" })
        if let reason = reserved[name] { return reason }
        return reservedPrefixes.first { name.hasPrefix($0.prefix) }?.reason
    }

    private static let place = "the control plane decides where a member keeps its data"
    private static let addresses = "the control plane decides a member's addresses"
    private static let membership = "the control plane decides who is a member"
    private static let security = "TLS comes from the cluster's tls settings"
    private static let logs = "the control plane reads the member's log"
    private static let danger = "it can destroy the cluster's data"
    private static let typed = "the record has a field of its own for it"

    private static let reserved: [String: String] = [
        "name": membership, "data-dir": place, "wal-dir": place, "advertise-client-urls": addresses,
        "force-new-cluster": danger, "strict-reconfig-check": danger, "config-file": "it would replace every argument",
        "quota-backend-bytes": typed, "logger": logs, "log-outputs": logs, "log-output": logs,
        "enable-log-rotation": logs, "log-rotation-config-json": logs, "log-level": logs, "log-format": logs,
        "cert-file": security, "key-file": security, "client-cert-auth": security, "trusted-ca-file": security,
        "client-crl-file": security, "client-cert-file": security, "client-key-file": security, "ca-file": security,
        "auto-tls": security, "version": "it does not start a member", "help": "it does not start a member",
        "h": "it does not start a member", "host-whitelist": security,
    ]

    private static let reservedPrefixes: [(prefix: String, reason: String)] = [
        ("listen-", addresses), ("initial-", membership), ("discovery", membership), ("proxy", membership),
        ("peer-", security), ("unsafe-", danger), ("experimental-peer-skip-client-san", security),
        ("next-cluster-version", danger),
    ]
}
