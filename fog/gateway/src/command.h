/// A command under way. command.c takes and calls it, precheck.c asks whether it may be called, response.c answers.
#pragma once

#include "internal.h"

struct command {
    struct command *next, **link; // in gateway->commands
    struct gateway *gateway;
    char *response; // subject
    char *reply;    // NATS reply subject; empty: none
    char *thing, *id;
    struct json_document *request;   // keeps the texts of the inputs
    uint64_t received_ns, called_ns; // monotonic; called: the edge was asked, 0: it was not
    bool noted;                      // its key is: the outcome is kept
    char *repeats;                   // id of the first command with its key, whose outcome it waits for; NULL: none
    const struct plan_method *method;
    struct value inputs[PLAN_ARGUMENTS_MAX];
    size_t output_count;
    char *output_names[PLAN_ARGUMENTS_MAX];
    struct check *check; // the twin that is asked for; NULL: none
    size_t checked;      // twins that are as wanted
};

void command_destroy(struct command *command);
CLEANUP_DEFINE(struct command, command_destroy)

// response.c
/// Publishes the outcome, keeps it when the key is noted, and answers those that wait for it. `code` "" means success.
void command_respond(struct command *command, const char *status, const char *code, struct text description,
                     const struct value *outputs, size_t output_count);
__attribute__((format(printf, 3, 4))) void command_reject(struct command *command, const char *code, const char *format,
                                                          ...);
/// The command's key was there before. True when it has been answered; false: it waits for the first one's outcome.
bool command_repeat(struct command *command, const struct execution *first);

// precheck.c
enum precheck { PRECHECK_HOLDS, PRECHECK_FAILS, PRECHECK_ASKED };
/// Looks at what the command's precondition wants. Asked: `command_checked` or a rejection follows; failed: it was
/// rejected.
enum precheck precheck_start(struct command *command);
void precheck_forget(struct command *command); // it is destroyed
/// The precondition holds.
void command_checked(struct command *command);
