// libmicrohttpd, with a wrapper for its variadic daemon start, which Swift cannot call.
#ifndef LODESTONE_CMICROHTTPD_H
#define LODESTONE_CMICROHTTPD_H
#include <microhttpd.h>
#include <string.h>

/// Leaves percent escapes in paths and queries alone: decoding %2F before a path is split would change its meaning.
static inline size_t lodestone_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

/// Starts a daemon on a listening socket, with one epoll thread; `certificate` and `key` are PEM texts or both NULL.
static inline struct MHD_Daemon *lodestone_start_daemon(
    int listen_socket, MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *context,
    size_t connection_memory, unsigned int connection_limit, unsigned int idle_seconds, const char *certificate,
    const char *key) {
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (certificate == NULL || key == NULL) {
        return MHD_start_daemon(
            flags, 0, NULL, NULL, handler, context, MHD_OPTION_LISTEN_SOCKET, listen_socket,
            MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_UNESCAPE_CALLBACK, lodestone_keep_escapes,
            NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_CONNECTION_LIMIT,
            connection_limit, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
            MHD_OPTION_END);
    }
    return MHD_start_daemon(
        flags | MHD_USE_TLS, 0, NULL, NULL, handler, context, MHD_OPTION_LISTEN_SOCKET, listen_socket,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_UNESCAPE_CALLBACK, lodestone_keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_CONNECTION_LIMIT, connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_HTTPS_MEM_CERT,
        certificate, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_PRIORITIES,
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_END);
}

/// The connection's socket, or -1.
static inline int lodestone_connection_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}
#endif
