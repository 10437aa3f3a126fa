// splc rule test
#include "command.h"

#include <base/clock.h>
#include <base/file.h>
#include <rule/rule.h>

#include <stdio.h>
#include <string.h>

struct test_options {
    const char *topic, *payload, *client_id;
    bool json;
};

static enum error load(const char *path, struct buffer *payload, struct problem *ret_problem) {
    if (strcmp(path, "-") != 0) return file_read(path, RULE_PAYLOAD_BYTES_MAX, payload, ret_problem);
    char bytes[4096];
    for (size_t length; (length = fread(bytes, 1, sizeof bytes, stdin)) > 0;) {
        if (payload->length + length > RULE_PAYLOAD_BYTES_MAX)
            return problem_say(ret_problem, ERROR_TOO_LARGE, "the message has more than %d bytes",
                               RULE_PAYLOAD_BYTES_MAX);
        buffer_append(payload, bytes, length);
    }
    return ferror(stdin) || payload->failed
               ? problem_say(ret_problem, ERROR_IO, "the message cannot be read from standard input")
               : ERROR_NONE;
}

static int print_result(struct text sql, const struct rule_message *message, const struct test_options *options) {
    CLEANUP(rule_destroy_at) struct rule *rule = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct problem problem;
    bool selected = false;
    if (rule_parse(sql, &rule, &problem)) return refuse("the rule: %s", problem.text);
    if (!rule_takes(rule, message->topic)) {
        if (options->json) printf("{\"selected\":false,\"reason\":\"topic\"}\n");
        return refuse("not selected: the filter '%.*s' does not take the topic '%s'", TEXT_ARG(rule_filter(rule)),
                      options->topic);
    }
    if (rule_run(rule, message, &out, &selected, &problem)) return refuse("%s", problem.text);
    if (!selected) {
        if (options->json) printf("{\"selected\":false,\"reason\":\"where\"}\n");
        return refuse("not selected: WHERE does not hold for this message");
    }
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
    return fflush(stdout) == 0 ? EXIT_DONE : refuse("standard output cannot be written");
}

static int run_test(int argc, char **argv) {
    struct test_options given = {.payload = "-", .client_id = ""};
    const struct option table[] = {
        {"topic", "TOPIC", "topic of the message; needed", OPTION_TEXT, &given.topic},
        {"payload", "FILE", "the message; default: standard input (-)", OPTION_TEXT, &given.payload},
        {"client-id", "ID", "client id of the device that sent it, for clientid()", OPTION_TEXT, &given.client_id},
        {"json", NULL, "say also as JSON when the message is not selected, for programs", OPTION_FLAG, &given.json},
    };
    const struct options options = {
        .usage = "splc rule test SQL --topic TOPIC [OPTIONS]",
        .summary = "Runs a rule, in the SQL of AWS IoT (2016-03-23), on one message and prints what becomes of it.\n"
                   "Needs no plant and no cloud.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    echo '{\"t\": 81.5}' | splc rule test --topic dt/press \\\n"
                  "        \"SELECT t, topic(2) AS thing FROM 'dt/+' WHERE t > 80\"\n"
                  "    splc rule test --topic dt/press --payload message.json \"$(cat rule.sql)\"\n"
                  "\n"
                  "SEE ALSO\n"
                  "    docs/spec/rules.md: the language\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  selected: the result is on standard output\n"
                  "    1  not selected, or the rule cannot be read; the reason is on standard error\n"
                  "    2  wrong usage\n",
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    if (count == 0) return refuse_usage("the rule is missing: splc rule test \"SELECT ... FROM '...'\" --topic TOPIC");
    if (given.topic == NULL) return refuse_usage("--topic is missing: the topic on which the message came");
    CLEANUP(buffer_clear) struct buffer payload = {0};
    if (load(given.payload, &payload, &problem)) return refuse("%s", problem.text);
    struct text bytes = buffer_view(&payload);
    if (text_ends_with(bytes, TEXT("\n"))) bytes.length--; // of echo and editors, not of the message
    const struct rule_message message = {.topic = text_of(given.topic),
                                         .payload = bytes,
                                         .time_ms = clock_wall_ns() / NS_PER_MS,
                                         .client_id = text_of(given.client_id)};
    return print_result(text_of(arguments[0]), &message, &given);
}

int command_rule(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "test") == 0) return run_test(argc - 1, argv + 1);
    const struct options options = {
        .usage = "splc rule test SQL --topic TOPIC [OPTIONS]",
        .summary =
            "Rules select messages, and say what becomes of them, in the SQL of AWS IoT. `splc rule test --help`\n"
            "tells more.",
        .epilog = EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    return count == 0 ? refuse_usage("what with rules? splc rule test")
                      : refuse_usage("there is no \"splc rule %s\"; there is: test", arguments[0]);
}
