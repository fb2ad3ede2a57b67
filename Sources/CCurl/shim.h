// libcurl, with typed wrappers for its variadic functions, which Swift cannot call.
#ifndef LODESTONE_CCURL_H
#define LODESTONE_CCURL_H
#define CURL_STRICTER 1
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

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
/// Copies the bytes, which need to live only during the call.
static inline CURLcode lodestone_curl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t size) {
    struct curl_blob blob = {(void *)bytes, size, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
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
