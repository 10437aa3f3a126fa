// What a certificate says, as a registry of certificates needs it.
#include <pki/pki.h>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static X509 *parse(struct text pem) {
    BIO *bio = pem.length == 0 ? NULL : BIO_new_mem_buf(pem.data, (int)pem.length);
    if (bio == NULL) return NULL;
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

static bool read_time(const ASN1_TIME *at, int64_t *ret_s) {
    struct tm tm = {0};
    if (at == NULL || ASN1_TIME_to_tm(at, &tm) != 1) return false;
    *ret_s = (int64_t)timegm(&tm);
    return true;
}

static bool read_id(X509 *certificate, char ret_id[static PKI_DIGEST_BYTES]) {
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    if (length <= 0) return false;
    bool done = pki_digest((struct text){(const char *)der, (size_t)length}, ret_id) == ERROR_NONE;
    OPENSSL_free(der);
    return done;
}

/// The first common name; a certificate without one has "".
static void read_common_name(X509 *certificate, struct pki_certificate *ret) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    int length = X509_NAME_get_text_by_NID(subject, NID_commonName, ret->common_name, sizeof ret->common_name);
    if (length < 0) ret->common_name[0] = '\0';
}

enum error pki_certificate_read(struct text pem, struct pki_certificate *ret_certificate, struct problem *ret_problem) {
    X509 *certificate = pem.length > PKI_PEM_BYTES_MAX ? NULL : parse(pem);
    if (certificate == NULL) return problem_say(ret_problem, ERROR_INVALID, "not a certificate in PEM");
    struct pki_certificate read = {0};
    bool done = read_id(certificate, read.id) && read_time(X509_get0_notBefore(certificate), &read.not_before_s) &&
                read_time(X509_get0_notAfter(certificate), &read.not_after_s);
    read_common_name(certificate, &read);
    X509_free(certificate);
    if (!done) return problem_say(ret_problem, ERROR_INVALID, "the certificate's times cannot be read");
    *ret_certificate = read;
    return ERROR_NONE;
}
