/// Certificates and keys for the library, and whom we trust.
#pragma once

#include <base/problem.h>

#include <open62541/plugin/pki.h>
#include <open62541/plugin/securitypolicy.h>

#define POLICY_NONE "http://opcfoundation.org/UA/SecurityPolicy#None"
#define POLICY_BASIC256SHA256 "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
#define POLICY_AES128_OAEP "http://opcfoundation.org/UA/SecurityPolicy#Aes128_Sha256_RsaOaep"
#define POLICY_AES256_PSS "http://opcfoundation.org/UA/SecurityPolicy#Aes256_Sha256_RsaPss"

/// A DER file; UA_ByteString_clear it. `what` is for the message: "certificate of the edge".
enum error security_load(const char *path, const char *what, UA_ByteString *ret_bytes, struct problem *ret_problem);
/// The same for a private key; ERROR_FORBIDDEN when others than its owner can read it.
enum error security_load_key(const char *path, const char *what, UA_ByteString *ret_bytes, struct problem *ret_problem);
void security_forget(UA_ByteString *key); // overwrites, frees

/// The policies of a server: None (discovery) first, then those that its endpoints offer; the configuration takes them
/// over.
enum error security_server_policies(const UA_ByteString *certificate, const UA_ByteString *key, const UA_Logger *logger,
                                    UA_SecurityPolicy **ret_policies, size_t *ret_count, struct problem *ret_problem);
/// Of a client, an array of two policies, None (discovery) and Basic256Sha256, for a configuration; it takes them over.
/// The caller names the files: `security_name_files`.
enum error security_policies(const UA_ByteString *certificate, const UA_ByteString *key, const UA_Logger *logger,
                             UA_SecurityPolicy **ret_policies, size_t *ret_count, struct problem *ret_problem);
/// An array of one, Basic256Sha256: for the encryption of passwords.
enum error security_password_policy(const UA_ByteString *certificate, const UA_ByteString *key, const UA_Logger *logger,
                                    UA_SecurityPolicy **ret_policies, size_t *ret_count, struct problem *ret_problem);

/// Puts the two files before a problem of the pair; returns `error`.
enum error security_name_files(enum error error, const char *certificate_file, const char *key_file,
                               struct problem *ret_problem);

/// Trusts exactly the certificates in the folder, read anew for each connection, and stores others in
/// `rejected_folder` (named by their hash; the last REJECTED_MAX).
enum { TRUSTED_BYTES_MAX = 64 * 1024, REJECTED_MAX = 64 };
struct security_trust {
    const char *trusted_folder;  // or
    const UA_ByteString *pinned; // exactly this one
    const char *rejected_folder; // NULL: none
    const UA_Logger *logger;
    /// Tells why, for the audit; may be NULL.
    void (*refused)(void *context, const char *reason);
    void *context;
};
/// Copies `trust`, not what it points to.
UA_StatusCode security_verification(const struct security_trust *trust, UA_CertificateVerification *ret_verification);
