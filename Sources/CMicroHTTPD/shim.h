// libmicrohttpd, with a wrapper for its variadic daemon start, which Swift cannot call.
#ifndef LODESTONE_CMICROHTTPD_H
#define LODESTONE_CMICROHTTPD_H
#include <microhttpd.h>
#endif
