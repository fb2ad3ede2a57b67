// OpenSSL's libcrypto: digests, random bytes, keys and X.509. The inline functions below stand for macros and variadic
// functions, which Swift cannot call.
#ifndef LODESTONE_COPENSSL_H
#define LODESTONE_COPENSSL_H
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/// Makes a key on the curve P-256; EVP_EC_gen is a macro over a variadic function.
static inline EVP_PKEY *lodestone_make_p256_key(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }

/// Reads a private key without ever asking a terminal for a password: an encrypted key simply fails.
static inline EVP_PKEY *lodestone_read_private_key(BIO *bio) {
    static char no_password[] = "";
    return PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);
}

/// The bytes written to a memory BIO so far; BIO_get_mem_data is a macro.
static inline long lodestone_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

/// Writes a name as one UTF-8 line, parts in their own order: `CN=alice,O=operators`; the flags are untyped macros.
static inline int lodestone_print_name(BIO *bio, const X509_NAME *name) {
    unsigned long text = ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
    return X509_NAME_print_ex(bio, name, 0, text | XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_FN_SN);
}

/// The text of an OpenSSL error code, at most `size` bytes with the final zero; 0 if the queue is empty.
static inline unsigned long lodestone_last_error(char *text, size_t size) {
    unsigned long code = ERR_peek_last_error();
    if (code != 0) {
        const char *reason = ERR_reason_error_string(code);
        snprintf(text, size, "%s", reason != NULL ? reason : "unknown reason");
    }
    ERR_clear_error();
    return code;
}
#endif
