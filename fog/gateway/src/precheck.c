// Preconditions of commands ([bus-3.3]): twins are asked for, one after the other, when the command has come; the edge
// is called when the last one is as wanted.
#include "command.h"
#include <execution/precondition.h>
#include <stdlib.h>

/// A question to the twin service. Its answer may come after the command has gone.
struct check {
    struct check *next, **link; // in gateway->checks
    struct command *command;    // NULL: gone
};

/// What is wanted of one twin.
struct demand {
    struct text thing;
    const struct json *version, *reported;
};

/// The n-th demand of the precondition; false past the last one.
static bool find_demand(const struct command *command, size_t n, struct demand *ret_demand) {
    const struct json *precondition = json_member(json_root(command->request), "precondition");
    struct demand own = {text_of(command->thing), json_member(precondition, "version"),
                         json_member(precondition, "reported")};
    if ((json_exists(own.version) || json_exists(own.reported)) && n-- == 0) {
        *ret_demand = own;
        return true;
    }
    struct json_each others = json_each(json_member(precondition, "things"));
    while (json_next(&others)) {
        if (n-- > 0) continue;
        *ret_demand = (struct demand){others.name, NULL, others.value};
        return true;
    }
    return false;
}

static void check_free(struct check *check) {
    *check->link = check->next;
    if (check->next != NULL) check->next->link = check->link;
    if (check->command != NULL) check->command->check = NULL;
    free(check);
}

void precheck_forget(struct command *command) {
    if (command->check != NULL) command->check->command = NULL;
}

void precheck_free_all(struct gateway *gateway) {
    while (gateway->checks != NULL) check_free(gateway->checks);
}

/// The next twin, or the end. False when the command was rejected.
static enum precheck proceed(struct command *command);

static enum error look(const struct command *command, int64_t code, const struct json_document *answer,
                       struct problem *problem) {
    enum { NO_SHADOW = 404 };
    struct demand demand = {0};
    if (code != 0 && code != NO_SHADOW)
        return problem_say(problem, ERROR_UNAVAILABLE, "the twin service does not answer; nothing was executed");
    if (!find_demand(command, command->checked, &demand)) return ERROR_NONE;
    const struct json *document = code == 0 ? json_root(answer) : NULL;
    return precondition_check(demand.thing, document, demand.version, demand.reported, problem);
}

static void twin_found(void *context, enum error error, struct text data) {
    struct check *check = context;
    struct command *command = check->command;
    check_free(check);
    if (command == NULL) return;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    int64_t code = shadow_answer(error, data, &answer);
    struct problem problem = {0};
    enum error outcome = look(command, code, answer, &problem);
    if (outcome) {
        const char *reason = outcome == ERROR_CONFLICT ? "PreconditionFailed" : "BadTimeout";
        command_reject(command, reason, "%s", problem.text);
        return command_destroy(command);
    }
    command->checked++;
    enum precheck precheck = proceed(command);
    if (precheck == PRECHECK_HOLDS) command_checked(command);
    if (precheck == PRECHECK_FAILS) command_destroy(command);
}

/// What is no name of a thing has no twin, and makes no subject.
static bool is_thing_name(struct text name) {
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
                    c == '_' || c == '-';
        if (!good) return false;
    }
    return name.length > 0 && name.length < PLAN_NAME_BYTES;
}

static enum error ask(struct command *command, struct text thing) {
    struct gateway *gateway = command->gateway;
    CLEANUP(buffer_clear) struct buffer subject = {0};
    struct check *check = malloc(sizeof *check);
    if (check == NULL) return ERROR_NO_MEMORY;
    *check = (struct check){gateway->checks, &gateway->checks, command};
    if (check->next != NULL) check->next->link = &check->next;
    gateway->checks = check;
    command->check = check;
    buffer_print(&subject, "$aws.things.%.*s.shadow.get", TEXT_ARG(thing));
    enum error error = subject.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error)
        error = bus_request(gateway->bus, buffer_view(&subject), TEXT("{}"), GATEWAY_REQUEST_MS * NS_PER_MS, twin_found,
                            check);
    if (error) check_free(check);
    return error;
}

static enum precheck proceed(struct command *command) {
    struct demand demand;
    if (!find_demand(command, command->checked, &demand)) return PRECHECK_HOLDS;
    if (!is_thing_name(demand.thing)) {
        command_reject(command, "PreconditionFailed", "'%.*s' is no thing", TEXT_ARG(demand.thing));
        return PRECHECK_FAILS;
    }
    enum error error = ask(command, demand.thing);
    if (!error) return PRECHECK_ASKED;
    command_reject(command, "BadCommunicationError", "the twin service cannot be asked: %s", error_text(error));
    return PRECHECK_FAILS;
}

enum precheck precheck_start(struct command *command) {
    if (!precondition_is_wrong(json_member(json_root(command->request), "precondition"))) return proceed(command);
    command_reject(
        command, "BadInvalidArgument",
        "\"precondition\" must be {\"version\":n, \"reported\":{...}, \"things\":{\"THING\":{...}}}, or some of "
        "it");
    return PRECHECK_FAILS;
}
