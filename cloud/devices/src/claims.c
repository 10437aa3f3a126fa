#include "claims.h"

enum { CLAIMS_DEPTH_MAX = 16 };

static struct text string_at(const struct json *root, const char *path) {
    return json_string(json_path(root, text_of(path)));
}

/// The device's own certificate: the first of the first chain that the broker has verified.
static struct text certificate_of(const struct json *root) {
    const struct json *chains = json_path(root, TEXT("nats/client_tls/verified_chains"));
    return json_string(json_element(json_element(chains, 0), 0));
}

static enum error parse(struct text claims, struct json_document **ret_document, struct problem *ret_problem) {
    const struct json_limits limits = {NKEY_TOKEN_BYTES_MAX, CLAIMS_DEPTH_MAX};
    return json_parse(claims, limits, ret_document, ret_problem);
}

/// Who says to have signed it is a server, and it has: what other users publish is not taken for a broker's.
static enum error read_signed(struct text token, struct json_document **ret_document, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer claims = {0};
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    enum error error = nkey_claims(token, &claims, ret_problem);
    if (!error) error = parse(buffer_view(&claims), &document, ret_problem);
    if (error) return error;
    struct text issuer = string_at(json_root(document), "iss");
    error = nkey_verify(token, NKEY_SERVER, issuer, &claims, ret_problem);
    if (!error) *ret_document = TAKE(document);
    return error;
}

enum error question_read(struct text token, struct question *ret_question, struct problem *ret_problem) {
    struct json_document *document = NULL;
    enum error error = read_signed(token, &document, ret_problem);
    if (error) return error;
    const struct json *root = json_root(document);
    *ret_question = (struct question){
        .document = document,
        .user_key = string_at(root, "nats/user_nkey"),
        .server_id = string_at(root, "nats/server_id/id"),
        .login = {string_at(root, "nats/client_info/mqtt_id"), certificate_of(root),
                  string_at(root, "nats/client_info/host")},
    };
    if (ret_question->user_key.length > 0 && ret_question->server_id.length > 0) return ERROR_NONE;
    question_clear(ret_question);
    return problem_say(ret_problem, ERROR_INVALID, "the broker's request names no user key or server");
}

void question_clear(struct question *question) {
    json_destroy(question->document);
    *question = (struct question){0};
}

static void put(struct json_writer *writer, const char *name, struct text value) {
    json_key(writer, name);
    json_put_text(writer, value);
}

static void put_number(struct json_writer *writer, const char *name, int64_t value) {
    json_key(writer, name);
    json_put_integer(writer, value);
}

/// Whatever a policy says: the broker's own subjects, answers to others, and what our services say among themselves.
static const char *const closed_to_publish[] = {"$SYS.>", "$JS.>", "$MQTT.>", "_INBOX.>", "splc.>", NULL};
static const char *const closed_to_subscribe[] = {"$SYS.>", "$JS.>", "_INBOX.>", "splc.>", NULL};
/// For each subscription at QoS 1 the broker subscribes one of these in the device's name.
static const char *const open_to_subscribe[] = {"$MQTT.sub.>", NULL};
/// An empty list would mean everything to the broker: a subject that nobody uses stands for nothing.
static const char *const open_to_publish[] = {"_nothing_", NULL};

static void put_subjects(struct json_writer *writer, const char *name, const struct policy_subjects *subjects,
                         const char *const *more) {
    json_key(writer, name);
    json_open_array(writer);
    for (; *more != NULL; more++) json_put_string(writer, *more);
    for (size_t i = 0; i < subjects->count; i++) json_put_string(writer, subjects->items[i]);
    json_close_array(writer);
}

static void put_rights(struct json_writer *writer, const struct policy_permissions *permissions) {
    json_key(writer, "pub");
    json_open_object(writer);
    put_subjects(writer, "allow", &permissions->publish_allow, open_to_publish);
    put_subjects(writer, "deny", &permissions->publish_deny, closed_to_publish);
    json_close_object(writer);
    json_key(writer, "sub");
    json_open_object(writer);
    put_subjects(writer, "allow", &permissions->subscribe_allow, open_to_subscribe);
    put_subjects(writer, "deny", &permissions->subscribe_deny, closed_to_subscribe);
    json_close_object(writer);
}

static void begin(struct json_writer *writer, const struct answer *answer, struct text subject, struct text audience) {
    json_open_object(writer);
    put_number(writer, "iat", (int64_t)answer->now_s);
    put(writer, "iss", text_of(answer->issuer->public));
    put(writer, "sub", subject);
    put(writer, "aud", audience);
    json_key(writer, "nats");
    json_open_object(writer);
    put_number(writer, "version", 2);
}

static enum error end(struct json_writer *writer, const struct answer *answer, struct buffer *out) {
    json_close_object(writer);
    json_close_object(writer);
    return writer->out->failed ? ERROR_NO_MEMORY : nkey_sign(answer->issuer, buffer_view(writer->out), out);
}

/// The user of this one connection, in the devices' account, without limits of its own.
static enum error write_user(const struct answer *answer, const struct question *question,
                             const struct policy_permissions *permissions, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer claims = {0};
    struct json_writer writer = json_writer(&claims);
    begin(&writer, answer, question->user_key, text_of(answer->account));
    put(&writer, "type", TEXT("user"));
    put_number(&writer, "subs", -1);
    put_number(&writer, "data", -1);
    put_number(&writer, "payload", -1);
    put_rights(&writer, permissions);
    return end(&writer, answer, out);
}

static enum error write_response(const struct answer *answer, const struct question *question, const char *name,
                                 struct text value, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer claims = {0};
    struct json_writer writer = json_writer(&claims);
    begin(&writer, answer, question->user_key, question->server_id);
    put(&writer, "type", TEXT("authorization_response"));
    put(&writer, name, value);
    return end(&writer, answer, out);
}

enum error answer_permit(const struct answer *answer, const struct question *question,
                         const struct policy_permissions *permissions, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer user = {0};
    enum error error = write_user(answer, question, permissions, &user);
    return error ? error : write_response(answer, question, "jwt", buffer_view(&user), out);
}

enum error answer_refuse(const struct answer *answer, const struct question *question, const char *reason,
                         struct buffer *out) {
    return write_response(answer, question, "error", text_of(reason), out);
}
