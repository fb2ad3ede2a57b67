// SQLite.
#ifndef LODESTONE_CSQLITE_H
#define LODESTONE_CSQLITE_H
#include <sqlite3.h>
#endif
