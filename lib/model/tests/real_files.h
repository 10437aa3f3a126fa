/// The files of real tools in data/aml, and xmllint as the second opinion about them.
#pragma once

#include <base/buffer.h>

struct real_file {
    const char *name; // below TEST_DATA
    const char *path;
    const char *version;
    const char *schema;
};
extern const struct real_file real_files[];
extern const size_t real_file_count;

void read_file(const char *path, struct buffer *out); // the test fails when it cannot be read
/// Standard output of a program; the exit status. The test is skipped when there is no such program.
int run_program(const char *const *arguments, struct buffer *out);
