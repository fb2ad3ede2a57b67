// libzstd. The inline function stands for a macro with a cast, which Swift cannot read.
#ifndef LODESTONE_CZSTD_H
#define LODESTONE_CZSTD_H
#include <zstd.h>

/// The largest window a frame may ask for while it is decompressed, as a power of two: 8 MiB, which RFC 8878 has every
/// decompressor support.
static inline int lodestone_zstd_window_log_limit(void) { return 23; }
#endif
