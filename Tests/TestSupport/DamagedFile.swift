import Glibc

/// Changes one bit of every occurrence of a text in a file, as a failing disk would, and returns how many there were.
///
/// Only in a file nobody has open: etcd maps its database into memory.
public func damage(_ path: String, at text: String) throws -> Int {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestSupportError(call: "open(\(path))", code: errno) }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    var bytes = [UInt8](repeating: 0, count: size)
    guard pread(descriptor, &bytes, size, 0) == size else { throw TestSupportError(call: "read(\(path))", code: errno) }
    let needle = Array(text.utf8)
    guard let first = needle.first, size >= needle.count else { return 0 }
    var found = 0
    for index in 0...(size - needle.count) where bytes[index] == first {
        guard bytes[index..<index + needle.count].elementsEqual(needle) else { continue }
        var changed = bytes[index] ^ 1
        guard pwrite(descriptor, &changed, 1, off_t(index)) == 1 else {
            throw TestSupportError(call: "write(\(path))", code: errno)
        }
        found += 1
    }
    return found
}
