// zlib. The inline functions stand for a macro, which Swift cannot read.
#ifndef LODESTONE_CZLIB_H
#define LODESTONE_CZLIB_H
#include <string.h>
#include <zlib.h>

/// How many bytes the gzip form (RFC 1952) of so many bytes has at the most; header and trailer take 18.
static inline size_t lodestone_gzip_bound(size_t count) { return compressBound(count) + 18; }

/// Writes the gzip form of `plain`, fastest method, into room for `lodestone_gzip_bound` bytes; 0 if that fails.
static inline size_t lodestone_gzip(const unsigned char *plain, size_t count, unsigned char *out, size_t room) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    // 15 bits of window, and 16 for a gzip header and trailer instead of zlib's.
    if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (unsigned char *)plain;
    stream.avail_in = (uInt)count;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? written : 0;
}
#endif
