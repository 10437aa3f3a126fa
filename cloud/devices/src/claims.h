/// What the broker asks and is answered, as claims of tokens. Pure.
#pragma once

#include <devices/devices.h>
#include <json/json.h>
#include <nkey/nkey.h>

/// A request; texts are borrowed from `document`.
struct question {
    struct json_document *document;
    struct text user_key;  // for which the answer is
    struct text server_id; // who asks, and signed it
    struct devices_login login;
};
/// ERROR_INVALID: no request of a broker. ERROR_FORBIDDEN: not signed by who it says.
enum error question_read(struct text token, struct question *ret_question, struct problem *ret_problem);
void question_clear(struct question *question);

struct answer {
    const struct nkey *issuer;
    const char *account;
    uint64_t now_s;
};
enum error answer_permit(const struct answer *answer, const struct question *question,
                         const struct policy_permissions *permissions, struct buffer *out);
enum error answer_refuse(const struct answer *answer, const struct question *question, const char *reason,
                         struct buffer *out);
