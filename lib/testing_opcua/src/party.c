#include <testing_opcua/party.h>

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <pki/pki.h>
#include <testing/testing.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(enum error error, const char *what) {
    if (!error) return;
    fprintf(stderr, "party: %s: %s\n", what, error_text(error));
    abort();
}

// --- folders ---

const char *party_path(const char *folder, const char *name) {
    static char paths[16][PARTY_PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, PARTY_PATH_BYTES, "%s/%s", folder, name);
    return path;
}

void party_identity(const char *folder, const char *name, const char *uri) {
    char certificate[128], key[128];
    snprintf(certificate, sizeof certificate, "%s.der", name);
    snprintf(key, sizeof key, "%s.key.der", name);
    struct pki_request request = {
        .common_name = name,
        .dns_names = (const char *[]){"localhost", NULL},
        .addresses = (const char *[]){"127.0.0.1", NULL},
        .uri = uri,
        .days = 30,
        .server = true,
        .client = true,
    };
    struct problem problem = {0};
    check(
        pki_make_application_certificate(&request, party_path(folder, certificate), party_path(folder, key), &problem),
        problem.text);
}

void party_password(const char *folder, const char *user) {
    char file[128], password[128];
    snprintf(file, sizeof file, "password-%s", user);
    snprintf(password, sizeof password, "secret-%s", user);
    check(file_write(party_path(folder, file), text_of(password), 0600, NULL), file);
}

char *party_folder(const char *identities) {
    char *folder = testing_folder();
    CLEANUP(buffer_clear) struct buffer command = {0};
    buffer_print(&command, "cp -p '%s'/* '%s' && mkdir -m 0700 '%s/trusted' && cp '%s/client.der' '%s/trusted'",
                 identities, folder, folder, folder, folder);
    check(command.failed || system(command.data) != 0 ? ERROR_IO : ERROR_NONE, "copying the identities");
    return folder;
}

struct opcua_client_options party_options(const char *folder, uint16_t port, const char *server, const char *user) {
    static char url[64];
    char password[128], certificate[128];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%u", port);
    snprintf(password, sizeof password, "password-%s", user);
    snprintf(certificate, sizeof certificate, "%s.der", server);
    return (struct opcua_client_options){
        .url = url,
        .certificate_file = party_path(folder, "client.der"),
        .key_file = party_path(folder, "client.key.der"),
        .server_certificate_file = party_path(folder, certificate),
        .user = user,
        .password_file = party_path(folder, password),
    };
}

// --- loop ---

static void on_timeout(void *context) {
    (void)context;
    fprintf(stderr, "party: nothing happened within %d s\n", PARTY_WAIT_S);
    abort();
}

void party_run(struct loop *loop) {
    struct loop_timer *guard = loop_timer(loop, PARTY_WAIT_S * NS_PER_S, 0, on_timeout, NULL);
    check(guard == NULL ? ERROR_NO_MEMORY : loop_run(loop), "loop");
    loop_timer_cancel(guard);
}

static void on_over(void *context) {
    loop_stop(context);
}

void party_run_for(struct loop *loop, uint64_t ns) {
    struct loop_timer *timer = loop_timer(loop, ns, 0, on_over, loop);
    check(timer == NULL ? ERROR_NO_MEMORY : loop_run(loop), "loop");
}

// --- requests ---

static void end(struct answer *answer, status_code status, size_t count) {
    check(answer->done ? ERROR_EXISTS : ERROR_NONE, "a second answer");
    answer->done = true;
    answer->status = status;
    answer->count = count;
    loop_stop(answer->loop);
}

static void await(struct answer *answer, enum error error) {
    check(error, "a request");
    check(answer->done ? ERROR_INTERNAL : ERROR_NONE, "an answer from inside the call");
    while (!answer->done) party_run(answer->loop);
}

static void keep(struct answer *answer, size_t i, const struct value *value) {
    answer->values[i] = *value;
    if (value->type != VALUE_STRING) return;
    snprintf(answer->texts[i], ANSWER_TEXT_BYTES, "%.*s", TEXT_ARG(value->string));
    answer->values[i].string = TEXT_EMPTY;
}

void answer_outputs(void *context, status_code status, const struct value *outputs, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_VALUES; i++) keep(answer, i, &outputs[i]);
    end(answer, status, count);
}

struct answer answer_call(struct loop *loop, struct opcua_client *client, struct opcua_node object,
                          struct opcua_node method, const struct value *inputs, size_t count) {
    struct answer answer = {.loop = loop};
    await(&answer, opcua_client_call(client, &object, &method, inputs, count, answer_outputs, &answer));
    return answer;
}

void answer_references(void *context, status_code status, const struct opcua_reference *references, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_NAMES; i++) {
        answer->references[i] = references[i];
        snprintf(answer->texts[i], ANSWER_TEXT_BYTES, "%.*s", TEXT_ARG(references[i].browse_name));
    }
    end(answer, status, count);
}

struct answer answer_browse(struct loop *loop, struct opcua_client *client, struct opcua_node node) {
    struct answer answer = {.loop = loop};
    await(&answer, opcua_client_browse(client, &node, answer_references, &answer));
    return answer;
}

static void on_data(void *context, status_code status, const struct opcua_data *data, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_VALUES; i++) {
        keep(answer, i, &data[i].value);
        answer->statuses[i] = data[i].status;
        answer->times_ns[i] = data[i].source_time_ns;
    }
    end(answer, status, count);
}

struct answer answer_read(struct loop *loop, struct opcua_client *client, const struct opcua_node *nodes,
                          size_t count) {
    struct answer answer = {.loop = loop};
    await(&answer, opcua_client_read(client, nodes, count, on_data, &answer));
    return answer;
}

static void on_arguments(void *context, status_code status, const struct opcua_argument *arguments, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_VALUES; i++) {
        snprintf(answer->texts[i], ANSWER_TEXT_BYTES, "%.*s: %.*s", TEXT_ARG(arguments[i].name),
                 TEXT_ARG(arguments[i].description));
        answer->types[i] = arguments[i].type;
    }
    end(answer, status, count);
}

struct answer answer_arguments(struct loop *loop, struct opcua_client *client, struct opcua_node node) {
    struct answer answer = {.loop = loop};
    await(&answer, opcua_client_input_arguments(client, &node, on_arguments, &answer));
    return answer;
}

const struct opcua_reference *answer_find(const struct answer *answer, const char *name) {
    for (size_t i = 0; i < answer->count && i < ANSWER_NAMES; i++)
        if (strcmp(answer->texts[i], name) == 0) return &answer->references[i];
    return NULL;
}
