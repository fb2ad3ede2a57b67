// SQLite, and the two calls whose pointer macro (SQLITE_TRANSIENT) Swift cannot spell.
#ifndef LODESTONE_CSQLITE_H
#define LODESTONE_CSQLITE_H
#include <sqlite3.h>

/// Binds a copy of `text`, `size` bytes of UTF-8; a null pointer binds an empty text, not NULL.
static inline int lodestone_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int size) {
    return sqlite3_bind_text(statement, index, text ? text : "", text ? size : 0, SQLITE_TRANSIENT);
}

/// Binds a copy of `bytes`; a null pointer binds an empty blob, not NULL.
static inline int lodestone_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int size) {
    return size == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                     : sqlite3_bind_blob(statement, index, bytes, size, SQLITE_TRANSIENT);
}
#endif
