#include "suite.h"

#include <base/log.h>
#include <base/text.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// Standard error becomes a socket that keeps the bounds of every write: what one recv gives is what one write gave.
struct capture {
    int before, reader;
};

static struct capture capture_begin(void) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) abort();
    struct capture capture = {.before = dup(STDERR_FILENO), .reader = sockets[0]};
    dup2(sockets[1], STDERR_FILENO);
    close(sockets[1]);
    return capture;
}

/// The next write; false when there was none.
static bool capture_next(const struct capture *capture, char *line, size_t capacity) {
    ssize_t got = recv(capture->reader, line, capacity - 1, MSG_DONTWAIT);
    if (got <= 0) return false;
    line[got] = '\0';
    return true;
}

/// Before any assertion: cmocka tells of failures on standard error.
static void capture_end(const struct capture *capture) {
    dup2(capture->before, STDERR_FILENO);
    close(capture->before);
}

static void open_log(const char *program, const char *level) {
    if (level == NULL)
        unsetenv("SPLC_LOG");
    else
        setenv("SPLC_LOG", level, 1);
    log_open(program);
}

static bool has_time(const char *line) {
    return text_matches((struct text){line, 25}, TEXT("20*-*-*T*:*:*.*Z ")); // `??-` would be a trigraph
}

static void a_line_is_one_write_and_tells_time_program_and_level(void **state) {
    (void)state;
    open_log("splc-fog", NULL);
    struct capture capture = capture_begin();
    log_warning("station %d: %s", 3, "twin not updated");
    char line[4096] = "", more[64];
    bool one = capture_next(&capture, line, sizeof line);
    bool two = capture_next(&capture, more, sizeof more);
    capture_end(&capture);
    close(capture.reader);
    assert_true(one);
    assert_false(two);
    assert_true(has_time(line));
    assert_string_equal(line + 25, "splc-fog warning: station 3: twin not updated\n");
}

static const struct level_case {
    const char *name;
    const char *environment;
    int lines; // of one each: error, warning, info, debug
} level_cases[] = {
    {"without a variable info and above are told", NULL, 3},
    {"an empty variable is none", "", 3},
    {"error tells errors", "error", 1},
    {"warning tells two levels", "warning", 2},
    {"info tells three", "info", 3},
    {"debug tells all", "debug", 4},
};

static void check_level(void **state) {
    const struct level_case *c = *state;
    open_log("splc-fog", c->environment);
    struct capture capture = capture_begin();
    log_error("line");
    log_warning("line");
    log_info("line");
    log_debug("line");
    int lines = 0;
    char line[4096];
    while (capture_next(&capture, line, sizeof line)) lines++;
    capture_end(&capture);
    close(capture.reader);
    assert_int_equal(lines, c->lines);
}

static void an_unknown_level_is_told(void **state) {
    (void)state;
    struct capture capture = capture_begin();
    open_log("splc-fog", "loud");
    char line[4096] = "";
    bool told = capture_next(&capture, line, sizeof line);
    capture_end(&capture);
    close(capture.reader);
    assert_true(told);
    assert_non_null(strstr(line, "SPLC_LOG=loud"));
}

static void text_from_outside_cannot_forge_a_line(void **state) {
    (void)state;
    open_log("splc-fog", NULL);
    struct capture capture = capture_begin();
    log_info("user %s", "eve\n2026-11-22T15:00:00.123Z splc-fog info: user admin\x1b[1A");
    char line[4096] = "";
    bool told = capture_next(&capture, line, sizeof line);
    capture_end(&capture);
    close(capture.reader);
    assert_true(told);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_null(strchr(line, '\x1b'));
}

static void an_endless_line_is_cut_and_ends(void **state) {
    (void)state;
    static char endless[100000];
    memset(endless, 'x', sizeof endless - 1);
    open_log("splc-fog", NULL);
    struct capture capture = capture_begin();
    log_info("%s", endless);
    char line[4096] = "";
    bool told = capture_next(&capture, line, sizeof line);
    capture_end(&capture);
    close(capture.reader);
    assert_true(told);
    assert_int_equal(strlen(line), 2047);
    assert_int_equal(line[2046], '\n');
}

static void errno_is_printed_and_kept(void **state) {
    (void)state;
    open_log("splc-fog", NULL);
    struct capture capture = capture_begin();
    errno = ENOENT;
    log_info("%m");
    int kept = errno;
    char line[4096] = "";
    bool told = capture_next(&capture, line, sizeof line);
    capture_end(&capture);
    close(capture.reader);
    assert_true(told);
    assert_int_equal(kept, ENOENT);
    assert_non_null(strstr(line, "No such file"));
}

enum { THREADS = 4, LINES_OF_A_THREAD = 25 };

static void *log_lines(void *context) {
    for (int i = 0; i < LINES_OF_A_THREAD; i++) log_info("thread %s line", (const char *)context);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state) {
    (void)state;
    open_log("splc-fog", NULL);
    struct capture capture = capture_begin();
    pthread_t threads[THREADS];
    static char name[] = "of some name";
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, log_lines, name);
    int whole = 0;
    char line[4096];
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    while (capture_next(&capture, line, sizeof line))
        whole += text_ends_with(text_of(line), TEXT("splc-fog info: thread of some name line\n"));
    capture_end(&capture);
    close(capture.reader);
    assert_int_equal(whole, THREADS * LINES_OF_A_THREAD);
}

static void without_a_reader_nothing_happens(void **state) {
    (void)state;
    open_log("splc-fog", NULL);
    int before = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    log_error("to nobody");
    dup2(before, STDERR_FILENO);
    close(before);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, a_line_is_one_write_and_tells_time_program_and_level);
    SUITE_TABLE(&suite, level_cases, check_level);
    SUITE_TEST(&suite, an_unknown_level_is_told);
    SUITE_TEST(&suite, text_from_outside_cannot_forge_a_line);
    SUITE_TEST(&suite, an_endless_line_is_cut_and_ends);
    SUITE_TEST(&suite, errno_is_printed_and_kept);
    SUITE_TEST(&suite, lines_of_threads_do_not_mix);
    SUITE_TEST(&suite, without_a_reader_nothing_happens);
    return SUITE_RUN(&suite);
}
