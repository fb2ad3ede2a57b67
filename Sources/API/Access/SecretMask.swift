import Model
import Store

/// Secrets as those see them who may not see their values: every value is a mask, and a mask that is written back
/// means the value that is stored.
///
/// So a Secret can be read, edited and written by people who never see what it holds, and cannot be destroyed by that.
enum SecretMask {
    /// What stands for every value, in base64 as all values of Secrets are.
    ///
    /// It is the same for every value, so that it tells nothing of it, not even its length.
    static let mask = Base64.encode(Array(text.utf8))
    /// The mask decoded, as `kubectl describe` counts it.
    private static let text = "(masked: needs the right to reveal)"
    private static let annotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// A Secret with its values masked, also those in the annotation in which `kubectl apply` remembers them.
    static func masked(_ document: Value) -> Value {
        var result = document
        for field in ["data", "stringData"] {
            // Whatever a value is: a document that fits no more must not show what it holds either.
            guard let values = document[field], !values.isVacant else { continue }
            guard let members = values.members else {
                result[field] = nil
                continue
            }
            var hidden = Value.Members()
            for key in members.keys {
                hidden.append(key, .string(field == "data" ? mask : text))
            }
            result[field] = .object(hidden)
        }
        if let memory = document[path: "metadata", "annotations"]?[annotation] {
            result.setAnnotation(annotation, .string(masked(memory: memory)))
        }
        return result
    }

    /// A record that shows itself without its values.
    static func masked(_ record: Record) -> Record {
        Record(id: record.id, revision: record.revision, document: masked(record.document))
    }

    /// The document with the stored values in place of masks.
    ///
    /// - Parameters:
    ///   - document: What somebody wrote who sees masks only.
    ///   - stored: The Secret as it is; nil if it is to be made.
    /// - Returns: The document to be stored; or the field that holds a mask for which there is no value.
    static func unmasked(_ document: Value, stored: Value?) -> Result<Value, UnknownMask> {
        var result = document
        var unknown: FieldPath?
        for (field, sign) in [("data", mask), ("stringData", text)] {
            guard let members = document[field]?.members else { continue }
            var values = Value.Members()
            for (key, value) in members {
                guard value == .string(sign) else {
                    values.append(key, value)
                    continue
                }
                guard let own = stored?[path: "data", key] else {
                    unknown = unknown ?? FieldPath([.member(field), .member(key)])
                    continue
                }
                // Plain text would be encoded again; what is stored is encoded already.
                if field == "data" {
                    values.append(key, own)
                } else {
                    var data = result["data"] ?? [:]
                    data[key] = own
                    result["data"] = data
                }
            }
            result[field] = .object(values)
        }
        if let memory = document[path: "metadata", "annotations"]?[annotation]?.string {
            let own = stored?[path: "metadata", "annotations"]?[annotation]
            switch unmasked(memory: memory, stored: own, values: stored?["data"]) {
            case .success(let text): result.setAnnotation(annotation, text)
            case .failure(let failure): unknown = unknown ?? failure.path
            }
        }
        if let unknown { return .failure(UnknownMask(path: unknown)) }
        return .success(result)
    }

    /// A mask stands where no value is stored.
    struct UnknownMask: Error, Equatable {
        let path: FieldPath

        var message: String {
            "\(path) is a mask, and no value is stored there that it could stand for; give the value itself"
        }
    }

    // MARK: What kubectl remembers

    private static func masked(memory: Value) -> String {
        guard let text = memory.string, let document = try? Value(json: Array(text.utf8)), document.members != nil
        else { return "" }
        return String(decoding: masked(document).jsonBytes, as: UTF8.self)
    }

    private static func unmasked(
        memory: String, stored: Value?, values data: Value?
    ) -> Result<Value?, UnknownMask> {
        // Unchanged: the very text that is stored, whatever it is.
        if let stored, memory == masked(memory: stored) { return .success(stored) }
        guard let document = try? Value(json: Array(memory.utf8)), document.members != nil else {
            return .success(.string(memory))
        }
        let own = stored?.string.flatMap { try? Value(json: Array($0.utf8)) }
        var result = document
        for (field, sign) in [("data", mask), ("stringData", text)] {
            guard let members = document[field]?.members else { continue }
            var values = Value.Members()
            for (key, value) in members {
                guard value == .string(sign) else {
                    values.append(key, value)
                    continue
                }
                guard let kept = own?[field]?[key] ?? (field == "data" ? data?[key] : nil) else {
                    return .failure(
                        UnknownMask(path: FieldPath("metadata.annotations").appending(annotation)))
                }
                values.append(key, kept)
            }
            result[field] = .object(values)
        }
        guard result != document else { return .success(.string(memory)) }
        return .success(.string(String(decoding: result.jsonBytes, as: UTF8.self)))
    }
}

extension Value {
    fileprivate mutating func setAnnotation(_ name: String, _ value: Value?) {
        var metadata = self["metadata"] ?? [:]
        var annotations = metadata["annotations"] ?? [:]
        annotations[name] = value
        metadata["annotations"] = annotations
        self["metadata"] = metadata
    }
}
