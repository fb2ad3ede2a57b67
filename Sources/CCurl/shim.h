// libcurl, with typed wrappers for its variadic functions, which Swift cannot call.
#ifndef LODESTONE_CCURL_H
#define LODESTONE_CCURL_H
#define CURL_STRICTER 1
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <string.h>

// curl_easy_setopt, one wrapper per type of argument.

static inline CURLcode lodestone_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode lodestone_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode lodestone_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode lodestone_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode lodestone_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}
/// Copies a PEM text, which needs to live only during the call; NULL sets nothing.
static inline void lodestone_curl_set_text(CURL *easy, CURLoption option, const char *text) {
    if (!text) return;
    struct curl_blob blob = {(void *)text, strlen(text), CURL_BLOB_COPY};
    curl_easy_setopt(easy, option, &blob);
}
/// What a handle is told of TLS; PEM texts, each NULL where there is none.
static inline void lodestone_curl_set_tls(CURL *easy, int skips_verification, const char *authority,
                                          const char *certificate, const char *key) {
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    // A remembered TLS session would let a connection in without its client certificate being looked at again.
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (skips_verification) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    // Otherwise the system's directory of authorities would be trusted besides.
    if (authority) curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    lodestone_curl_set_text(easy, CURLOPT_CAINFO_BLOB, authority);
    curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
    lodestone_curl_set_text(easy, CURLOPT_SSLCERT_BLOB, certificate);
    curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
    lodestone_curl_set_text(easy, CURLOPT_SSLKEY_BLOB, key);
}
/// What every handle is told.
static inline void lodestone_curl_set_habits(CURL *easy) {
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // Otherwise giving up on a slow name server would wait for it, and all other transfers with it.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "lodestone");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65536L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 86400L);
    // libcurl looks through all names it remembers after every request, which costs more than asking anew for the few
    // connections that are made; and a member that has moved is found at once.
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
}

// A connection without a request, whose bytes are the caller's.

/// Offers HTTP/2 and nothing else while TLS is agreed on (RFC 7301).
static inline CURLcode lodestone_curl_offer_http2(CURL *easy, void *context, void *owner) {
    extern int SSL_CTX_set_alpn_protos(void *, const unsigned char *, unsigned int);
    (void)easy;
    (void)owner;
    static const unsigned char offer[] = {2, 'h', '2'};
    return SSL_CTX_set_alpn_protos(context, offer, sizeof offer) == 0 ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

/// Connects, waiting at most so long; `rule` is one for CONNECT_TO or NULL, `text` has room for CURL_ERROR_SIZE bytes.
///
/// Once libcurl 7.88 knows that a server has agreed to h2 it puts its own HTTP/2 below curl_easy_send, also where there
/// is only to be a connection, and that refuses or crashes. So it is not told: the offer is made behind its back.
static inline CURLcode lodestone_curl_connect(CURL *easy, const char *url, const char *rule, long milliseconds,
                                              char *text) {
    struct curl_slist *rules = rule ? curl_slist_append(NULL, rule) : NULL;
    lodestone_curl_set_habits(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, rules);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, lodestone_curl_offer_http2);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
    curl_slist_free_all(rules);
    return code;
}

/// The socket of the connection; -1 if there is none.
static inline int lodestone_curl_get_socket(CURL *easy) {
    curl_socket_t descriptor = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &descriptor);
    return (int)descriptor;
}
/// How many bytes were taken; -1 if none can be taken now, -2 if the connection broke.
static inline long lodestone_curl_send(CURL *easy, const void *bytes, size_t size) {
    size_t count = 0;
    CURLcode code = curl_easy_send(easy, bytes, size, &count);
    return code == CURLE_OK ? (long)count : code == CURLE_AGAIN ? -1 : -2;
}
/// How many bytes were read; 0 at the end, -1 if there are none now, -2 if the connection broke.
static inline long lodestone_curl_receive(CURL *easy, void *bytes, size_t size) {
    size_t count = 0;
    CURLcode code = curl_easy_recv(easy, bytes, size, &count);
    return code == CURLE_OK ? (long)count : code == CURLE_AGAIN ? -1 : -2;
}

/// All callbacks of a transfer get `owner`, but the one that closes a socket, which may come after the transfer.
static inline void lodestone_curl_set_callbacks(CURL *easy, void *owner, curl_write_callback write,
                                                curl_write_callback header, curl_read_callback read,
                                                curl_prereq_callback before_request,
                                                curl_opensocket_callback open_socket, void *socket_owner,
                                                curl_closesocket_callback close_socket) {
    curl_easy_setopt(easy, CURLOPT_PRIVATE, owner);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, owner);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, owner);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    curl_easy_setopt(easy, CURLOPT_READDATA, owner);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, owner);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, owner);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, socket_owner);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
}

// curl_easy_getinfo.

/// What is known of a transfer after its end.
struct lodestone_curl_facts {
    long status;
    long version;
    curl_off_t connected_after_microseconds;
    curl_off_t resolved_after_microseconds;
};

static inline struct lodestone_curl_facts lodestone_curl_get_facts(CURL *easy) {
    struct lodestone_curl_facts facts = {0, 0, 0, 0};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &facts.status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &facts.version);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &facts.connected_after_microseconds);
    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &facts.resolved_after_microseconds);
    return facts;
}

/// The owner that was given with the callbacks; NULL for handles that libcurl made for itself.
static inline void *lodestone_curl_get_owner(CURL *easy) {
    void *owner = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    return owner;
}

// curl_multi_setopt.

static inline CURLMcode lodestone_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode lodestone_curl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode lodestone_curl_multi_set_socket(CURLM *multi, curl_socket_callback value) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, value);
}
static inline CURLMcode lodestone_curl_multi_set_timer(CURLM *multi, curl_multi_timer_callback value) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, value);
}

/// The result of a finished transfer; a member of a union, which Swift reads awkwardly.
static inline CURLcode lodestone_curl_message_result(const CURLMsg *message) { return message->data.result; }
#endif
