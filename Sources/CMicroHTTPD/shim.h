// libmicrohttpd, with a wrapper for its variadic daemon start, which Swift cannot call, and what it leaves to GnuTLS.
#ifndef LODESTONE_CMICROHTTPD_H
#define LODESTONE_CMICROHTTPD_H
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/// Leaves percent escapes in paths and queries alone: decoding %2F before a path is split would change its meaning.
static inline size_t lodestone_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

/// What a daemon calls and how much it allows.
struct lodestone_daemon_options {
    MHD_AcceptPolicyCallback accept;
    MHD_AccessHandlerCallback access;
    MHD_RequestCompletedCallback completed;
    void *(*line)(void *context, const char *target, struct MHD_Connection *connection);
    MHD_NotifyConnectionCallback connection;
    void *context;
    size_t connection_memory;
    unsigned int connection_limit;
    unsigned int idle_seconds;
};

/// Starts a daemon on a listening socket, with one epoll thread; `certificate` and `key` are PEM texts or both NULL,
/// and clients are asked for certificates of the authorities in the PEM text `trust` if it is not NULL.
static inline struct MHD_Daemon *lodestone_start_daemon(
    int listen_socket, const struct lodestone_daemon_options *options, const char *certificate, const char *key,
    const char *trust) {
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (certificate != NULL && key != NULL) {
        flags |= MHD_USE_TLS;
        tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate};
        tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key};
        tls[2] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
        // HTTP/1.1 is spoken where nothing is negotiated, and every session would keep a table for it.
        tls[3] = (struct MHD_OptionItem){MHD_OPTION_TLS_NO_ALPN, 1, NULL};
        if (trust != NULL) {
            tls[4] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)trust};
        }
    }
    return MHD_start_daemon(
        flags, 0, options->accept, options->context, options->access, options->context, MHD_OPTION_LISTEN_SOCKET,
        listen_socket, MHD_OPTION_NOTIFY_COMPLETED, options->completed, options->context, MHD_OPTION_NOTIFY_CONNECTION,
        options->connection, options->context, MHD_OPTION_URI_LOG_CALLBACK, options->line, options->context,
        MHD_OPTION_UNESCAPE_CALLBACK, lodestone_keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory, MHD_OPTION_CONNECTION_LIMIT,
        options->connection_limit, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

/// Makes what sessions show and whom they trust out of PEM texts; `trust` may be NULL. NULL if they cannot be used.
static inline gnutls_certificate_credentials_t lodestone_make_credentials(
    const char *certificate, const char *key, const char *trust) {
    gnutls_certificate_credentials_t made = NULL;
    gnutls_datum_t chain = {(unsigned char *)certificate, (unsigned int)strlen(certificate)};
    gnutls_datum_t secret = {(unsigned char *)key, (unsigned int)strlen(key)};
    if (gnutls_certificate_allocate_credentials(&made) != 0) return NULL;
    int works = gnutls_certificate_set_x509_key_mem(made, &chain, &secret, GNUTLS_X509_FMT_PEM) >= 0;
    if (works && trust != NULL) {
        gnutls_datum_t authorities = {(unsigned char *)trust, (unsigned int)strlen(trust)};
        works = gnutls_certificate_set_x509_trust_mem(made, &authorities, GNUTLS_X509_FMT_PEM) > 0;
    }
    if (works) return made;
    gnutls_certificate_free_credentials(made);
    return NULL;
}

/// Lets a connection's session show and trust something else than the daemon was started with: in its handshake, if that
/// is still to come, and whenever its client's certificate is verified.
static inline void lodestone_use_credentials(
    struct MHD_Connection *connection, gnutls_certificate_credentials_t credentials, int asks_clients) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL) return;
    gnutls_session_t session = (gnutls_session_t)info->tls_session;
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_certificate_server_set_request(session, asks_clients ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
}

/// The status of the answer to the connection's request, or 0 while there is none.
static inline unsigned int lodestone_answer_status(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info != NULL ? info->http_status : 0;
}

/// Writes an answer as it is, without the library, and ends both directions: the library then closes the connection.
static inline void lodestone_answer_at_once(struct MHD_Connection *connection, const void *bytes, size_t size) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info != NULL ? (gnutls_session_t)info->tls_session : NULL;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL) return;
    int socket = info->connect_fd;
    // A few hundred bytes as the first answer of a request fit into any socket's buffer; a client that has filled it up
    // with questions goes without.
    if (session != NULL) {
        if (gnutls_record_send(session, bytes, size) > 0) gnutls_bye(session, GNUTLS_SHUT_WR);
    } else {
        (void)!send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    // What was not read would have the connection reset, and the answer lost with it.
    char sink[4096];
    for (int pieces = 0; pieces < 16 && recv(socket, sink, sizeof sink, MSG_DONTWAIT) > 0; pieces++) {}
    shutdown(socket, SHUT_RDWR);
}

/// The connection's socket, or -1.
static inline int lodestone_connection_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

/// How many bytes the head of the connection's request has, as far as it is known.
static inline size_t lodestone_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info != NULL ? info->header_size : 0;
}

/// What the connection's start has left for it, or NULL.
static inline void *lodestone_connection_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/// The other end's address, or NULL.
static inline const struct sockaddr *lodestone_connection_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL ? info->client_addr : NULL;
}

/// Writes an address as text; an IPv4 address in IPv6's clothes as the IPv4 address it is. The bytes of its network, of
/// which one client commands all addresses (IPv6: the first 64 bits), become hexadecimal digits in `network`.
static inline void lodestone_print_address(const struct sockaddr *address, char text[64], char network[17]) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = NULL;
    size_t count = 0;
    text[0] = network[0] = 0;
    if (address == NULL) return;
    if (address->sa_family == AF_INET) {
        bytes = (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr;
        count = 4;
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *long_form = &((const struct sockaddr_in6 *)address)->sin6_addr;
        bytes = (const unsigned char *)long_form;
        count = 8;
        if (IN6_IS_ADDR_V4MAPPED(long_form)) {
            bytes += 12;
            count = 4;
        }
    } else {
        return;
    }
    inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes, text, 64);
    for (size_t index = 0; index < count; index++) {
        network[2 * index] = digits[bytes[index] >> 4];
        network[2 * index + 1] = digits[bytes[index] & 15];
    }
    network[2 * count] = 0;
}

/// A client's certificate as its connection presented it.
struct lodestone_certificate {
    gnutls_datum_t der;
    /// What is wrong with it; 0 if it leads to an authority that is trusted, and is in force.
    unsigned int problems;
    /// Whether it says of itself that it is for clients.
    int is_for_clients;
    /// The end of its validity in seconds since the epoch.
    long long not_after;
};

/// Reads and verifies the certificate of a connection's client; 0 if it has presented none.
static inline int lodestone_client_certificate(struct MHD_Connection *connection, struct lodestone_certificate *found) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL) return 0;
    gnutls_session_t session = (gnutls_session_t)info->tls_session;
    unsigned int count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (chain == NULL || count == 0) return 0;
    found->der = chain[0];
    found->is_for_clients = 0;
    found->not_after = 0;
    // libmicrohttpd asks for a certificate and takes any; this is the one place where it is verified.
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, .size = 0};
    found->problems = GNUTLS_CERT_INVALID;
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &found->problems) != 0) {
        found->problems |= GNUTLS_CERT_INVALID;
    }
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) != 0) return 1;
    if (gnutls_x509_crt_import(certificate, &found->der, GNUTLS_X509_FMT_DER) == 0) {
        found->not_after = (long long)gnutls_x509_crt_get_expiration_time(certificate);
        for (unsigned int index = 0; index < 32; index++) {
            char purpose_name[128];
            size_t size = sizeof purpose_name;
            if (gnutls_x509_crt_get_key_purpose_oid(certificate, index, purpose_name, &size, NULL) != 0) break;
            if (strcmp(purpose_name, GNUTLS_KP_TLS_WWW_CLIENT) == 0) found->is_for_clients = 1;
        }
    } else {
        found->problems |= GNUTLS_CERT_INVALID;
    }
    gnutls_x509_crt_deinit(certificate);
    return 1;
}

/// Copies the subject's entry of a type, by its number among those of the type; -1 if there is none, and 0 bytes for
/// one that is no text this server reads or does not fit.
static inline int lodestone_certificate_name(
    const gnutls_datum_t *der, const char *type, unsigned int number, char *buffer, size_t capacity) {
    int result = -1;
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) != 0) return -1;
    gnutls_x509_dn_t name;
    if (gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0 &&
        gnutls_x509_crt_get_subject(certificate, &name) == 0) {
        gnutls_x509_ava_st entry;
        for (int group = 0; group < 64 && result < 0; group++) {
            int index = 0;
            while (index < 16 && gnutls_x509_dn_get_rdn_ava(name, group, index, &entry) == 0) {
                index++;
                // GnuTLS counts the closing zero of an identifier.
                size_t length = strnlen((const char *)entry.oid.data, entry.oid.size);
                if (length != strlen(type) || memcmp(entry.oid.data, type, length) != 0) continue;
                if (number-- > 0) continue;
                // UTF8String, PrintableString and IA5String (X.680).
                int is_text = entry.value_tag == 12 || entry.value_tag == 19 || entry.value_tag == 22;
                result = is_text && entry.value.size <= capacity ? (int)entry.value.size : 0;
                memcpy(buffer, entry.value.data, (size_t)result);
                break;
            }
            if (index == 0) break;
        }
    }
    gnutls_x509_crt_deinit(certificate);
    return result;
}

/// Says in English what is wrong with a certificate; the text is to be freed with `lodestone_free_text`.
static inline char *lodestone_certificate_problem(unsigned int problems) {
    gnutls_datum_t text = {NULL, 0};
    if (gnutls_certificate_verification_status_print(problems, GNUTLS_CRT_X509, &text, 0) != 0) return NULL;
    // Each sentence is followed by a space, the last one too.
    size_t length = strlen((char *)text.data);
    if (length > 0 && text.data[length - 1] == ' ') text.data[length - 1] = 0;
    return (char *)text.data;
}

/// The certificate in PEM; the text is to be freed with `lodestone_free_text`.
static inline char *lodestone_certificate_pem(const gnutls_datum_t *der) {
    gnutls_datum_t text = {NULL, 0};
    return gnutls_pem_base64_encode2("CERTIFICATE", der, &text) == 0 ? (char *)text.data : NULL;
}

/// The SHA-256 of the certificate.
static inline int lodestone_certificate_digest(const gnutls_datum_t *der, unsigned char digest[32]) {
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, digest);
}

static inline void lodestone_free_text(char *text) {
    gnutls_free(text);
}
#endif
