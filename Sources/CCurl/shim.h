// libcurl, with typed wrappers for its variadic functions, which Swift cannot call.
#ifndef LODESTONE_CCURL_H
#define LODESTONE_CCURL_H
#define CURL_STRICTER 1
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#endif
