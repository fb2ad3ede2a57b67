/// The first 16 bytes of every page: number u64, kind u16, element count u16, overflow u32, little-endian.
struct PageHeader {
    enum Kind { case branch, leaf, freelist }

    static let size = 16

    let id: UInt64
    let flags: UInt16
    let count: UInt16
    /// How many pages after this one belong to it.
    let overflow: UInt32

    init(_ bytes: UnsafeRawBufferPointer) {
        id = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
        flags = bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self).littleEndian
        count = bytes.loadUnaligned(fromByteOffset: 10, as: UInt16.self).littleEndian
        overflow = bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self).littleEndian
    }

    /// Nil for any value but the three kinds a tree or free list is made of.
    var kind: Kind? {
        switch flags {
        case 0x01: .branch
        case 0x02: .leaf
        case 0x10: .freelist
        default: nil
        }
    }
}

/// One entry of the table behind a page header; 16 bytes in both kinds of page.
///
/// Leaf: flags u32, position u32, key size u32, value size u32. Branch: position u32, key size u32, page u64.
/// Positions count from the element's own first byte.
struct PageElement {
    static let size = 16

    /// 1 for a leaf element that holds a bucket, else 0.
    let flags: Int
    let position: Int
    let keySize: Int
    let valueSize: Int
    let child: UInt64

    init(_ bytes: UnsafeRawBufferPointer, isLeaf: Bool) {
        func word(_ offset: Int) -> Int {
            Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian)
        }
        if isLeaf {
            flags = word(0)
            position = word(4)
            keySize = word(8)
            valueSize = word(12)
            child = 0
        } else {
            flags = 0
            position = word(0)
            keySize = word(4)
            valueSize = 0
            child = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian
        }
    }
}

/// A page with all its overflow pages: its header and its bytes, header included.
///
/// The bytes belong to the reader's window (or to an enclosing page) and end with it.
struct Page {
    let header: PageHeader
    let bytes: UnsafeRawBufferPointer

    /// One key with its value or, in a branch, its child page.
    struct Entry {
        let element: PageElement
        let key: UnsafeRawBufferPointer
        let value: UnsafeRawBufferPointer
    }

    /// Hands out the entries in order, each proven to lie within the page.
    ///
    /// bbolt writes the data of all entries one after the other, right behind the table, and its keys in strictly
    /// ascending order; both are checked, so that most flipped bits of a table are found without a checksum. `fault`
    /// makes the error of a broken rule.
    func forEachEntry(
        fault: (String) -> DatabaseError, _ body: (Entry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let count = Int(header.count)
        let isLeaf = header.kind == .leaf
        var next = PageHeader.size + count * PageElement.size
        guard next <= bytes.count else { throw fault("the page claims \(count) elements, more than fit into it") }
        var previous = UnsafeRawBufferPointer(start: nil, count: 0)
        for index in 0..<count {
            let offset = PageHeader.size + index * PageElement.size
            let element = PageElement(
                UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + PageElement.size)]), isLeaf: isLeaf)
            let keyEnd = next + element.keySize
            let end = keyEnd + element.valueSize
            guard element.flags <= 1 else { throw fault("element \(index) has the unknown flags \(element.flags)") }
            guard offset + element.position == next, end <= bytes.count else {
                throw fault(
                    "element \(index) has its data at byte \(offset + element.position) to "
                        + "\(offset + element.position + element.keySize + element.valueSize) of \(bytes.count), "
                        + "but it should start at \(next)")
            }
            let entry = Entry(
                element: element, key: UnsafeRawBufferPointer(rebasing: bytes[next..<keyEnd]),
                value: UnsafeRawBufferPointer(rebasing: bytes[keyEnd..<end]))
            guard index == 0 || previous.precedes(entry.key) else {
                throw fault("the key of element \(index) does not follow the key before it")
            }
            try body(entry)
            previous = entry.key
            next = end
        }
    }
}
