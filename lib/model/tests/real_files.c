#include "real_files.h"

#include <base/file.h>
#include <base/process.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SCHEMA_3 TEST_DATA "/CAEX_ClassModel_V.3.0.xsd"
#define SCHEMA_2 TEST_DATA "/CAEX_ClassModel_V2.15.xsd"
#define FILE_ROW(name, version, schema)                                                                                \
    { name, TEST_DATA "/aml/" name, version, schema }

const struct real_file real_files[] = {
    FILE_ROW("eplan-2.7.3-arapc.aml", "2.15", SCHEMA_2),
    FILE_ROW("tia-v17-s7-1200.aml", "2.15", SCHEMA_2),
    FILE_ROW("automationml-topology.aml", "2.15", SCHEMA_2),
    FILE_ROW("editor-5.6-base-libraries.aml", "3.0", SCHEMA_3),
    FILE_ROW("editor-5.4-eobots.aml", "3.0", SCHEMA_3),
    {"plant.aml", SOURCE_FOLDER "/plants/mps/plant.aml", "3.0", SCHEMA_3},
};
const size_t real_file_count = sizeof real_files / sizeof real_files[0];

void read_file(const char *path, struct buffer *out) {
    struct problem problem = {""};
    enum error error = file_read(path, 64 * 1024 * 1024, out, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
}

int run_program(const char *const *arguments, struct buffer *out) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct process_options options = {.arguments = arguments, .output = ends[1]};
    pid_t pid = 0;
    enum error error = process_start(&options, &pid, NULL);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        skip(); // not installed
    }
    char bytes[4096];
    for (ssize_t length; (length = read(ends[0], bytes, sizeof bytes)) > 0 || (length < 0 && errno == EINTR);)
        if (length > 0) buffer_append(out, bytes, (size_t)length);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) skip();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
