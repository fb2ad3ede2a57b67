import Archive
import Model
import Observers
import Store

/// Turns what a record and its Secrets say of an object storage into a way to it.
struct S3Access {
    let spec: S3StorageSpec
    let secrets: RecordSecrets

    /// The place with the keys to it.
    ///
    /// - Throws: `AccessProblem` where a Secret is missing or incomplete, `ArchiveError` where the endpoint is no server.
    func place() async throws -> S3Place {
        let reference = spec.credentialsSecretRef.name
        let keys = try await find(reference, field: "credentialsSecretRef")
        guard let id = keys.text("accessKeyID"), let key = keys.text("secretAccessKey"), !id.isEmpty, !key.isEmpty
        else {
            throw incomplete(reference, field: "credentialsSecretRef", "needs accessKeyID and secretAccessKey")
        }
        // Secrets made from files end in a line feed, which is part of no key.
        let credentials = S3Credentials(accessKeyID: Self.trimmed(id), secretAccessKey: Self.trimmed(key))
        return try S3Place(
            url: spec.endpoint, certificateAuthority: try await authority(), bucket: spec.bucket, prefix: spec.prefix,
            region: spec.region, usesPathStyle: spec.pathStyle, credentials: credentials)
    }

    private func authority() async throws -> String? {
        guard let name = spec.caSecretRef?.name else { return nil }
        guard let text = try await find(name, field: "caSecretRef").text("ca.crt"), !text.isEmpty else {
            throw incomplete(name, field: "caSecretRef", "needs ca.crt")
        }
        return text
    }

    private func find(_ name: String, field: String) async throws -> Secret {
        if let secret = try await secrets.find(name) { return secret }
        throw AccessProblem(
            reason: "SecretMissing",
            description: "storage.s3.\(field): there is no Secret \"\(name)\" in namespace "
                + "\"\(secrets.record.namespace)\"; apply one")
    }

    private func incomplete(_ name: String, field: String, _ what: String) -> AccessProblem {
        AccessProblem(reason: "SecretIncomplete", description: "storage.s3.\(field): Secret \"\(name)\" \(what)")
    }

    private static func trimmed(_ text: String) -> String {
        String(text.filter { !$0.isWhitespace })
    }
}
