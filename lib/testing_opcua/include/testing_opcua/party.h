/// What tests of OPC UA have in common: a folder with identities, a loop with an end to its patience, and requests that
/// wait for their answers. Server and clients are in one loop.
/// For tests only: whatever goes wrong here ends the program with a message, so that callers need not check.
#pragma once

#include <base/loop.h>
#include <opcua/client.h>

enum { PARTY_PATH_BYTES = 512, PARTY_WAIT_S = 30 };

// ---------------------------------------------------------------- folders

/// NAME.der and NAME.key.der for localhost, with this application URI. Keys take a while to make: once per program.
void party_identity(const char *folder, const char *name, const char *uri);
/// The file password-USER, which holds "secret-USER".
void party_password(const char *folder, const char *user);
/// A new folder with copies of all that is in `identities`, in which trusted/ holds client.der. Free it with
/// `testing_remove` and free.
char *party_folder(const char *identities);
/// "FOLDER/name"; valid for the next fifteen calls.
const char *party_path(const char *folder, const char *name);

/// Options of a client that gets in: client.der, the password of `user`, and SERVER.der as the one it trusts. Tests
/// spoil them. Texts are valid for the next calls.
struct opcua_client_options party_options(const char *folder, uint16_t port, const char *server, const char *user);

// ---------------------------------------------------------------- loop

/// Until somebody calls loop_stop; the program ends after PARTY_WAIT_S.
void party_run(struct loop *loop);
void party_run_for(struct loop *loop, uint64_t ns);

// ---------------------------------------------------------------- requests

enum { ANSWER_VALUES = 8, ANSWER_TEXT_BYTES = 256, ANSWER_NAMES = 64 };
struct answer {
    struct loop *loop;
    bool done;
    status_code status;
    size_t count;                       // also of what there is no room for
    struct value values[ANSWER_VALUES]; // strings are in `texts`
    status_code statuses[ANSWER_VALUES];
    int64_t times_ns[ANSWER_VALUES];
    enum value_type types[ANSWER_VALUES];            // of arguments
    char texts[ANSWER_NAMES][ANSWER_TEXT_BYTES];     // strings read, names found, "argument: description"
    struct opcua_reference references[ANSWER_NAMES]; // without texts
};
struct answer answer_call(struct loop *loop, struct opcua_client *client, struct opcua_node object,
                          struct opcua_node method, const struct value *inputs, size_t count);
struct answer answer_browse(struct loop *loop, struct opcua_client *client, struct opcua_node node);
struct answer answer_read(struct loop *loop, struct opcua_client *client, const struct opcua_node *nodes, size_t count);
struct answer answer_arguments(struct loop *loop, struct opcua_client *client, struct opcua_node node);
const struct opcua_reference *answer_find(const struct answer *answer, const char *name); // NULL: not there

/// For a request that the test makes itself; the context is the answer.
void answer_references(void *context, status_code status, const struct opcua_reference *references, size_t count);
void answer_outputs(void *context, status_code status, const struct value *outputs, size_t count);
