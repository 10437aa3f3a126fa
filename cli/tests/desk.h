/// A desk with a plant on it: a data folder and ports of its own, `splc` and what it prints.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>

#include <stdbool.h>
#include <sys/types.h>

struct desk {
    char *folder, *plant, *data, *programs; // the plant: the example's model, a site file and a function of its own
    char offset[16];                        // of the ports
    char *output;                           // file: what `splc up` prints
    pid_t pid;                              // of `splc up`; 0: it does not run
};

/// As a test's setup and teardown; the desk is the state.
int desk_open(void **state);
int desk_close(void **state);

/// Starts `splc up` on the plant with these words; NULL ends.
void desk_up(struct desk *desk, const char *const *words);
/// Until `splc up` has printed the text; false when it ended, or after 20 s.
bool desk_says(const struct desk *desk, const char *text);
/// Until `splc up` has ended; its exit status, or minus the signal.
int desk_ends(struct desk *desk);
/// All that was printed so far.
void desk_read(const struct desk *desk, struct buffer *text);
/// What the stand-ins noted.
void desk_notes(const struct desk *desk, struct buffer *text);

/// Runs `splc WORDS --data ...` to its end; output and errors together. The exit status.
int desk_run(const struct desk *desk, const char *const *words, struct buffer *text);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
