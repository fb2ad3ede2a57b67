package import Model

/// Changes to a document as a list of operations (RFC 6902), each of them on what the ones before it left.
///
/// Words of refusals are those of Kubernetes' patch library where it has any.
package struct JSONPatch {
    /// Why a patch cannot be applied.
    package enum Failure: Error, Equatable {
        /// The patch itself makes no sense.
        case malformed(String)
        /// The patch does not fit the document.
        case rejected(String)
        /// The patch asks for more work or makes more bytes than it may.
        case tooLarge(String)
    }

    /// One change.
    struct Operation {
        enum Action: String {
            case add, remove, replace, move, copy, test
        }

        let action: Action
        let path: JSONPointer
        /// Where `move` and `copy` take the value from.
        let from: JSONPointer?
        /// What `add`, `replace` and `test` bring.
        let value: Value
    }

    /// As many operations as Kubernetes takes in one patch.
    package static let operationLimit = 10_000
    /// How much `copy` may add in all, as JSON bytes about: as much as a request may bring, as in Kubernetes.
    package static let copyLimit = 3 << 20
    /// How deep a document may nest, as for documents that are sent.
    static let depthLimit = 200
    /// How many members and elements may be passed on the way to all places; a patch of this many takes seconds.
    static let stepLimit = 20_000_000

    let operations: [Operation]

    /// Reads a patch.
    ///
    /// - Throws: `.malformed` for what is no list of operations, `.tooLarge` for too many of them.
    package init(_ document: Value) throws(Failure) {
        guard let elements = document.array else {
            throw .malformed("a JSON patch must be a list of operations, not \(document.typeName)")
        }
        guard elements.count <= Self.operationLimit else {
            throw .tooLarge(
                "The allowed maximum operations in a JSON patch is \(Self.operationLimit), got \(elements.count)")
        }
        var operations: [Operation] = []
        for (index, element) in elements.enumerated() {
            operations.append(try Self.operation(element, index))
        }
        self.operations = operations
    }

    private static func operation(_ element: Value, _ index: Int) throws(Failure) -> Operation {
        guard element.members != nil, let name = element["op"]?.string else {
            throw .malformed("operation \(index) of the JSON patch must be an object with \"op\" and \"path\"")
        }
        guard let action = Operation.Action(rawValue: name) else {
            throw .malformed("operation \(index) of the JSON patch has the unknown op \"\(name)\"")
        }
        func pointer(_ field: String) throws(Failure) -> JSONPointer {
            guard let text = element[field]?.string, let pointer = JSONPointer(text) else {
                throw .malformed("operation \(index) (\(name)) of the JSON patch needs a JSON pointer as \"\(field)\"")
            }
            guard pointer.steps.count <= depthLimit else {
                throw .malformed("operation \(index) (\(name)) of the JSON patch points deeper than any record goes")
            }
            return pointer
        }
        let path = try pointer("path")
        var from: JSONPointer?
        var value = Value.null
        switch action {
        case .move, .copy: from = try pointer("from")
        case .add, .replace, .test:
            guard let given = element["value"] else {
                throw .malformed("operation \(index) (\(name)) of the JSON patch needs a \"value\"")
            }
            value = given
        case .remove: break
        }
        return Operation(action: action, path: path, from: from, value: value)
    }

    /// The document with all operations done; as the document is a value, a patch that fails changes nothing.
    ///
    /// - Throws: `.rejected` where an operation does not fit, `.tooLarge` where it grows beyond bounds.
    package func applied(to document: Value) throws(Failure) -> Value {
        var state = JSONPatchState(document)
        for operation in operations {
            let (action, path) = (operation.action, operation.path)
            switch action {
            case .add: try state.add(operation.value, at: path, action)
            case .remove: _ = try state.remove(at: path, action)
            case .replace: try state.replace(operation.value, at: path)
            case .test:
                guard Self.areEqual(try state.value(at: path, action), operation.value) else {
                    throw .rejected("testing value \(path) failed: test failed")
                }
            case .move, .copy:
                guard let from = operation.from else { continue }
                if action == .copy {
                    let value = try state.value(at: from, action)
                    try state.noteCopy(of: value)
                    try state.add(value, at: path, action)
                } else if path != from {
                    guard !path.isWithin(from) else {
                        throw .rejected("move operation does not apply: \(path) lies within \(from)")
                    }
                    try state.add(try state.remove(at: from, action), at: path, action)
                }
            }
        }
        return state.document
    }

    /// Equality of JSON values; numbers are equal if they mean the same, however they are written.
    private static func areEqual(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.integer(let whole), .double(let number)), (.double(let number), .integer(let whole)):
            Double(whole) == number
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { areEqual($0, $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { key, value in right[key].map { areEqual(value, $0) } ?? false }
        default: left == right
        }
    }
}
