public import Model

/// YAML as values: what a request body or a file holds, without knowing what its documents mean.
public enum YAML {
    /// The largest text that is read, in bytes.
    public static let maximumSize = 16 << 20

    /// The documents of a stream of YAML (or JSON, which is YAML too), empty ones left out.
    ///
    /// - Throws: `YAMLError` for the first thing wrong.
    public static func documents(_ bytes: [UInt8]) throws(YAMLError) -> [Value] {
        var values: [Value] = []
        var stream = DocumentStream(bytes)
        while let document = try stream.next() {
            if let problem = document.problems.first {
                throw YAMLError(line: problem.line, message: "\(problem.path): \(problem.message)")
            }
            values.append(document.root.value)
        }
        return values
    }
}

/// The documents of a text one after the other, whether it is YAML or JSON.
package struct DocumentStream {
    /// One document with what is wrong with single fields of it.
    package struct Document {
        package let root: SourceNode
        package let problems: [(line: Int, path: FieldPath, message: String)]
    }

    private var composer: YAMLComposer
    private let bytes: [UInt8]
    private var isFirst = true

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        composer = YAMLComposer(bytes)
    }

    /// The next document that is not empty, or nil after the last.
    package mutating func next() throws(YAMLError) -> Document? {
        guard bytes.count <= YAML.maximumSize else {
            throw YAMLError(
                line: 1, message: "the text is \(ByteCount(Int64(bytes.count)).rounded); 16 MiB is the most")
        }
        defer { isFirst = false }
        while true {
            do throws(YAMLError) {
                guard let root = try composer.nextDocument() else { return nil }
                if case .scalar(.null) = root.content, composer.problems.isEmpty { continue }
                return Document(root: root, problems: composer.problems)
            } catch {
                guard isFirst, let root = try json(insteadOf: error) else { throw error }
                composer = YAMLComposer([])
                return Document(root: root, problems: [])
            }
        }
    }

    /// The text as JSON, where libyaml refuses it: JSON's escapes of characters outside the basic plane are no YAML.
    private func json(insteadOf refusal: YAMLError) throws(YAMLError) -> SourceNode? {
        guard bytes.count <= YAMLComposer.maximumCharacters,
            bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{"), let value = try? Value(json: bytes)
        else { return nil }
        let root = SourceNode(value, line: 1)
        guard root.height <= YAMLComposer.maximumDepth else { throw refusal }
        return root
    }
}
