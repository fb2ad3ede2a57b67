/// A place where it is said how to reach a server: one file, or several that are read as one.
struct KubeconfigPlace: Sendable, Equatable {
    /// How the place was come by, which decides how much its contents are believed.
    enum Kind: Sendable, Equatable {
        /// Somebody named it.
        case named
        /// Only a controller writes there.
        case own
        /// In a working directory, which may belong to somebody else.
        case nearby
        /// It is kubectl's, and may speak of anybody's Kubernetes cluster.
        case shared
    }

    /// The files, those first that win.
    let files: [String]
    /// How it was come by.
    let kind: Kind

    /// The places to look at, in this order.
    ///
    /// A plugin of kubectl talks to what kubectl talks to, and to nothing else.
    static func candidates(named file: String?, in session: Session) -> [KubeconfigPlace] {
        if let file { return [KubeconfigPlace(files: [file], kind: .named)] }
        let listed = session.environment["KUBECONFIG", default: ""].split(separator: ":").map(String.init)
        let ofKubectl = listed.isEmpty ? [] : [KubeconfigPlace(files: listed, kind: .shared)]
        let home = session.environment["HOME", default: ""]
        let ofHome = home.isEmpty ? [] : [KubeconfigPlace(files: ["\(home)/.kube/config"], kind: .shared)]
        // As for kubectl: the variable replaces the file in the home directory.
        if session.isPlugin { return ofKubectl.isEmpty ? ofHome : ofKubectl }
        return nearby(session.workingDirectory) + ofKubectl
            + [KubeconfigPlace(files: ["/var/lib/lodestone/kubeconfig"], kind: .own)]
            + (ofKubectl.isEmpty ? ofHome : [])
    }

    /// `.lodestone/kubeconfig` in a directory and all above it.
    private static func nearby(_ start: String) -> [KubeconfigPlace] {
        var places: [KubeconfigPlace] = []
        var directory = start
        while !directory.isEmpty {
            let file = "\(directory == "/" ? "" : directory)/.lodestone/kubeconfig"
            places.append(KubeconfigPlace(files: [file], kind: .nearby))
            if directory == "/" { break }
            let parent = directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)]
            directory = parent.isEmpty ? "/" : String(parent)
        }
        return places
    }

    /// What is said where there is nothing anywhere.
    static func nothing(in session: Session) -> APIError {
        guard !session.isPlugin else {
            return .unreachable(
                "no controller is known here: kubectl has no kubeconfig with a current context; name one with "
                    + "--kubeconfig, KUBECONFIG or --context")
        }
        return .unreachable(
            "no controller is known here: there is no .lodestone/kubeconfig in this directory or above, and no "
                + "/var/lib/lodestone/kubeconfig; start one with \"lodestone controller\", or name its kubeconfig with "
                + "--kubeconfig or LODESTONE_KUBECONFIG")
    }
}
