import Testing

@testable import Etcd

struct ProtobufTests {
    @Test(
        "Numbers survive encoding and decoding",
        arguments: [0, 1, 127, 128, 300, 16_383, 16_384, Int64.max, -1, Int64.min])
    func numbers(_ number: Int64) throws {
        var writer = ProtobufWriter()
        writer.int64(5, number, isRequired: true)
        try writer.bytes.withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes)
            let field = try #require(try reader.next())
            #expect(field.number == 5)
            #expect(try reader.int64(field) == number)
            #expect(try reader.next() == nil)
        }
    }

    @Test("The bytes are those of the protobuf specification")
    func specification() {
        var writer = ProtobufWriter()
        writer.uint64(1, 150)
        writer.string(2, "testing")
        writer.message(3) { $0.uint64(1, 150) }
        #expect(
            writer.bytes == [
                0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67, 0x1a, 0x03, 0x08, 0x96, 0x01,
            ])
    }

    @Test("A field number beyond 15 takes a longer tag, as Compare.range_end does")
    func longTag() {
        var writer = ProtobufWriter()
        writer.bytes(64, [7])
        #expect(writer.bytes == [0x82, 0x04, 0x01, 0x07])
    }

    @Test("Defaults are left out unless they are required")
    func defaults() {
        var writer = ProtobufWriter()
        writer.int64(1, 0)
        writer.bool(2, false)
        writer.bytes(3, [])
        #expect(writer.bytes.isEmpty)
        writer.bytes(4, [UInt8](), isRequired: true)
        #expect(writer.bytes == [0x22, 0x00])
    }

    @Test("Nested messages of every length prefix size decode", arguments: [0, 1, 127, 128, 16_383, 16_384, 2_097_152])
    func nested(_ size: Int) throws {
        let content = [UInt8](repeating: 0xab, count: size)
        var writer = ProtobufWriter()
        writer.message(1) { outer in outer.message(2) { inner in inner.bytes(3, content, isRequired: true) } }
        writer.uint64(9, 1)
        try writer.bytes.withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes)
            let outerField = try #require(try reader.next())
            var outer = ProtobufReader(try reader.bytes(outerField))
            let innerField = try #require(try outer.next())
            var inner = ProtobufReader(try outer.bytes(innerField))
            let field = try #require(try inner.next())
            #expect(try inner.array(field) == content)
            let last = try #require(try reader.next())
            #expect(last.number == 9)
        }
    }

    @Test(
        "Damaged bytes throw and are never read past their end",
        arguments: [
            ([0x08], ProtobufError.truncated(offset: 1)),
            ([0x08, 0x80], .truncated(offset: 2)),
            ([0x12, 0x05, 0x61], .truncated(offset: 2)),
            ([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .truncated(offset: 11)),
            ([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], .varintTooLong(offset: 1)),
            ([0x00, 0x01], .invalidFieldNumber(offset: 0)),
            ([0x0b], .invalidWireType(3, offset: 0)),
            ([0x0f], .invalidWireType(7, offset: 0)),
            ([0x09, 1, 2, 3], .truncated(offset: 1)),
            ([0x0d, 1, 2, 3], .truncated(offset: 1)),
        ] as [([UInt8], ProtobufError)])
    func damaged(_ bytes: [UInt8], _ expected: ProtobufError) {
        #expect(throws: expected) {
            try bytes.withUnsafeBytes { bytes in
                var reader = ProtobufReader(bytes)
                while let field = try reader.next() { try reader.skip(field) }
            }
        }
    }

    @Test("A field of another type than declared is refused")
    func mismatch() {
        let bytes: [UInt8] = [0x0a, 0x01, 0x61]
        #expect(throws: ProtobufError.unexpectedWireType(field: 1, offset: 1)) {
            try bytes.withUnsafeBytes { bytes in
                var reader = ProtobufReader(bytes)
                if let field = try reader.next() { _ = try reader.int64(field) }
            }
        }
    }

    @Test("Text that is not UTF-8 is refused")
    func invalidText() {
        let bytes: [UInt8] = [0x0a, 0x01, 0xff]
        #expect(throws: ProtobufError.invalidUTF8(field: 1)) {
            try bytes.withUnsafeBytes { bytes in
                var reader = ProtobufReader(bytes)
                if let field = try reader.next() { _ = try reader.string(field) }
            }
        }
    }

    @Test("Repeated numbers are read packed and unpacked")
    func repeated() throws {
        let bytes: [UInt8] = [0x0a, 0x03, 0x01, 0x96, 0x01, 0x08, 0x07]
        var values: [UInt64] = []
        try bytes.withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() { try reader.append(field, to: &values) }
        }
        #expect(values == [1, 150, 7])
    }

    @Test("A key-value pair decodes, unknown fields passed over")
    func keyValue() throws {
        var writer = ProtobufWriter()
        writer.bytes(1, [UInt8]("key".utf8))
        writer.int64(2, 4)
        writer.int64(3, 9)
        writer.int64(4, 2)
        writer.bytes(5, [0, 0xff])
        writer.int64(6, 0x6942)
        writer.string(99, "later")
        let pair = try writer.bytes.withUnsafeBytes { try KeyValue(decoding: $0) }
        #expect(
            pair
                == KeyValue(
                    key: [UInt8]("key".utf8), value: [0, 0xff], createRevision: 4, modRevision: 9, version: 2,
                    lease: 0x6942))
        #expect(pair.keyText == "key")
    }

    @Test("Random bytes never make the reader leave its buffer")
    func fuzz() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            bytes.withUnsafeBytes { bytes in
                // Either outcome is right; what counts is that no access leaves the bounds, which debug builds trap.
                let decoded = try? KeyValue(decoding: bytes)
                #expect((decoded?.key.count ?? 0) <= bytes.count)
            }
        }
    }
}
