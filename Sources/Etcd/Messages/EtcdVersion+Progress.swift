import Model

extension EtcdVersion {
    /// Whether progress revisions of a watch come in order with its events (etcd#15220: 3.4.25 and 3.5.8).
    var hasOrderedProgress: Bool {
        switch (major, minor) {
        case (3, ...3): false
        case (3, 4): patch >= 25
        case (3, 5): patch >= 8
        default: true
        }
    }
}
