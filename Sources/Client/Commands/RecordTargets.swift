import Model

/// Records as a person names them: `ec`, `ec orders invoices`, `ec/orders eb/first`, `ec,eb`, `all`.
struct RecordTargets {
    /// One kind, and one of its records or all of them.
    struct Target {
        let kind: RegisteredKind
        let name: String?
    }

    let targets: [Target]

    /// Understands the arguments of a command.
    ///
    /// - Throws: `UsageError` that names the command.
    init(_ arguments: [String], command: String) throws(UsageError) {
        do {
            targets = try Self.parse(arguments)
        } catch let error as UsageError {
            throw UsageError(error.message, command: command)
        } catch {
            throw UsageError("\(error)", command: command)
        }
    }

    /// Whether every target is one named record.
    var areNamed: Bool { targets.allSatisfy { $0.name != nil } }

    private static func parse(_ arguments: [String]) throws -> [Target] {
        guard let first = arguments.first else { throw UsageError("name a kind, such as \"ec\" or \"etcdcluster\"") }
        if first.contains("/") {
            return try arguments.map { argument in
                let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                    throw UsageError("\"\(argument)\" is no KIND/NAME, such as \"ec/orders\"")
                }
                return Target(kind: try .find(parts[0]), name: parts[1])
            }
        }
        let names = arguments.dropFirst()
        if let wrong = names.first(where: { $0.contains("/") }) {
            throw UsageError("\"\(wrong)\" is no name; write either KIND NAME... or KIND/NAME...")
        }
        let kinds = try first.split(separator: ",").flatMap { try Self.kinds(String($0)) }
        guard !names.isEmpty else { return kinds.map { Target(kind: $0, name: nil) } }
        guard kinds.count == 1 else { throw UsageError("names can be given for one kind only") }
        return names.map { Target(kind: kinds[0], name: $0) }
    }

    private static func kinds(_ word: String) throws -> [RegisteredKind] {
        let category = RegisteredKind.all.filter { $0.kind.categories.contains(word) }
        return category.isEmpty ? [try .find(word)] : category
    }
}
