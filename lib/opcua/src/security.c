#include "security.h"

#include "convert.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <open62541/plugin/pki_default.h>
#include <open62541/plugin/securitypolicy_default.h>

enum error security_load(const char *path, const char *what, UA_ByteString *ret_bytes, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, TRUSTED_BYTES_MAX, &bytes, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "%s", what);
    if (bytes.length == 0 || bytes.data[0] != 0x30) // an ASN.1 sequence; PEM begins with '-'
        return problem_say(ret_problem, ERROR_INVALID, "%s %s is not DER; convert it with openssl (-outform DER)", what,
                           path);
    UA_ByteString borrowed = ua_text(buffer_view(&bytes));
    if (UA_ByteString_copy(&borrowed, ret_bytes) != UA_STATUSCODE_GOOD) return ERROR_NO_MEMORY;
    explicit_bzero(bytes.data, bytes.length);
    return ERROR_NONE;
}

enum error security_load_key(const char *path, const char *what, UA_ByteString *ret_bytes,
                             struct problem *ret_problem) {
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return problem_say(ret_problem, ERROR_FORBIDDEN, "%s %s can be read by others; chmod 600 it, or make a new one",
                           what, path);
    return security_load(path, what, ret_bytes, ret_problem);
}

void security_forget(UA_ByteString *key) {
    if (key->data != NULL) explicit_bzero(key->data, key->length);
    UA_ByteString_clear(key);
}

/// What the key signs, the certificate must verify.
static bool belong_together(UA_SecurityPolicy *policy) {
    const UA_SecurityPolicySignatureAlgorithm *algorithm = &policy->asymmetricModule.cryptoModule.signatureAlgorithm;
    UA_Byte text[] = "do these belong together?";
    UA_ByteString message = {sizeof text, text}, signature = UA_BYTESTRING_NULL;
    void *channel = NULL; // a channel with ourselves
    if (policy->channelModule.newContext(policy, &policy->localCertificate, &channel) != UA_STATUSCODE_GOOD)
        return false;
    UA_StatusCode status = UA_ByteString_allocBuffer(&signature, algorithm->getLocalSignatureSize(channel));
    if (status == UA_STATUSCODE_GOOD) status = algorithm->sign(channel, &message, &signature);
    if (status == UA_STATUSCODE_GOOD) status = algorithm->verify(channel, &message, &signature);
    UA_ByteString_clear(&signature);
    policy->channelModule.deleteContext(channel);
    return status == UA_STATUSCODE_GOOD;
}

typedef UA_StatusCode policy_fn(UA_SecurityPolicy *policy, const UA_ByteString certificate, const UA_ByteString key,
                                const UA_Logger *logger);

static enum error make_policy(policy_fn *make, UA_SecurityPolicy *policy, const UA_ByteString *certificate,
                              const UA_ByteString *key, const UA_Logger *logger, struct problem *ret_problem) {
    UA_StatusCode status = make(policy, *certificate, *key, logger);
    if (status != UA_STATUSCODE_GOOD)
        return problem_say(
            ret_problem, ERROR_INVALID,
            "certificate and key do not make an OPC UA identity (%s): they must be RSA with 2048 to 4096 "
            "bits, SHA-256",
            UA_StatusCode_name(status));
    if (belong_together(policy)) return ERROR_NONE;
    policy->clear(policy);
    return problem_say(ret_problem, ERROR_INVALID, "certificate and key do not belong together");
}

static void clear_policies(UA_SecurityPolicy *policies, size_t count) {
    for (size_t i = 0; i < count; i++) policies[i].clear(&policies[i]);
    free(policies);
}

/// None, then those that are given.
static enum error make_policies(policy_fn *const *makers, size_t count, const UA_ByteString *certificate,
                                const UA_ByteString *key, const UA_Logger *logger, UA_SecurityPolicy **ret_policies,
                                size_t *ret_count, struct problem *ret_problem) {
    UA_SecurityPolicy *policies = calloc(count + 1, sizeof *policies);
    if (policies == NULL) return ERROR_NO_MEMORY;
    if (UA_SecurityPolicy_None(&policies[0], *certificate, logger) != UA_STATUSCODE_GOOD) {
        free(policies);
        return ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        enum error error = make_policy(makers[i], &policies[i + 1], certificate, key, logger, ret_problem);
        if (!error) continue;
        clear_policies(policies, i + 1);
        return error;
    }
    *ret_policies = policies;
    *ret_count = count + 1;
    return ERROR_NONE;
}

enum error security_server_policies(const UA_ByteString *certificate, const UA_ByteString *key, const UA_Logger *logger,
                                    UA_SecurityPolicy **ret_policies, size_t *ret_count, struct problem *ret_problem) {
    static policy_fn *const makers[] = {UA_SecurityPolicy_Basic256Sha256, UA_SecurityPolicy_Aes128Sha256RsaOaep,
                                        UA_SecurityPolicy_Aes256Sha256RsaPss};
    return make_policies(makers, sizeof makers / sizeof makers[0], certificate, key, logger, ret_policies, ret_count,
                         ret_problem);
}

enum error security_policies(const UA_ByteString *certificate, const UA_ByteString *key, const UA_Logger *logger,
                             UA_SecurityPolicy **ret_policies, size_t *ret_count, struct problem *ret_problem) {
    static policy_fn *const makers[] = {UA_SecurityPolicy_Basic256Sha256};
    return make_policies(makers, 1, certificate, key, logger, ret_policies, ret_count, ret_problem);
}

enum error security_password_policy(const UA_ByteString *certificate, const UA_ByteString *key, const UA_Logger *logger,
                                    UA_SecurityPolicy **ret_policies, size_t *ret_count, struct problem *ret_problem) {
    UA_SecurityPolicy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) return ERROR_NO_MEMORY;
    enum error error = make_policy(UA_SecurityPolicy_Basic256Sha256, policy, certificate, key, logger, ret_problem);
    if (error) {
        free(policy);
        return error;
    }
    *ret_policies = policy;
    *ret_count = 1;
    return ERROR_NONE;
}

enum error security_name_files(enum error error, const char *certificate_file, const char *key_file,
                               struct problem *ret_problem) {
    return problem_prefix(ret_problem, error, "%s, %s", certificate_file, key_file);
}

// --- whom we trust ---

enum { REJECTED_NAME_BYTES = 32 };

struct trust {
    struct security_trust options;
    UA_CertificateVerification rules; // of the library: validity, use, application URI
};

static const struct trust *trust_of(const UA_CertificateVerification *verification) {
    return verification->context;
}

static bool file_holds(const char *folder, const char *name, const UA_ByteString *certificate) {
    CLEANUP(free_at) char *path = file_join(folder, name);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    if (path == NULL || file_read(path, TRUSTED_BYTES_MAX, &bytes, NULL)) return false;
    return text_equal(buffer_view(&bytes), text_of_ua(*certificate));
}

/// Read anew each time: what an engineer puts there is trusted at once, what he takes away no longer.
static bool is_in_folder(const char *folder, const UA_ByteString *certificate) {
    DIR *directory = opendir(folder);
    if (directory == NULL) return false;
    bool found = false;
    for (struct dirent *entry = readdir(directory); entry != NULL && !found; entry = readdir(directory))
        found = text_ends_with(text_of(entry->d_name), TEXT(".der")) && file_holds(folder, entry->d_name, certificate);
    closedir(directory);
    return found;
}

/// The oldest file, when there are as many as we keep.
static void make_room(const char *folder) {
    DIR *directory = opendir(folder);
    if (directory == NULL) return;
    CLEANUP(free_at) char *oldest = NULL;
    struct timespec when = {0};
    size_t count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        CLEANUP(free_at) char *path = file_join(folder, entry->d_name);
        struct stat status;
        if (entry->d_name[0] == '.' || path == NULL || stat(path, &status) != 0) continue;
        count++;
        bool older = status.st_mtim.tv_sec < when.tv_sec ||
                     (status.st_mtim.tv_sec == when.tv_sec && status.st_mtim.tv_nsec < when.tv_nsec);
        if (oldest != NULL && !older) continue;
        free(oldest);
        oldest = path;
        path = NULL;
        when = status.st_mtim;
    }
    closedir(directory);
    if (count >= REJECTED_MAX && oldest != NULL) unlink(oldest);
}

/// FNV-1a: a name, not a proof.
static uint64_t name_hash(const UA_ByteString *bytes) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes->length; i++) hash = (hash ^ bytes->data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/// For review. Whoever sends ever new certificates fills no disk.
static void keep_rejected(const char *folder, const UA_ByteString *certificate,
                          char ret_name[static REJECTED_NAME_BYTES]) {
    snprintf(ret_name, REJECTED_NAME_BYTES, "%016" PRIx64 ".der", name_hash(certificate));
    CLEANUP(free_at) char *path = file_join(folder, ret_name);
    if (path == NULL || certificate->length > TRUSTED_BYTES_MAX || file_exists(path)) return;
    make_room(folder);
    error_ignore(file_make_folder(folder, 0700, NULL));
    error_ignore(file_write(path, text_of_ua(*certificate), 0600, NULL));
}

static void refuse(const struct trust *trust, const char *reason) {
    if (trust->options.refused != NULL) trust->options.refused(trust->options.context, reason);
}

/// The first of a chain: the application's own. All in DER, where the length stands at the beginning.
static UA_ByteString leaf_of(const UA_ByteString *chain) {
    UA_ByteString leaf = *chain;
    if (chain->length < 4 || chain->data[0] != 0x30 || chain->data[1] != 0x82) return leaf;
    size_t length = 4 + ((size_t)chain->data[2] << 8 | chain->data[3]);
    if (length < leaf.length) leaf.length = length;
    return leaf;
}

static bool is_trusted(const struct security_trust *options, const UA_ByteString *certificate) {
    if (options->pinned != NULL) return UA_ByteString_equal(options->pinned, certificate);
    return is_in_folder(options->trusted_folder, certificate);
}

/// Validity and use, as the library judges them, given that this very certificate is trusted.
static UA_StatusCode check_rules(const struct trust *trust, const UA_ByteString *certificate) {
    UA_CertificateVerification rules = {.logging = trust->options.logger};
    UA_StatusCode status = UA_CertificateVerification_Trustlist(&rules, certificate, 1, NULL, 0, NULL, 0);
    if (status != UA_STATUSCODE_GOOD) return UA_STATUSCODE_BADCERTIFICATEINVALID;
    status = rules.verifyCertificate(&rules, certificate);
    rules.clear(&rules);
    return status;
}

static bool is_certificate(const struct trust *trust, const UA_ByteString *certificate) {
    UA_String subject = UA_STRING_NULL;
    UA_ByteString borrowed = *certificate;
    bool parsed = trust->rules.getSubjectName(&subject, &borrowed) == UA_STATUSCODE_GOOD;
    UA_String_clear(&subject);
    return parsed;
}

static void refuse_untrusted(const struct trust *trust, const UA_ByteString *certificate) {
    const struct security_trust *options = &trust->options;
    char name[REJECTED_NAME_BYTES], reason[PROBLEM_TEXT_BYTES];
    if (options->rejected_folder == NULL) {
        refuse(trust, "it is not the certificate that was expected");
        return;
    }
    if (!is_certificate(trust, certificate)) {
        refuse(trust, "what it sent as its certificate is none");
        return;
    }
    keep_rejected(options->rejected_folder, certificate, name);
    snprintf(reason, sizeof reason, "certificate is not trusted; to trust it, move %s/%s to %s",
             options->rejected_folder, name, options->trusted_folder);
    refuse(trust, reason);
}

static UA_StatusCode verify(const UA_CertificateVerification *verification, const UA_ByteString *chain) {
    const struct trust *trust = trust_of(verification);
    UA_ByteString certificate = leaf_of(chain);
    if (!is_trusted(&trust->options, &certificate)) {
        refuse_untrusted(trust, &certificate);
        return UA_STATUSCODE_BADCERTIFICATEUNTRUSTED;
    }
    UA_StatusCode status = check_rules(trust, &certificate);
    if (status == UA_STATUSCODE_GOOD) return status;
    char reason[PROBLEM_TEXT_BYTES];
    snprintf(reason, sizeof reason, "certificate is trusted but not valid: %s", UA_StatusCode_name(status));
    refuse(trust, reason);
    return status;
}

static UA_StatusCode verify_uri(const UA_CertificateVerification *verification, const UA_ByteString *certificate,
                                const UA_String *uri) {
    const UA_CertificateVerification *rules = &trust_of(verification)->rules;
    return rules->verifyApplicationURI(rules, certificate, uri);
}

static void clear(UA_CertificateVerification *verification) {
    struct trust *trust = verification->context;
    if (trust == NULL) return;
    trust->rules.clear(&trust->rules);
    free(trust);
    verification->context = NULL;
}

UA_StatusCode security_verification(const struct security_trust *options,
                                    UA_CertificateVerification *ret_verification) {
    struct trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    trust->options = *options;
    UA_StatusCode status = UA_CertificateVerification_Trustlist(&trust->rules, NULL, 0, NULL, 0, NULL, 0);
    if (status != UA_STATUSCODE_GOOD) {
        free(trust);
        return status;
    }
    *ret_verification = (UA_CertificateVerification){
        .context = trust,
        .verifyCertificate = verify,
        .verifyApplicationURI = verify_uri,
        .getExpirationDate = trust->rules.getExpirationDate,
        .getSubjectName = trust->rules.getSubjectName,
        .clear = clear,
        .logging = options->logger,
    };
    return UA_STATUSCODE_GOOD;
}
