// @NAME@: counts its events in a twin of its own.
#include "count.h"

#include <splc/function.h>
#include <stdio.h>

/// Called again when somebody else has changed the twin meanwhile.
static enum error count_one(void *context, const struct splc_twin *twin, struct buffer *ret_desired,
                            struct buffer *ret_reported, struct problem *ret_problem) {
    (void)ret_desired, (void)ret_problem;
    struct buffer *answer = context;
    buffer_reset(answer);
    count_next(twin->reported, answer);
    buffer_text(ret_reported, buffer_view(answer));
    return ERROR_NONE;
}

static enum error on_event(void *context, struct splc_function *function, const struct splc_event *event,
                           struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)event;
    enum error error = splc_twin_edit(function, TEXT("@NAME@"), count_one, ret_answer, ret_problem);
    if (!error) fprintf(stderr, "counted: %s\n", ret_answer->data);
    return error;
}

int main(void) {
    return splc_function_run(on_event, NULL);
}
