// `splc up` with stand-ins for our own programs and a real nats-server.
#include "desk.h"
#include "standin.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/text.h>
#include <json/json.h>
#include <pki/pki.h>
#include <testing/testing.h>

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

// --- what is looked at ---

static void assert_holds(const struct buffer *text, const char *part) {
    if (strstr(text->data, part) == NULL) fail_msg("no \"%s\" in:\n%s", part, text->data);
}

/// The parts one behind the other, with anything between.
static void assert_order(const struct buffer *text, const char *const *parts) {
    const char *at = text->data;
    for (size_t i = 0; at != NULL && parts[i] != NULL; i++) {
        at = strstr(at, parts[i]);
        if (at == NULL) fail_msg("\"%s\" is not where it should be in:\n%s", parts[i], text->data);
    }
}

static struct json_document *last_line(const struct desk *desk) {
    CLEANUP(buffer_clear) struct buffer output = {0};
    desk_read(desk, &output);
    struct text text = text_trim(buffer_view(&output)), line = TEXT_EMPTY, rest = text;
    while (text_split(&rest, '\n', &line)) continue;
    struct json_document *document = NULL;
    struct problem problem;
    const struct json_limits limits = {65536, 8};
    if (json_parse(line, limits, &document, &problem)) fail_msg("%s in %.*s", problem.text, TEXT_ARG(line));
    return document;
}

static int64_t number_at(const struct json_document *document, const char *path) {
    return json_integer(json_path(json_root(document), text_of(path)), -1);
}

/// Processes of this machine whose command line names the desk's data folder.
static unsigned count_processes(const struct desk *desk) {
    char command[512];
    snprintf(command, sizeof command, "grep -lF -- '%s' /proc/[0-9]*/cmdline 2>/dev/null | wc -l", desk->folder);
    FILE *pipe = popen(command, "r");
    unsigned count = 0;
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    return count - 2 > count ? 0 : count - 2; // sh and grep themselves
}

/// Of the last start that the service noted.
static pid_t pid_of(const struct desk *desk, const char *service) {
    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    char begin[64];
    snprintf(begin, sizeof begin, "start %s ", service);
    pid_t pid = 0;
    for (const char *at = notes.data; (at = strstr(at, begin)) != NULL; at++) pid = (pid_t)atoi(at + strlen(begin));
    return pid;
}

static void wait_until_gone(const struct desk *desk) {
    for (int i = 0; i < 2000 && count_processes(desk) > 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(5 * NS_PER_MS)}, NULL);
    }
    assert_int_equal(count_processes(desk), 0);
}

// --- a good run ---

static void a_good_run_ends_with_a_summary_and_status_0(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--for", "1", "--headless", "--sim-press", "none", "--speed", "4", "--seed", "7"));
    assert_int_equal(desk_ends(desk), 0);

    CLEANUP(json_destroy_at) struct json_document *summary = last_line(desk);
    const struct json *root = json_root(summary);
    assert_true(text_is(json_string(json_member(root, "plant")), "mps"));
    double seconds = json_real(json_member(root, "seconds"), 0);
    assert_true(seconds >= 1 && seconds < 10);
    assert_int_equal(number_at(summary, "workpieces/fed"), 9);
    assert_int_equal(number_at(summary, "workpieces/metalSorted"), 3);
    assert_int_equal(number_at(summary, "workpieces/lost"), 0);
    int64_t counted = number_at(summary, "counted/passed");
    assert_true(counted >= 1 && counted < 40); // in this run, not before
    assert_int_equal(number_at(summary, "scan/cycles"), 5000);
    assert_int_equal(number_at(summary, "latency_ms/count"), 12);
    assert_true(json_real(json_path(root, TEXT("latency_ms/p50")), 0) == 3.25);
    assert_true(number_at(summary, "memory_kib/nats-server") > 1000);
    assert_int_equal(number_at(summary, "restarts/gateway"), 0);
    assert_int_equal(json_count(json_member(root, "errors")), 0);

    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    static const char *const stops[] = {"stop api", "stop functions", "stop gateway", "stop twins", "stop edge", NULL};
    assert_order(&notes, stops);
    assert_holds(&notes, "--speed 4 --seed 7 --sim-press none\n");
    assert_int_equal(count_processes(desk), 0);
}

static void every_program_gets_plant_data_folder_and_offset(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    static const char *const programs[][2] = {
        {"edge", ""}, {"twins", " twins"}, {"gateway", " gateway"}, {"functions", " functions"}, {"api", " api"}};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char line[512];
        snprintf(line, sizeof line, "start %s %d%s %s --data %s --port-offset %s\n", programs[i][0],
                 (int)pid_of(desk, programs[i][0]), programs[i][1], desk->plant, desk->data, desk->offset);
        assert_holds(&notes, line);
    }
}

static void the_edge_is_told_what_somebody_does_at_the_panel(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--for", "0.1", "--headless", "--sim-press", "manual", "--sim-press=reset"));
    assert_int_equal(desk_ends(desk), 0);
    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    assert_holds(&notes, " --sim-press manual --sim-press reset\n");
}

static void people_are_told_where_to_look(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--sim-press", "none"));
    assert_true(desk_says(desk, "stop         Ctrl-C"));
    CLEANUP(buffer_clear) struct buffer output = {0};
    desk_read(desk, &output);
    CLEANUP(free_at) char *token_file = testing_path(desk->data, "secrets/api-token");
    CLEANUP(buffer_clear) struct buffer token = {0};
    assert_int_equal(pki_secret_read(token_file, &token, NULL), ERROR_NONE);
    char link[512];
    snprintf(link, sizeof link, "http://127.0.0.1:%d/?token=TOKEN, the token is in %s\n", 8080 + atoi(desk->offset),
             token_file);
    assert_holds(&output, link);
    assert_null(strstr(output.data, token.data)); // the output is a file: a secret is nothing for it
    assert_holds(&output, desk->data);
    kill(desk->pid, SIGINT);
    assert_int_equal(desk_ends(desk), 0);
}

// --- the data folder ---

static void list_files(const struct desk *desk, struct buffer *list) {
    char command[1024];
    snprintf(command, sizeof command,
             "cd '%s' && find pki secrets edge -type f -exec sha256sum {} + | sort && "
             "find . -type f ! -name '*.crt' ! -name '*.der' ! -name client.pem ! -path './nats/jetstream/*' "
             "! -path ./standin -perm /077 -print; find pki -name '*.key*' -perm /077; find . -type d ! -perm 0700 "
             "! -path './nats/jetstream/*'",
             desk->data);
    FILE *pipe = popen(command, "r");
    char bytes[4096];
    for (size_t length; (length = fread(bytes, 1, sizeof bytes, pipe)) > 0;) buffer_append(list, bytes, length);
    assert_int_equal(pclose(pipe), 0);
}

static void a_second_start_changes_no_key(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    CLEANUP(buffer_clear) struct buffer before = {0};
    CLEANUP(buffer_clear) struct buffer after = {0};
    list_files(desk, &before);
    if (before.data == NULL || strstr(before.data, "\n.") != NULL) fail_msg("others may read: %s", before.data);
    desk_up(desk, WORDS("--headless"));
    assert_true(desk_says(desk, "is up after"));
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
    list_files(desk, &after);
    assert_string_equal(before.data, after.data);
}

static void what_is_missing_is_made_again_and_a_lonely_key_is_refused(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    CLEANUP(free_at) char *secret = testing_path(desk->data, "secrets/nats-tool");
    CLEANUP(free_at) char *certificate = testing_path(desk->data, "pki/https.crt");
    assert_int_equal(unlink(secret), 0);
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    assert_true(file_exists(secret));

    assert_int_equal(unlink(certificate), 0);
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 1);
    CLEANUP(buffer_clear) struct buffer output = {0};
    desk_read(desk, &output);
    assert_holds(&output, "pki/https.key is there, but");
    assert_holds(&output, "bring it back, or remove the first and both are made anew");
}

static bool has_line(const struct buffer *before, const struct buffer *after, const char *name) {
    const char *line = strstr(before->data, name);
    assert_non_null(line);
    CLEANUP(free_at) char *copy = text_copy((struct text){line, strcspn(line, "\n") + 1});
    return strstr(after->data, copy) != NULL;
}

static void a_password_that_was_removed_is_made_anew_with_its_users_line(void **state) {
    struct desk *desk = *state;
    CLEANUP(free_at) char *secret = testing_path(desk->data, "secrets/opcua-gateway");
    CLEANUP(free_at) char *users = testing_path(desk->data, "edge/users");
    CLEANUP(buffer_clear) struct buffer before = {0};
    CLEANUP(buffer_clear) struct buffer after = {0};
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    assert_int_equal(file_read(users, 1 << 16, &before, NULL), ERROR_NONE);
    assert_int_equal(unlink(secret), 0);
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    assert_int_equal(file_read(users, 1 << 16, &after, NULL), ERROR_NONE);
    assert_int_equal(access(secret, F_OK), 0);
    assert_int_equal(after.length, before.length);
    assert_false(has_line(&before, &after, "gateway:operator:"));
    assert_true(has_line(&before, &after, "viewer:viewer:"));
    assert_true(has_line(&before, &after, "engineer:engineer:"));
    assert_non_null(strstr(after.data, "gateway:operator:$argon2id$"));
}

static void who_is_taken_out_of_the_trust_list_stays_out(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    CLEANUP(free_at) char *trusted = testing_path(desk->data, "edge/trusted/client.der");
    assert_int_equal(unlink(trusted), 0);
    desk_up(desk, WORDS("--for", "0.1", "--headless"));
    assert_int_equal(desk_ends(desk), 0);
    assert_false(file_exists(trusted));
}

static void a_second_one_on_the_same_folder_is_refused_with_the_first_ones_number(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--headless"));
    assert_true(desk_says(desk, "is up after"));
    CLEANUP(buffer_clear) struct buffer output = {0};
    const char *const again[] = {"up", desk->plant, "--port-offset", "1", NULL};
    assert_int_equal(desk_run(desk, again, &output), 1);
    char message[160];
    snprintf(message, sizeof message, "the data folder is in use by another `splc up`, process %d: stop that one",
             (int)desk->pid);
    assert_holds(&output, message);
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
}

// --- what goes wrong before the start ---

static void a_port_in_use_is_named_with_interface_and_remedy(void **state) {
    struct desk *desk = *state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = (uint16_t)(8883 + atoi(desk->offset));
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    desk_up(desk, WORDS("--headless", "--for", "1"));
    assert_int_equal(desk_ends(desk), 1);
    close(fd);
    CLEANUP(buffer_clear) struct buffer output = {0};
    desk_read(desk, &output);
    char message[160];
    snprintf(message, sizeof message,
             "splc: port %u on 127.0.0.1 is in use by another program, device MQTT (nats-server) needs it: stop that "
             "program, or add to every port with --port-offset N",
             port);
    assert_holds(&output, message);
    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    assert_string_equal(notes.data, ""); // nothing was started
}

struct refusal {
    const char *name;
    const char *const *words;
    int status;
    const char *message;
};

static const struct refusal refusals[] = {
    {"a word that nobody can press is refused", (const char *const[]){"--sim-press", "stat", NULL}, 2,
     "splc: option --sim-press: \"stat\" is unknown (did you mean start?); see splc up --help"},
    {"a speed of nothing is refused", (const char *const[]){"--speed", "0", NULL}, 2,
     "splc: option --speed: \"0\" is not a number above 0, up to 1000"},
    {"a seed that is no number is refused", (const char *const[]){"--seed", "x", NULL}, 2,
     "splc: option --seed: \"x\" is not a whole number from 1 to 4294967295"},
    {"an unknown option is refused", (const char *const[]){"--sed", "1", NULL}, 2, "unknown option --sed"},
    {"a second plant is refused", (const char *const[]){"other", NULL}, 2, "unexpected argument \"other\""},
};

static void check_refusal(void **state) {
    void *opened;
    const struct refusal *refusal = *state;
    assert_int_equal(desk_open(&opened), 0);
    struct desk *desk = opened;
    desk_up(desk, refusal->words);
    int status = desk_ends(desk);
    CLEANUP(buffer_clear) struct buffer output = {0};
    desk_read(desk, &output);
    desk_close(&opened);
    assert_int_equal(status, refusal->status);
    assert_holds(&output, refusal->message);
}

// --- what goes wrong later ---

static void a_service_that_cannot_start_is_told_with_its_last_words_and_the_rest_runs(void **state) {
    struct desk *desk = *state;
    setenv("STANDIN_gateway", "fail", 1);
    desk_up(desk, WORDS("--headless"));
    unsetenv("STANDIN_gateway");
    assert_true(desk_says(desk, "its log:"));
    assert_true(desk_says(desk, "gateway restarting"));
    CLEANUP(buffer_clear) struct buffer output = {0};
    desk_read(desk, &output);
    static const char *const story[] = {"gateway ended with exit status 3 before it was ready; its last words:\n",
                                        "    | reading the recipe\n",
                                        "    | the recipe is torn: glue it\n",
                                        "    it is started again by itself; its log: ",
                                        "log/gateway.log\n",
                                        NULL};
    assert_order(&output, story);
    CLEANUP(buffer_clear) struct buffer notes = {0};
    do desk_notes(desk, &notes);
    while (strstr(notes.data, "start api") == NULL || strstr(notes.data, "start functions") == NULL);
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
    desk_read(desk, &output);
    const char *first = strstr(output.data, "exit status 3");
    assert_null(strstr(first + 1, "exit status 3")); // told once, though it failed several times
}

static void a_run_with_a_service_that_fails_ends_with_status_1_and_the_reason(void **state) {
    struct desk *desk = *state;
    setenv("STANDIN_twins", "fail", 1);
    desk_up(desk, WORDS("--headless", "--for", "0.1"));
    unsetenv("STANDIN_twins");
    assert_int_equal(desk_ends(desk), 1);
    CLEANUP(json_destroy_at) struct json_document *summary = last_line(desk);
    const struct json *error = json_element(json_member(json_root(summary), "errors"), 0);
    assert_true(text_is(json_string(error), "twins does not run: ended with exit status 3"));
    assert_true(number_at(summary, "restarts/twins") >= 3);
}

static void a_killed_service_is_started_again_and_counted(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--headless", "--speed", "2", "--sim-press", "start"));
    assert_true(desk_says(desk, "mps: run, producing"));
    pid_t edge = pid_of(desk, "edge");
    assert_true(edge > 0);
    kill(edge, SIGKILL);
    assert_true(desk_says(desk, "edge was ended by signal 9 (Killed)"));
    CLEANUP(buffer_clear) struct buffer notes = {0};
    const char *second;
    do {
        desk_notes(desk, &notes);
        second = strstr(strstr(notes.data, "start edge") + 1, "start edge");
    } while (second == NULL);
    static const char *const starts[] = {"--speed 2 --sim-press start\n", "start edge", "--speed 2 --sim-press none\n",
                                         NULL};
    assert_order(&notes, starts); // nobody's hands are repeated
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
    assert_int_equal(count_processes(desk), 0);

    CLEANUP(free_at) char *path = testing_path(desk->data, "log/up.log");
    CLEANUP(buffer_clear) struct buffer record = {0};
    assert_int_equal(file_read(path, 65536, &record, NULL), ERROR_NONE);
    static const char *const story[] = {"Z starting\n", "Z everything is ready\n",
                                        "Z edge was ended by signal 9 (Killed)\n", "Z stopping\n", NULL};
    assert_order(&record, story);
}

static void append_to_site(const struct desk *desk, const char *text) {
    CLEANUP(free_at) char *path = testing_path(desk->plant, "site.yaml");
    FILE *file = fopen(path, "ae");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void a_service_that_gives_no_sign_of_life_is_killed_and_started_again(void **state) {
    struct desk *desk = *state;
    append_to_site(desk, "supervision: {silence: 2}\n");
    desk_up(desk, WORDS("--headless"));
    assert_true(desk_says(desk, "is up after"));
    pid_t gateway = pid_of(desk, "gateway"), edge = pid_of(desk, "edge");
    kill(gateway, SIGSTOP);
    kill(edge, SIGSTOP);
    assert_true(
        desk_says(desk, "gateway gave no sign of life for 2 s and was killed\n    it is started again by itself; "));
    assert_true(desk_says(desk,
                          "edge gave no sign of life for 2 s and was killed\n    it is started again by itself: its "
                          "outputs then are in their safe state, and nothing moves before somebody presses start; "));
    for (int i = 0; i < 4000 && (pid_of(desk, "gateway") == gateway || pid_of(desk, "edge") == edge); i++) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(5 * NS_PER_MS)}, NULL);
    }
    assert_true(pid_of(desk, "gateway") != gateway);
    assert_true(pid_of(desk, "edge") != edge);
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
}

static void a_service_that_refuses_its_configuration_waits_until_a_file_has_changed(void **state) {
    struct desk *desk = *state;
    setenv("STANDIN_edge", "choosy", 1);
    desk_up(desk, WORDS("--headless"));
    unsetenv("STANDIN_edge");
    assert_true(desk_says(desk,
                          "edge cannot run as things are (exit status 78); its last words:\n"
                          "    | the key is rusty: file it\n"
                          "    mend what it says: it is started again when a file of the plant or of the data folder "
                          "has changed; "));
    assert_true(desk_says(desk, "edge waits to be mended"));
    pid_t first = pid_of(desk, "edge");
    CLEANUP(free_at) char *mended = testing_path(desk->data, "pki/mended");
    assert_int_equal(file_write(mended, TEXT("smooth"), 0600, NULL), ERROR_NONE);
    assert_true(desk_says(desk, "is up after"));
    assert_true(pid_of(desk, "edge") != first);
    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    const char *second = strstr(strstr(notes.data, "start edge") + 1, "start edge");
    assert_non_null(second);
    assert_null(strstr(second + 1, "start edge")); // not tried in between
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
}

static void a_missing_program_is_named(void **state) {
    struct desk *desk = *state;
    CLEANUP(free_at) char *edge = testing_path(desk->programs, "splc-edge");
    assert_int_equal(unlink(edge), 0);
    desk_up(desk, WORDS("--headless"));
    assert_true(desk_says(desk, "splc-edge: cannot be executed: No such file or directory"));
    assert_true(desk_says(desk, "build and install the whole project"));
    kill(desk->pid, SIGTERM);
    assert_int_equal(desk_ends(desk), 0);
}

// --- the end ---

static void a_second_signal_stops_those_that_do_not_listen(void **state) {
    struct desk *desk = *state;
    setenv("STANDIN_functions", "deaf", 1);
    desk_up(desk, WORDS("--headless"));
    unsetenv("STANDIN_functions");
    assert_true(desk_says(desk, "is up after"));
    kill(desk->pid, SIGTERM);
    assert_true(desk_says(desk, "stopping"));
    kill(desk->pid, SIGTERM);
    uint64_t start_ns = clock_monotonic_ns();
    assert_int_equal(desk_ends(desk), 0);
    assert_true(clock_monotonic_ns() - start_ns < 4 * NS_PER_S); // not the 5 s of patience
    assert_int_equal(count_processes(desk), 0);
}

static void nobody_survives_the_death_of_splc(void **state) {
    struct desk *desk = *state;
    desk_up(desk, WORDS("--headless"));
    assert_true(desk_says(desk, "is up after"));
    assert_true(count_processes(desk) >= 6);
    kill(desk->pid, SIGKILL);
    assert_int_equal(desk_ends(desk), -SIGKILL);
    wait_until_gone(desk);
}

#define DESK_TEST(function) cmocka_unit_test_setup_teardown(function, desk_open, desk_close)

int main(int argc, char **argv) {
    int status;
    if (standin_ran(argc, argv, &status)) return status;
    static const struct CMUnitTest plain[] = {
        DESK_TEST(a_good_run_ends_with_a_summary_and_status_0),
        DESK_TEST(every_program_gets_plant_data_folder_and_offset),
        DESK_TEST(the_edge_is_told_what_somebody_does_at_the_panel),
        DESK_TEST(people_are_told_where_to_look),
        DESK_TEST(a_second_start_changes_no_key),
        DESK_TEST(what_is_missing_is_made_again_and_a_lonely_key_is_refused),
        DESK_TEST(a_password_that_was_removed_is_made_anew_with_its_users_line),
        DESK_TEST(who_is_taken_out_of_the_trust_list_stays_out),
        DESK_TEST(a_second_one_on_the_same_folder_is_refused_with_the_first_ones_number),
        DESK_TEST(a_port_in_use_is_named_with_interface_and_remedy),
        DESK_TEST(a_service_that_cannot_start_is_told_with_its_last_words_and_the_rest_runs),
        DESK_TEST(a_run_with_a_service_that_fails_ends_with_status_1_and_the_reason),
        DESK_TEST(a_killed_service_is_started_again_and_counted),
        DESK_TEST(a_service_that_gives_no_sign_of_life_is_killed_and_started_again),
        DESK_TEST(a_service_that_refuses_its_configuration_waits_until_a_file_has_changed),
        DESK_TEST(a_missing_program_is_named),
        DESK_TEST(a_second_signal_stops_those_that_do_not_listen),
        DESK_TEST(nobody_survives_the_death_of_splc),
    };
    enum { REFUSALS = sizeof refusals / sizeof *refusals };
    struct CMUnitTest tests[REFUSALS];
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[i] = (struct CMUnitTest){refusals[i].name, check_refusal, NULL, NULL, (void *)(uintptr_t)&refusals[i]};
    }
    int failed = cmocka_run_group_tests_name("splc up", plain, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
