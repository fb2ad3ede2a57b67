import Model

/// Listings of a bucket, page after page.
package struct S3Listing: Sendable {
    /// An object as a page shows it.
    package struct Object {
        package let name: String
        let byteCount: Int
        let modified: Timestamp
    }

    /// An upload of parts that is neither complete nor ended.
    package struct Upload: Equatable {
        package let name: String
        let id: String
        let begun: Timestamp
    }

    /// A part that has arrived.
    struct Part: Equatable {
        let number: Int
        let tag: String
        let byteCount: Int
        let modified: Timestamp
    }

    let client: S3Client

    /// Listings of the bucket of a client.
    package init(client: S3Client) {
        self.client = client
    }

    /// All objects whose names begin with a text.
    package func objects(below beginning: String) async throws -> [Object] {
        var objects: [Object] = []
        var token: String?
        repeat {
            let page = try await page(below: beginning, token, size: client.options.pageSize)
            objects += try page.all("Contents").map(Self.object)
            token = try next(page, after: token, "NextContinuationToken")
        } while token != nil
        return objects
    }

    /// The name of the first object, in the order of their bytes, whose name begins with a text.
    func first(below beginning: String) async throws -> String? {
        try await page(below: beginning, nil, size: 1).child("Contents").map { try Self.object($0).name }
    }

    /// The uploads under way for objects whose names begin with a text.
    package func uploads(below beginning: String) async throws -> [Upload] {
        var uploads: [Upload] = []
        var query = ["uploads": "", "prefix": beginning, "max-uploads": "\(client.options.pageSize)"]
        query["encoding-type"] = "url"
        var key: String?
        repeat {
            let page = try await client.document(S3Request("GET", query: query))
            for upload in page.all("Upload") {
                guard let name = upload["Key"].flatMap({ S3Encoding.decode($0) }), let id = upload["UploadId"],
                    let begun = upload["Initiated"].flatMap({ Timestamp($0) })
                else { throw Self.malformed("an upload without key, ID or date") }
                uploads.append(Upload(name: name, id: id, begun: begun))
            }
            key = try next(page, after: key, "NextKeyMarker").map { S3Encoding.decode($0) ?? $0 }
            query["key-marker"] = key
            query["upload-id-marker"] = page["NextUploadIdMarker"]
        } while key != nil
        return uploads
    }

    /// The parts of an upload that have arrived.
    func parts(of id: String, _ name: String) async throws -> [Part] {
        var parts: [Part] = []
        var marker: String?
        repeat {
            var query = ["uploadId": id, "max-parts": "\(client.options.pageSize)"]
            query["part-number-marker"] = marker
            let page = try await client.document(S3Request("GET", name, query: query))
            for part in page.all("Part") {
                guard let number = part["PartNumber"].flatMap({ Int($0) }), let tag = part["ETag"],
                    let size = part["Size"].flatMap({ Int($0) }),
                    let modified = part["LastModified"].flatMap({ Timestamp($0) })
                else { throw Self.malformed("a part without number, tag, size or date") }
                parts.append(Part(number: number, tag: tag, byteCount: size, modified: modified))
            }
            marker = try next(page, after: marker, "NextPartNumberMarker")
        } while marker != nil
        return parts
    }

    private func page(below beginning: String, _ token: String?, size: Int) async throws -> XMLNode {
        // Names may hold characters that XML cannot, so they come escaped.
        var query = ["list-type": "2", "prefix": beginning, "max-keys": "\(size)", "encoding-type": "url"]
        query["continuation-token"] = token
        let page = try await client.document(S3Request("GET", query: query))
        guard page.name == "ListBucketResult" else { throw Self.malformed("<\(page.name)> instead of a listing") }
        return page
    }

    /// Where the next page begins; nil after the last one.
    private func next(_ page: XMLNode, after last: String?, _ field: String) throws -> String? {
        guard page["IsTruncated"] == "true" else { return nil }
        guard let next = page[field], !next.isEmpty, next != last else {
            throw Self.malformed("a listing that does not say where it goes on")
        }
        return next
    }

    private static func object(_ node: XMLNode) throws -> Object {
        guard let name = node["Key"].flatMap({ S3Encoding.decode($0) }), let size = node["Size"].flatMap({ Int($0) }),
            let modified = node["LastModified"].flatMap({ Timestamp($0) })
        else { throw malformed("an object without key, size or date") }
        return Object(name: name, byteCount: size, modified: modified)
    }

    private static func malformed(_ what: String) -> S3Failure {
        S3Failure(.malformed("the storage answered with \(what); it may not speak S3"))
    }
}
