import CYAML

/// The only place that touches libyaml: turns the bytes of a YAML stream into events.
///
/// Not `Sendable`: it owns C memory and is used by one reader, from its creation to its end.
final class LibYAMLParser {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// Takes a copy of the bytes, which libyaml reads as it goes.
    init(_ bytes: [UInt8]) {
        parser = .allocate(capacity: 1)
        input = .allocate(capacity: max(bytes.count, 1))
        _ = input.update(fromContentsOf: bytes)
        precondition(yaml_parser_initialize(parser) == 1, "libyaml fails here only when there is no memory")
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event; after `streamEnd` there is none to ask for.
    ///
    /// - Throws: `YAMLError` where the text is not YAML; the parser is of no use after that.
    func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
        defer { yaml_event_delete(&event) }
        return Self.event(event)
    }

    private static func event(_ event: yaml_event_t) -> YAMLEvent {
        func make(
            _ kind: YAMLEvent.Kind, anchor: UnsafeMutablePointer<yaml_char_t>? = nil,
            tag: UnsafeMutablePointer<yaml_char_t>? = nil
        ) -> YAMLEvent {
            YAMLEvent(
                kind: kind, anchor: anchor.map { String(cString: $0) }, tag: tag.map { String(cString: $0) },
                line: event.start_mark.line + 1, offset: event.end_mark.index)
        }
        switch event.type {
        case YAML_STREAM_START_EVENT, YAML_NO_EVENT: return make(.streamStart)
        case YAML_STREAM_END_EVENT: return make(.streamEnd)
        case YAML_DOCUMENT_START_EVENT: return make(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return make(.documentEnd)
        case YAML_ALIAS_EVENT: return make(.alias(of: String(cString: event.data.alias.anchor)))
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return make(
                .scalar(text: text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), anchor: scalar.anchor,
                tag: scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return make(.sequenceStart, anchor: start.anchor, tag: start.tag)
        case YAML_SEQUENCE_END_EVENT: return make(.sequenceEnd)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return make(.mappingStart, anchor: start.anchor, tag: start.tag)
        default: return make(.mappingEnd)
        }
    }

    private var failure: YAMLError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "there is no memory left to read it"
        guard state.error != YAML_READER_ERROR else {
            let before = input.prefix(min(Int(state.problem_offset), input.count))
            let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
            return YAMLError(line: line, message: YAMLComplaint.aboutBytes(problem, value: Int(state.problem_value)))
        }
        let complaint = YAMLComplaint(
            problem: problem, context: state.context.map { String(cString: $0) } ?? "",
            contextLine: state.context_mark.line + 1, character: character(at: state.problem_mark))
        return YAMLError(line: state.problem_mark.line + 1, message: complaint.sentence)
    }

    /// The character a mark points at; nil at the end.
    private func character(at mark: yaml_mark_t) -> Character? {
        // Marks count lines and characters, not bytes.
        let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: mark.line, omittingEmptySubsequences: false)
        guard lines.count > mark.line else { return nil }
        let rest = lines[mark.line].prefix { $0 != UInt8(ascii: "\n") }
        let scalars = String(decoding: rest, as: UTF8.self).unicodeScalars
        return scalars.dropFirst(mark.column).first.map(Character.init)
    }
}
