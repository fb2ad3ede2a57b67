// OpenSSL's libcrypto: digests, random bytes, keys and X.509.
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
#endif
