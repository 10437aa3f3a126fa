// splc policy test
#include "command.h"

#include <base/file.h>
#include <policy/policy.h>

#include <stdio.h>
#include <string.h>

enum { POLICY_FILE_BYTES_MAX = 64 * 1024, VARIABLES_MAX = OPTION_LIST_MAX + 3 };

#define ARN_PREFIX "arn:aws:iot:local:000000000000:"

struct asked {
    struct option_list files, variables;
    const char *action, *resource, *client_id, *prefix;
    bool json, subjects;
};

struct loaded {
    struct policy *policies[OPTION_LIST_MAX];
    size_t count;
};

static void unload(struct loaded *loaded) {
    for (size_t i = 0; i < loaded->count; i++) policy_destroy(loaded->policies[i]);
}

static enum error load(const struct option_list *files, struct loaded *loaded, struct problem *ret_problem) {
    for (size_t i = 0; i < files->count; i++) {
        CLEANUP(buffer_clear) struct buffer bytes = {0};
        enum error error = file_read(files->values[i], POLICY_FILE_BYTES_MAX, &bytes, ret_problem);
        if (error) return error;
        error = policy_parse(buffer_view(&bytes), &loaded->policies[i], ret_problem);
        if (error) return problem_prefix(ret_problem, error, "%s", files->values[i]);
        loaded->count++;
    }
    return ERROR_NONE;
}

/// "NAME=VALUE"; the name is cut off in place, it is argv's.
static enum error read_variables(const struct asked *asked, char names[][64], struct policy_variable *variables,
                                 size_t *ret_count, struct problem *ret_problem) {
    size_t count = 0;
    if (asked->client_id != NULL) {
        struct text id = text_of(asked->client_id);
        variables[count++] = (struct policy_variable){"iot:ClientId", id};
        variables[count++] = (struct policy_variable){"iot:Connection.Thing.ThingName", id};
        variables[count++] = (struct policy_variable){"iot:Connection.Thing.IsAttached", TEXT("true")};
    }
    for (size_t i = 0; i < asked->variables.count; i++) {
        struct text value = text_of(asked->variables.values[i]), name;
        text_split(&value, '=', &name);
        if (name.length == 0 || name.length >= sizeof names[0] || value.data == NULL || value.length == 0)
            return problem_say(ret_problem, ERROR_INVALID, "--variable %s: NAME=VALUE is expected",
                               asked->variables.values[i]);
        snprintf(names[i], sizeof names[0], "%.*s", TEXT_ARG(name));
        variables[count++] = (struct policy_variable){names[i], value};
    }
    *ret_count = count;
    return ERROR_NONE;
}

static void print_decision(const struct asked *asked, const char *resource, struct policy_decision decision) {
    static const char *const words[] = {
        [POLICY_NO_STATEMENT] = "denied", [POLICY_ALLOWED] = "allowed", [POLICY_DENIED] = "denied"};
    const char *word = words[decision.effect];
    if (asked->json) {
        printf("{\"decision\":\"%s\"", decision.effect == POLICY_NO_STATEMENT ? "implicitDeny"
                                       : decision.effect == POLICY_ALLOWED    ? "allowed"
                                                                              : "explicitDeny");
        if (decision.effect != POLICY_NO_STATEMENT)
            printf(",\"policy\":%zu,\"statement\":%zu", decision.policy, decision.statement);
        printf("}\n");
        return;
    }
    if (decision.effect == POLICY_NO_STATEMENT) {
        printf("%s: no statement allows %s on %s\n", word, asked->action, resource);
        return;
    }
    printf("%s by %s, Statement[%zu]", word, asked->files.values[decision.policy], decision.statement);
    if (decision.sid.length > 0) printf(" \"%.*s\"", TEXT_ARG(decision.sid));
    printf("\n");
}

static void print_list(const char *name, const struct policy_subjects *subjects) {
    for (size_t i = 0; i < subjects->count; i++) printf("%s %s\n", name, subjects->items[i]);
}

/// What the broker is told for a connection with these variables.
static int print_subjects(const struct asked *asked, const struct loaded *loaded,
                          const struct policy_context *context) {
    struct policy_permissions permissions;
    if (policy_compile((const struct policy *const *)loaded->policies, loaded->count, asked->prefix, context,
                       &permissions))
        return refuse("out of memory");
    print_list("publish  ", &permissions.publish_allow);
    print_list("publish  not", &permissions.publish_deny);
    print_list("subscribe", &permissions.subscribe_allow);
    print_list("subscribe not", &permissions.subscribe_deny);
    if (permissions.notes.length > 0) fprintf(stderr, "%s", permissions.notes.data);
    policy_permissions_clear(&permissions);
    return EXIT_DONE;
}

static int decide(const struct asked *asked, const struct loaded *loaded, const struct policy_context *context) {
    CLEANUP(buffer_clear) struct buffer resource = {0};
    if (strncmp(asked->resource, "arn:", 4) != 0) buffer_string(&resource, asked->prefix);
    buffer_string(&resource, asked->resource);
    if (resource.failed) return refuse("out of memory");
    struct policy_decision decision = policy_decide((const struct policy *const *)loaded->policies, loaded->count,
                                                    text_of(asked->action), buffer_view(&resource), context);
    print_decision(asked, resource.data, decision);
    return decision.effect == POLICY_ALLOWED ? EXIT_DONE : EXIT_REFUSED;
}

static int answer(const struct asked *asked) {
    struct loaded loaded = {0};
    struct policy_variable variables[VARIABLES_MAX];
    char names[OPTION_LIST_MAX][64];
    struct policy_context context = {variables, 0};
    struct problem problem;
    enum error error = read_variables(asked, names, variables, &context.count, &problem);
    if (error) return refuse_usage("%s", problem.text);
    error = load(&asked->files, &loaded, &problem);
    int status = error             ? refuse("%s", problem.text)
                 : asked->subjects ? print_subjects(asked, &loaded, &context)
                                   : decide(asked, &loaded, &context);
    unload(&loaded);
    return status;
}

static const char *what_is_missing(const struct asked *asked) {
    if (asked->files.count == 0) return "--policy is missing: the file of a policy";
    if (asked->subjects) return NULL;
    if (asked->action == NULL) return "--action is missing: iot:Connect, iot:Publish, iot:Subscribe, iot:Receive ...";
    if (asked->resource == NULL) return "--resource is missing: client/ID, topic/TOPIC, topicfilter/FILTER or an ARN";
    return NULL;
}

static int run_test(int argc, char **argv) {
    struct asked asked = {.prefix = ARN_PREFIX};
    const struct option table[] = {
        {"policy", "FILE", "a policy document; may be given several times; needed", OPTION_LIST, &asked.files},
        {"action", "ACTION", "what is wanted: iot:Publish ...", OPTION_TEXT, &asked.action},
        {"resource", "RESOURCE", "on what: topic/dt/press, client/press, topicfilter/dt/#, or a whole ARN", OPTION_TEXT,
         &asked.resource},
        {"client-id", "ID", "who: client id, and name of the thing that its certificate is attached to", OPTION_TEXT,
         &asked.client_id},
        {"variable", "NAME=VALUE", "another variable: iot:Connection.Thing.ThingTypeName=Press ...", OPTION_LIST,
         &asked.variables},
        {"arn-prefix", "ARN", "with which resources begin; default: " ARN_PREFIX, OPTION_TEXT, &asked.prefix},
        {"subjects", NULL, "print instead what the broker of this client is told to permit", OPTION_FLAG,
         &asked.subjects},
        JSON_OPTION(&asked.json),
    };
    const struct options options = {
        .usage = "splc policy test --policy FILE --action ACTION --resource RESOURCE [OPTIONS]",
        .summary = "May somebody do something, and which statement of the policies of AWS IoT says so?\n"
                   "Needs no plant and no cloud.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc policy test --policy device.json --client-id press \\\n"
                  "        --action iot:Publish --resource 'topic/dt/press/temperature'\n"
                  "    splc policy test --policy device.json --client-id press --subjects\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  allowed\n"
                  "    1  denied, or a policy cannot be read; the reason is told\n"
                  "    2  wrong usage\n",
    };
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, NULL, 0, &count, &problem)) return refuse_usage("%s", problem.text);
    const char *missing = what_is_missing(&asked);
    return missing != NULL ? refuse_usage("%s", missing) : answer(&asked);
}

int command_policy(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "test") == 0) return run_test(argc - 1, argv + 1);
    const struct options options = {
        .usage = "splc policy test --policy FILE --action ACTION --resource RESOURCE [OPTIONS]",
        .summary =
            "Policies say who may connect, publish and subscribe, as in AWS IoT. `splc policy test --help` tells\n"
            "more.",
        .epilog = EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    return count == 0 ? refuse_usage("what with policies? splc policy test")
                      : refuse_usage("there is no \"splc policy %s\"; there is: test", arguments[0]);
}
