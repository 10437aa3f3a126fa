#include <pki/pki.h>

#include "new_file.h"

#include <base/cleanup.h>
#include <base/file.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
    APPLICATION_KEY_BITS = 2048, // what Basic256Sha256 asks for at least; 4096 doubles the time to connect
    AUTHORITY_DAYS = 3650,
    SERIAL_BITS = 127,        // RFC 5280: positive, at most 20 bytes
    EARLIER_S = 24 * 60 * 60, // valid since yesterday: clocks of small machines lag behind
    S_PER_DAY = 24 * 60 * 60,
    KEY_FILE_BYTES_MAX = 64 * 1024,
    CERTIFICATE_MODE = 0644,
    KEY_MODE = 0600,
};

CLEANUP_DEFINE(EVP_PKEY, EVP_PKEY_free)
CLEANUP_DEFINE(X509, X509_free)
CLEANUP_DEFINE(BIO, BIO_free_all)
CLEANUP_DEFINE(BIGNUM, BN_free)

static enum error failed(struct problem *ret_problem, const char *what, const char *path) {
    const char *reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return problem_say(ret_problem, ERROR_INTERNAL, "%s: %s: %s", path, what, reason == NULL ? "failed" : reason);
}

// --- what stands in a certificate ---

static bool set_serial(X509 *certificate) {
    CLEANUP(BN_free_at) BIGNUM *number = BN_new();
    return number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
}

static bool set_subject(X509 *certificate, const char *common_name) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1;
}

static bool set_validity(X509 *certificate, unsigned days) {
    return X509_gmtime_adj(X509_getm_notBefore(certificate), -EARLIER_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * S_PER_DAY) != NULL;
}

static bool add_extension(X509 *certificate, X509 *issuer, int id, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    if (extension == NULL) return false;
    bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_key_identifiers(X509 *certificate, X509 *issuer) {
    return add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

static bool push_name(GENERAL_NAMES *names, int kind, const char *text) {
    GENERAL_NAME *name = a2i_GENERAL_NAME(NULL, NULL, NULL, kind, text, 0);
    if (name == NULL) return false;
    if (sk_GENERAL_NAME_push(names, name) > 0) return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool push_names(GENERAL_NAMES *names, int kind, const char *const *texts) {
    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) {
        if (!push_name(names, kind, texts[i])) return false;
    }
    return true;
}

/// The URI comes first: OPC UA tools read the first one.
static bool add_names(X509 *certificate, const struct pki_request *request) {
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool done = names != NULL && (request->uri == NULL || push_name(names, GEN_URI, request->uri)) &&
                push_names(names, GEN_DNS, request->dns_names) && push_names(names, GEN_IPADD, request->addresses);
    if (done && sk_GENERAL_NAME_num(names) > 0) {
        done = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1;
    }
    GENERAL_NAMES_free(names);
    return done;
}

static bool add_extended_usage(X509 *certificate, const struct pki_request *request) {
    if (!request->server && !request->client) return true;
    const char *usage = !request->client ? "serverAuth" : !request->server ? "clientAuth" : "serverAuth,clientAuth";
    return add_extension(certificate, certificate, NID_ext_key_usage, usage);
}

/// Version, serial, names, validity and key; the issuer follows with the extensions.
static X509 *begin(const char *common_name, unsigned days, EVP_PKEY *key) {
    CLEANUP(X509_free_at) X509 *certificate = X509_new();
    if (certificate == NULL || X509_set_version(certificate, X509_VERSION_3) != 1) return NULL;
    if (!set_serial(certificate) || !set_subject(certificate, common_name)) return NULL;
    if (!set_validity(certificate, days) || X509_set_pubkey(certificate, key) != 1) return NULL;
    return TAKE(certificate);
}

static bool sign(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key) {
    return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
}

static X509 *make_authority(const char *common_name, EVP_PKEY *key) {
    CLEANUP(X509_free_at) X509 *certificate = begin(common_name, AUTHORITY_DAYS, key);
    if (certificate == NULL) return NULL;
    bool done = add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                add_key_identifiers(certificate, certificate) && sign(certificate, certificate, key);
    return done ? TAKE(certificate) : NULL;
}

static X509 *make_leaf(const struct pki_request *request, EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key) {
    CLEANUP(X509_free_at) X509 *certificate = begin(request->common_name, request->days, key);
    if (certificate == NULL) return NULL;
    bool done = add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE") &&
                add_extension(certificate, authority, NID_key_usage, "critical,digitalSignature") &&
                add_extended_usage(certificate, request) && add_names(certificate, request) &&
                add_key_identifiers(certificate, authority) && sign(certificate, authority, authority_key);
    return done ? TAKE(certificate) : NULL;
}

/// keyCertSign, because it signs itself: OPC 10000-6 asks for it, and some stacks refuse it otherwise.
static X509 *make_application(const struct pki_request *request, EVP_PKEY *key) {
    static const char usage[] = "critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyCertSign";
    CLEANUP(X509_free_at) X509 *certificate = begin(request->common_name, request->days, key);
    if (certificate == NULL) return NULL;
    bool done = add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                add_extension(certificate, certificate, NID_key_usage, usage) &&
                add_extended_usage(certificate, request) && add_names(certificate, request) &&
                add_key_identifiers(certificate, certificate) && sign(certificate, certificate, key);
    return done ? TAKE(certificate) : NULL;
}

// --- files ---

static struct text bio_text(BIO *bio) {
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    return (struct text){data, length < 0 ? 0 : (size_t)length};
}

/// The key first: a certificate without key would look complete.
static enum error write_pair(BIO *certificate, const char *certificate_file, BIO *key, const char *key_file,
                             struct problem *ret_problem) {
    enum error error = new_file_write(key_file, bio_text(key), KEY_MODE, ret_problem);
    if (error) return error;
    return new_file_write(certificate_file, bio_text(certificate), CERTIFICATE_MODE, ret_problem);
}

static enum error check_pair(const char *certificate_file, const char *key_file, struct problem *ret_problem) {
    enum error error = new_file_check(key_file, ret_problem);
    return error ? error : new_file_check(certificate_file, ret_problem);
}

/// `authority` NULL: the certificate alone.
static enum error write_pem(X509 *certificate, X509 *authority, const char *certificate_file, EVP_PKEY *key,
                            const char *key_file, struct problem *ret_problem) {
    CLEANUP(BIO_free_all_at) BIO *certificate_pem = BIO_new(BIO_s_mem());
    CLEANUP(BIO_free_all_at) BIO *key_pem = BIO_new(BIO_s_secmem());
    bool done = certificate_pem != NULL && key_pem != NULL && PEM_write_bio_X509(certificate_pem, certificate) == 1 &&
                (authority == NULL || PEM_write_bio_X509(certificate_pem, authority) == 1) &&
                PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (!done) return failed(ret_problem, "cannot be written as PEM", certificate_file);
    return write_pair(certificate_pem, certificate_file, key_pem, key_file, ret_problem);
}

static X509 *read_pem_certificate(const char *path) {
    CLEANUP(BIO_free_all_at) BIO *file = BIO_new_file(path, "re");
    return file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
}

static EVP_PKEY *read_pem_key(const char *path) {
    CLEANUP(BIO_free_all_at) BIO *file = BIO_new_file(path, "re");
    return file == NULL ? NULL : PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
}

// --- public ---

enum error pki_make_authority(const char *certificate_file, const char *key_file, const char *common_name,
                              struct problem *ret_problem) {
    enum error error = check_pair(certificate_file, key_file, ret_problem);
    if (error) return error;
    CLEANUP(EVP_PKEY_free_at) EVP_PKEY *key = EVP_EC_gen("P-256");
    CLEANUP(X509_free_at) X509 *certificate = key == NULL ? NULL : make_authority(common_name, key);
    if (certificate == NULL) return failed(ret_problem, "the authority cannot be made", certificate_file);
    return write_pem(certificate, NULL, certificate_file, key, key_file, ret_problem);
}

enum error pki_make_certificate(const char *authority_certificate_file, const char *authority_key_file,
                                const struct pki_request *request, const char *certificate_file, const char *key_file,
                                struct problem *ret_problem) {
    enum error error = check_pair(certificate_file, key_file, ret_problem);
    if (error) return error;
    CLEANUP(X509_free_at) X509 *authority = read_pem_certificate(authority_certificate_file);
    if (authority == NULL) return failed(ret_problem, "no certificate in PEM", authority_certificate_file);
    CLEANUP(EVP_PKEY_free_at) EVP_PKEY *authority_key = read_pem_key(authority_key_file);
    if (authority_key == NULL) return failed(ret_problem, "no private key in PEM", authority_key_file);
    if (X509_check_private_key(authority, authority_key) != 1) {
        return failed(ret_problem, "does not belong to the authority's certificate", authority_key_file);
    }
    CLEANUP(EVP_PKEY_free_at) EVP_PKEY *key = EVP_EC_gen("P-256");
    CLEANUP(X509_free_at) X509 *certificate = key == NULL ? NULL : make_leaf(request, key, authority, authority_key);
    if (certificate == NULL) return failed(ret_problem, "the certificate cannot be made", certificate_file);
    return write_pem(certificate, authority, certificate_file, key, key_file, ret_problem);
}

enum error pki_make_application_certificate(const struct pki_request *request, const char *certificate_file,
                                            const char *key_file, struct problem *ret_problem) {
    if (request->uri == NULL) {
        return problem_say(ret_problem, ERROR_INVALID, "%s: an application certificate needs the application's URI",
                           certificate_file);
    }
    enum error error = check_pair(certificate_file, key_file, ret_problem);
    if (error) return error;
    CLEANUP(EVP_PKEY_free_at) EVP_PKEY *key = EVP_RSA_gen(APPLICATION_KEY_BITS);
    CLEANUP(X509_free_at) X509 *certificate = key == NULL ? NULL : make_application(request, key);
    CLEANUP(BIO_free_all_at) BIO *certificate_der = BIO_new(BIO_s_mem());
    CLEANUP(BIO_free_all_at) BIO *key_der = BIO_new(BIO_s_secmem());
    bool done = certificate != NULL && certificate_der != NULL && key_der != NULL &&
                i2d_X509_bio(certificate_der, certificate) == 1 && i2d_PrivateKey_bio(key_der, key) == 1;
    if (!done) return failed(ret_problem, "the certificate cannot be made", certificate_file);
    return write_pair(certificate_der, certificate_file, key_der, key_file, ret_problem);
}

enum error pki_export_pem(const char *certificate_der, const char *key_der, const char *certificate_pem,
                          const char *key_pem, struct problem *ret_problem) {
    enum error error = check_pair(certificate_pem, key_pem, ret_problem);
    if (error) return error;
    CLEANUP(BIO_free_all_at) BIO *certificate_file = BIO_new_file(certificate_der, "re");
    CLEANUP(X509_free_at) X509 *certificate = certificate_file == NULL ? NULL : d2i_X509_bio(certificate_file, NULL);
    if (certificate == NULL) return failed(ret_problem, "no certificate in DER", certificate_der);
    CLEANUP(BIO_free_all_at) BIO *key_file = BIO_new_file(key_der, "re");
    CLEANUP(EVP_PKEY_free_at) EVP_PKEY *key = key_file == NULL ? NULL : d2i_PrivateKey_bio(key_file, NULL);
    if (key == NULL) return failed(ret_problem, "no private key in DER", key_der);
    return write_pem(certificate, NULL, certificate_pem, key, key_pem, ret_problem);
}

enum error pki_thumbprint(const char *der_file, char ret_hex[static PKI_THUMBPRINT_BYTES],
                          struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer der = {0};
    enum error error = file_read(der_file, KEY_FILE_BYTES_MAX, &der, ret_problem);
    if (error) return error;
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length;
    if (EVP_Q_digest(NULL, "SHA1", NULL, der.data == NULL ? "" : der.data, der.length, digest, &length) != 1) {
        return failed(ret_problem, "no thumbprint", der_file);
    }
    for (size_t i = 0; i < length && 2 * i + 2 < PKI_THUMBPRINT_BYTES; i++) {
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    }
    return ERROR_NONE;
}
