/// plants/mps/plant.aml, and that of plants/mixer, for tests, as they are and changed.
#pragma once

#include <model/model.h>

/// The file's text. Borrowed for the life of the program.
struct text plant_file(void);
struct text mixer_file(void);

/// Appends `from` with `find` replaced; the test fails unless `find` stands there. With `after`, the first `find`
/// behind the first `after` is meant. Returns where the replacement stands in `out`.
size_t replace(struct text from, const char *after, const char *find, const char *with, struct buffer *out);

/// One change, and the finding that it must lead to.
struct mutant {
    const char *name;
    const char *after, *find, *with; // as of replace()
    const char *path;                // of the finding
    const char *text;                // part of the finding
    const char *at;                  // the finding's line begins with this; NULL: the change's line; "": no line
    bool warning;                    // else an error
};

/// Runs one cmocka test for each row, each a change of the file that `plant` gives.
int run_mutants(const char *group, struct text (*plant)(void), const struct mutant *mutants, size_t count);
