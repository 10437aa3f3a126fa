// The audit log as a file, and what a station writes into it.

#include "../src/audit.h"
#include "line.h"

#include <base/buffer.h>
#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_BYTES_MAX = 2 * AUDIT_BYTES_MAX };

static const struct opcua_caller EVE = {7, OPCUA_ENGINEER, TEXT("eve \"\n"), TEXT("urn:test")};

static void make_folder(char folder[static 64]) {
    snprintf(folder, 64, "/tmp/splc-audit-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(const char *folder) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void read_log(const char *path, struct buffer *log) {
    struct problem problem = {0};
    if (file_read(path, LOG_BYTES_MAX, log, &problem)) fail_msg("%s", problem.text);
}

static void assert_says(const struct buffer *log, const char *part) {
    if (log->length == 0 || strstr(log->data, part) == NULL) fail_msg("no \"%s\" in:\n%s", part, log->data);
}

static void one_line_each(void **state) {
    (void)state;
    char folder[64], path[96];
    make_folder(folder);
    snprintf(path, sizeof path, "%s/audit.log", folder);
    struct problem problem = {0};
    for (int run = 0; run < 2; run++) { // the second one goes on where the first one ended
        struct audit *audit = NULL;
        assert_int_equal(audit_open(path, &audit, &problem), ERROR_NONE);
        audit_write(audit, &(struct audit_entry){&EVE, "call", "a(1)", "Good", ""});
        audit_write(audit, &(struct audit_entry){NULL, "SafeStateEntered", "MPS", "Good", "a \"cause\""});
        audit_close(audit);
    }
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    CLEANUP(buffer_clear) struct buffer log = {0};
    read_log(path, &log);
    struct text rest = buffer_view(&log), line;
    size_t lines = 0;
    while (text_split(&rest, '\n', &line)) lines += line.length > 0;
    assert_int_equal(lines, 4);
    assert_says(&log, "\"user\":\"eve \\\"\\n\",\"role\":\"engineer\",\"session\":7,\"client\":\"urn:test\","
                      "\"action\":\"call\",\"object\":\"a(1)\",\"outcome\":\"Good\",\"reason\":\"\"}\n");
    assert_says(&log, "Z\",\"action\":\"SafeStateEntered\",\"object\":\"MPS\",\"outcome\":\"Good\",\"reason\":\"a "
                      "\\\"cause\\\"\"}\n");
    remove_folder(folder);
}

static void the_files_are_bounded(void **state) {
    (void)state;
    char folder[64], path[96], old[128], reason[4096];
    make_folder(folder);
    snprintf(path, sizeof path, "%s/audit.log", folder);
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    struct audit *audit = NULL;
    struct problem problem = {0};
    assert_int_equal(audit_open(path, &audit, &problem), ERROR_NONE);
    const size_t much = (AUDIT_FILES_MAX + 2) * (size_t)AUDIT_BYTES_MAX / sizeof reason;
    for (size_t i = 0; i < much; i++) audit_write(audit, &(struct audit_entry){&EVE, "call", "", "Good", reason});
    audit_close(audit);
    struct stat status;
    for (int i = 0; i <= AUDIT_FILES_MAX + 1; i++) {
        snprintf(old, sizeof old, i == 0 ? "%s" : "%s.%d", path, i);
        assert_int_equal(stat(old, &status), i <= AUDIT_FILES_MAX ? 0 : -1);
        if (i <= AUDIT_FILES_MAX) assert_in_range(status.st_size, 1, AUDIT_BYTES_MAX);
    }
    remove_folder(folder);
}

static void a_folder_that_is_not_there(void **state) {
    (void)state;
    struct audit *audit = NULL;
    struct problem problem = {0};
    assert_int_equal(audit_open("/proc/nowhere/audit.log", &audit, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/proc/nowhere/audit.log"));
    assert_null(audit);
}

static void set_direction(struct hand *hand, int32_t direction) {
    struct value value = int32_value(direction);
    hand_call(hand, "mps_conveyor/motor", "setDirection", &value, 1);
}

static void a_station(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand, viewer;
    hand_connect(&hand, line, "operator");
    hand_connect(&viewer, line, "viewer");
    hand_lock(&hand);
    set_direction(&hand, 1);
    set_direction(&hand, 7);
    set_direction(&viewer, 1);
    hand_call(&hand, "mps_conveyor/motor", "getDirection", NULL, 0);
    hand_call(&hand, "Lock", "RenewLock", NULL, 0);
    hand_call(&viewer, "Lock", "RenewLock", NULL, 0);
    line_cut(line);
    while (hand.state != OPCUA_LOST || viewer.state != OPCUA_LOST) line_run(line);
    hand_close(&hand);
    hand_close(&viewer);
    struct hand last;
    hand_connect(&last, line, "engineer");
    hand_await_bool(&last, "Lock/Locked", false);
    hand_close(&last);
    char path[LINE_PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/audit.log", line->folder);
    CLEANUP(buffer_clear) struct buffer log = {0};
    read_log(path, &log);
    assert_says(&log,
                "\"user\":\"operator\",\"role\":\"operator\",\"session\":1,\"client\":\"urn:serverless-plc:client\","
                "\"action\":\"session opened\"");
    assert_says(&log, "\"object\":\"MPS/Lock/InitLock(\\\"test\\\")\",\"outcome\":\"Good\"");
    assert_says(&log, "\"action\":\"LockGranted\"");
    assert_says(&log, "\"object\":\"MPS/mps_conveyor/motor/setDirection(1)\",\"outcome\":\"Good\",\"reason\":\"\"");
    assert_says(&log,
                "\"object\":\"MPS/mps_conveyor/motor/setDirection(7)\",\"outcome\":\"BadOutOfRange\",\"reason\":\"D");
    assert_says(&log, "\"role\":\"viewer\",\"session\":2,\"client\":\"urn:serverless-plc:client\",\"action\":\"call\","
                      "\"object\":\"MPS/mps_conveyor/motor/setDirection(1)\",\"outcome\":\"BadUserAccessDenied\"");
    assert_says(&log, "\"object\":\"MPS/Lock/RenewLock()\",\"outcome\":\"E_NotLocked\"");
    assert_says(&log, "\"action\":\"session disconnected\"");
    assert_says(&log, "\"action\":\"LockLost\"");
    assert_null(strstr(log.data, "getDirection"));
    assert_null(strstr(log.data, "RenewLock()\",\"outcome\":\"Good\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"[opcua-7.1] one JSON object per line, appended, for the owner alone", one_line_each, NULL, NULL, NULL},
        {"[opcua-7.1] the files are bounded", the_files_are_bounded, NULL, NULL, NULL},
        {"a folder that is not there is a problem that names it", a_folder_that_is_not_there, NULL, NULL, NULL},
        {"[opcua-7.1] sessions, calls, refusals and the lock are audited, routine is not", a_station, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests_name("audit", tests, line_make_identities, line_remove_identities);
}
