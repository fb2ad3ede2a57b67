import Glibc

/// Changes one bit in the middle of a file.
public func flipBit(inTheMiddleOf path: String) throws {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestSupportError("\(path) cannot be opened.") }
    defer { close(descriptor) }
    let middle = lseek(descriptor, 0, SEEK_END) / 2
    var byte: UInt8 = 0
    guard pread(descriptor, &byte, 1, middle) == 1 else { throw TestSupportError("\(path) cannot be read.") }
    byte ^= 1
    guard pwrite(descriptor, &byte, 1, middle) == 1 else { throw TestSupportError("\(path) cannot be written.") }
}
