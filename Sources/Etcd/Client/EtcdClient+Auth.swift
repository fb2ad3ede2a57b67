import Transport

extension EtcdClient {
    /// Whether authentication is on.
    ///
    /// - Throws: `EtcdError` with `unimplemented` before etcd 3.5.
    public func authStatus(timeout: Duration? = nil) async throws(EtcdError) -> AuthStatus {
        try await call(.authStatus, timeout: timeout)
    }

    /// Turns authentication on; a user `root` with the role `root` must exist.
    public func authEnable(timeout: Duration? = nil) async throws(EtcdError) {
        try await change(.authEnable, timeout) { _ in }
    }

    /// Turns authentication off.
    public func authDisable(timeout: Duration? = nil) async throws(EtcdError) {
        try await change(.authDisable, timeout) { _ in }
    }

    /// Adds a user; without a password, one who is known by the common name of a client certificate.
    public func userAdd(_ user: String, password: String?, timeout: Duration? = nil) async throws(EtcdError) {
        try require(user, "user")
        try await change(.userAdd, timeout) { writer in
            writer.string(1, user)
            writer.string(2, password ?? "")
            if password == nil { writer.message(3) { $0.bool(1, true) } }
        }
    }

    /// The roles of a user.
    public func userRoles(_ user: String, timeout: Duration? = nil) async throws(EtcdError) -> [String] {
        try require(user, "user")
        let response: NamesResponse = try await call(.userGet, timeout: timeout) { $0.string(1, user) }
        return response.names
    }

    /// The users.
    public func users(timeout: Duration? = nil) async throws(EtcdError) -> [String] {
        let response: NamesResponse = try await call(.userList, timeout: timeout)
        return response.names
    }

    /// Removes a user.
    public func userDelete(_ user: String, timeout: Duration? = nil) async throws(EtcdError) {
        try require(user, "user")
        try await change(.userDelete, timeout) { $0.string(1, user) }
    }

    /// Gives a user another password.
    public func userChangePassword(
        _ user: String, password: String, timeout: Duration? = nil
    ) async throws(EtcdError) {
        try require(user, "user")
        try await change(.userChangePassword, timeout) { writer in
            writer.string(1, user)
            writer.string(2, password)
        }
    }

    /// Gives a user a role.
    public func userGrantRole(_ user: String, role: String, timeout: Duration? = nil) async throws(EtcdError) {
        try require(user, "user")
        try await change(.userGrantRole, timeout) { writer in
            writer.string(1, user)
            writer.string(2, role)
        }
    }

    /// Takes a role from a user.
    public func userRevokeRole(_ user: String, role: String, timeout: Duration? = nil) async throws(EtcdError) {
        try require(user, "user")
        try await change(.userRevokeRole, timeout) { writer in
            writer.string(1, user)
            writer.string(2, role)
        }
    }

    /// Adds a role that may do nothing yet.
    public func roleAdd(_ role: String, timeout: Duration? = nil) async throws(EtcdError) {
        try await change(.roleAdd, timeout) { $0.string(1, role) }
    }

    /// The permissions of a role.
    public func rolePermissions(_ role: String, timeout: Duration? = nil) async throws(EtcdError) -> [EtcdPermission] {
        let response: RoleGetResponse = try await call(.roleGet, timeout: timeout) { $0.string(1, role) }
        return response.permissions
    }

    /// The roles.
    public func roles(timeout: Duration? = nil) async throws(EtcdError) -> [String] {
        let response: NamesResponse = try await call(.roleList, timeout: timeout)
        return response.names
    }

    /// Removes a role.
    public func roleDelete(_ role: String, timeout: Duration? = nil) async throws(EtcdError) {
        try await change(.roleDelete, timeout) { $0.string(1, role) }
    }

    /// Gives a role a permission.
    public func roleGrantPermission(
        _ role: String, _ permission: EtcdPermission, timeout: Duration? = nil
    ) async throws(EtcdError) {
        try await change(.roleGrantPermission, timeout) { writer in
            writer.string(1, role)
            writer.message(2, permission)
        }
    }

    /// Takes the permission on a range from a role; the range must be exactly the one that was granted.
    public func roleRevokePermission(
        _ role: String, on range: KeyRange, timeout: Duration? = nil
    ) async throws(EtcdError) {
        try await change(.roleRevokePermission, timeout) { writer in
            writer.string(1, role)
            writer.bytes(2, range.start)
            writer.bytes(3, range.encodedEnd)
        }
    }

    private func change(
        _ method: EtcdMethod, _ timeout: Duration?, _ request: (inout ProtobufWriter) -> Void
    ) async throws(EtcdError) {
        let _: HeaderResponse = try await call(method, timeout: timeout, request)
    }

    /// Refuses an empty name here: etcd's answer, "user name is empty", is also its answer to a call without a token.
    private func require(_ name: String, _ what: String) throws(EtcdError) {
        guard name.isEmpty else { return }
        throw EtcdError(.invalidArgument, "the name of the \(what) is empty", endpoint: endpoint.url, wasSent: .no)
    }
}

extension EtcdClient {
    /// Whether authentication is on, found out by an attempt to log in as a user whom nobody has, as releases before 3.5
    /// tell it in no other way.
    package func hasAuthentication(timeout: Duration? = nil) async throws(EtcdError) -> Bool {
        do throws(EtcdError) {
            let _: AuthenticateResponse = try await call(.authenticate, timeout: timeout) { writer in
                writer.string(1, "lodestone-asks-whether-authentication-is-on")
                writer.string(2, "x")
            }
            return true
        } catch {
            switch error.code {
            case .authNotEnabled: return false
            case .wrongPassword, .authPrecondition: return true
            default: throw error
            }
        }
    }
}
