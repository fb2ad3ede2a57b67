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

/// A context for AES-256-GCM under a key, or NULL; nonces have the 12 bytes that are the default.
static inline EVP_CIPHER_CTX *lodestone_gcm_make(const unsigned char *key, int seals) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL && EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, NULL, seals) != 1) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

/// Encrypts or decrypts one message; the tag of 16 bytes is written or compared. 1 if all went well.
static inline int lodestone_gcm_run(EVP_CIPHER_CTX *context, int seals, const unsigned char *nonce,
                                    const unsigned char *clear, int clear_size, const unsigned char *in,
                                    unsigned char *out, int size, unsigned char *tag) {
    int done = 0;
    unsigned char none[16];
    if (EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, seals) != 1) return 0;
    if (!seals && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, tag) != 1) return 0;
    if (EVP_CipherUpdate(context, NULL, &done, clear, clear_size) != 1) return 0;
    if (size > 0 && EVP_CipherUpdate(context, out, &done, in, size) != 1) return 0;
    if (EVP_CipherFinal_ex(context, none, &done) != 1) return 0;
    return !seals || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1;
}
#endif
