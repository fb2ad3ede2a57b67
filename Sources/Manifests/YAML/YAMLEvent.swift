/// One step of a YAML stream, as the parser meets it.
struct YAMLEvent {
    /// What the step is.
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(of: String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    let kind: Kind
    /// The name by which aliases can repeat this value.
    var anchor: String?
    /// The tag as the document gives it, prefixes resolved.
    var tag: String?
    /// The line, from 1.
    let line: Int
    /// The number of characters from the start of the stream.
    let offset: Int
}
