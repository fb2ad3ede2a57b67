import CZstd

/// The one file that calls libzstd (RFC 8878).

/// Compresses a stream into one frame that ends in a checksum of its content.
final class ZstdCompressor {
    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    private let output: (UnsafeRawBufferPointer) throws -> Void

    /// Begins a frame; a negative level is faster than level 1 and compresses less.
    init(level: Int32, output: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        guard let made = ZSTD_createCCtx() else { preconditionFailure("libzstd could not take memory") }
        ZSTD_CCtx_setParameter(made, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, 1)
        context = made
        buffer = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
        self.output = output
    }

    deinit {
        ZSTD_freeCCtx(context)
        buffer.deallocate()
    }

    /// Goes on with the content.
    ///
    /// - Throws: what `output` throws.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while input.pos < input.size { _ = try step(&input, ZSTD_e_continue) }
    }

    /// Ends the frame.
    ///
    /// - Throws: what `output` throws.
    func finish() throws {
        var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try step(&input, ZSTD_e_end) > 0 {}
    }

    private func step(_ input: inout ZSTD_inBuffer, _ directive: ZSTD_EndDirective) throws -> Int {
        var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        let left = ZSTD_compressStream2(context, &target, &input, directive)
        // Its parameters and buffers are ours and sound, so nothing but a lack of memory can make it fail.
        guard ZSTD_isError(left) == 0 else {
            preconditionFailure("libzstd could not compress: \(String(cString: ZSTD_getErrorName(left)))")
        }
        if target.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: buffer[..<target.pos])) }
        return left
    }
}

/// Decompresses a stream of exactly one frame and proves its checksum.
final class ZstdDecompressor {
    /// Why a frame cannot be decompressed, as a clause.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What every frame begins with.
    static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private var isAtEnd = false

    /// Begins a frame.
    init(output: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        guard let made = ZSTD_createDCtx() else { preconditionFailure("libzstd could not take memory") }
        // A damaged header must not ask for gigabytes.
        ZSTD_DCtx_setParameter(made, ZSTD_d_windowLogMax, lodestone_zstd_window_log_limit())
        context = made
        buffer = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 64)
        self.output = output
    }

    deinit {
        ZSTD_freeDCtx(context)
        buffer.deallocate()
    }

    /// Goes on with the bytes of the frame.
    ///
    /// - Throws: `Failure`; what `output` throws.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var isFull = false
        while input.pos < input.size || isFull {
            guard !isAtEnd else { throw Failure(description: "there are bytes behind the end of the compressed data") }
            var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let left = ZSTD_decompressStream(context, &target, &input)
            guard ZSTD_isError(left) == 0 else {
                throw Failure(
                    description: "the compressed data is damaged (\(String(cString: ZSTD_getErrorName(left))))")
            }
            if target.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: buffer[..<target.pos])) }
            isAtEnd = left == 0
            isFull = target.pos == target.size && !isAtEnd
        }
    }

    /// Proves that the frame ends here.
    ///
    /// - Throws: `Failure`.
    func finish() throws {
        guard isAtEnd else { throw Failure(description: "the compressed data ends too early") }
    }
}
