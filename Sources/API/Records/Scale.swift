import Model

/// The size of a cluster as `kubectl scale` reads and writes it (`autoscaling/v1 Scale`): another form of two fields of
/// the record, at the path of its own.
enum Scale {
    static let group = "autoscaling"
    static let version = "v1"
    static let kind = "Scale"
    static let apiVersion = "\(group)/\(version)"

    private static let ownName = "spec.size"
    private static let name = "spec.replicas"

    /// Whether records of a kind have a size.
    static func isOffered(by kind: Kind) -> Bool { kind == EtcdCluster.kind }

    /// The size of a record: wanted, and of voting members that are there.
    static func document(of record: Value) -> Value {
        var metadata = Value.Members()
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata[field] = record[path: "metadata", field]
        }
        let members = record[path: "status", "members"]?.array ?? []
        let present = members.count { member in
            // One that is planned is not there yet; one that does not answer is.
            member["role"]?.string != MemberRole.learner.rawValue
                && member["phase"]?.string != MemberPhase.pending.rawValue
        }
        return [
            "kind": .string(kind), "apiVersion": .string(apiVersion), "metadata": .object(metadata),
            // A cluster that others run has no size of its own to be wanted.
            "spec": ["replicas": record[path: "spec", "size"] ?? .integer(Int64(present))],
            "status": ["replicas": .integer(Int64(present))],
        ]
    }

    /// A scale as a table, as `kubectl get --subresource=scale` shows it, with Kubernetes' columns.
    static func table(of scale: Value, at moment: Timestamp) -> Value {
        let columns: [(name: String, type: String, description: String)] = [
            ("Name", "string", "The record's name."), ("Desired", "integer", "The number of members wanted."),
            ("Available", "integer", "The number of voting members that are there."),
            ("Age", "string", "How long ago the record was created."),
        ]
        let metadata = scale["metadata"] ?? [:]
        let created = metadata["creationTimestamp"]?.string.flatMap { Timestamp($0) } ?? moment
        let row: Value = [
            "cells": [
                metadata["name"] ?? "", scale[path: "spec", "replicas"] ?? 0, scale[path: "status", "replicas"] ?? 0,
                .string((moment - created).ageText),
            ],
            "object": ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata],
        ]
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1",
            "metadata": ["resourceVersion": metadata["resourceVersion"] ?? ""],
            "columnDefinitions": .array(
                columns.map { column in
                    [
                        "name": .string(column.name), "type": .string(column.type),
                        "format": column.name == "Name" ? "name" : "", "description": .string(column.description),
                        "priority": 0,
                    ]
                }), "rows": [row],
        ]
    }

    /// A record with the size that a written scale wants, and with the conditions it sets.
    ///
    /// - Throws: a refusal for a scale without a number.
    static func record(_ record: Value, scaledBy scale: Value, of kind: Kind) throws(APIStatus) -> Value {
        let replicas = scale[path: "spec", "replicas"] ?? .null
        guard replicas.integer != nil else {
            let problem =
                replicas == .null
                ? FieldProblem("spec.replicas", .required, "must be given")
                : FieldProblem("spec.replicas", .invalid, "must be a whole number, not \(replicas.typeName)")
            let name = record[path: "metadata", "name"]?.string ?? ""
            throw APIStatus(InvalidRecord(kind: kind.name, name: name, problems: [problem]), of: kind)
        }
        var scaled = record
        // What is read may be written back, also where there is no size of the record's own.
        if document(of: record)[path: "spec", "replicas"] != replicas {
            scaled = record.merging(patch: ["spec": ["size": replicas]])
        }
        var metadata = scaled["metadata"] ?? [:]
        for field in ["uid", "resourceVersion"] {
            metadata[field] = scale[path: "metadata", field]
        }
        scaled["metadata"] = metadata
        return scaled
    }

    /// A refusal in the words of the scale: its writer knows no `spec.size`.
    static func renamed(_ status: APIStatus) -> APIStatus {
        var details = status.details
        details?.causes = (status.details?.causes ?? []).map { problem in
            problem.path == "spec.size" ? FieldProblem("spec.replicas", problem.reason, problem.message) : problem
        }
        details?.conflicts = (status.details?.conflicts ?? []).map { conflict in
            var conflict = conflict
            let size = FieldSet(isOwned: true)
            if conflict.fields[.member("spec")][.member("size")].isOwned {
                conflict.fields[.member("spec")][.member("size")] = FieldSet()
                conflict.fields[.member("spec")][.member("replicas")] = size
            }
            return conflict
        }
        return APIStatus(status.reason, status.message.replacing(ownName, with: name), details: details)
    }
}
