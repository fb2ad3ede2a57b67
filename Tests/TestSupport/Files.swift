import Glibc

/// The bytes of a file.
public func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestSupportError(call: "open(\(path))", code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
    defer { chunk.deallocate() }
    while true {
        let count = read(descriptor, chunk.baseAddress, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw TestSupportError(call: "read(\(path))", code: errno) }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// The whole of a file as text, or nil when it cannot be read; ill-formed UTF-8 is repaired.
public func readTextFile(_ path: String) -> String? {
    // Unreadable is the meaning of a failure.
    (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) }
}

/// Writes bytes to a file, replacing what it held.
public func writeFile(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw TestSupportError(call: "open(\(path))", code: errno) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw TestSupportError(call: "write(\(path))", code: errno) }
        rest = rest.dropFirst(count)
    }
}

/// Writes text to a file, replacing what it held.
public func writeTextFile(_ path: String, _ text: String, mode: UInt32 = 0o644) throws {
    try writeFile(Array(text.utf8), to: path, mode: mode)
}
