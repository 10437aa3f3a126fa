// The HTTP interface against a real bus, with twin service and gateway played by the test.
#include "world.h"

#include <json/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int start(void **state) {
    *state = world_start();
    return 0;
}

static int stop(void **state) {
    world_stop(*state);
    return 0;
}

static void assert_answer(const struct http_result *result, int status, const char *body) {
    if (result->status != status || !text_is(buffer_view(&result->body), body))
        fail_msg("status %d, body: %s", result->status, result->body.data);
}

static void assert_type(const struct http_result *result, const char *type) {
    assert_true(text_is(http_result_header(result, "x-amzn-errortype"), type));
}

static bool has(const struct http_result *result, const char *part) {
    return result->body.data != NULL && strstr(result->body.data, part) != NULL;
}

// ---------------------------------------------------------------- data plane

static void a_shadow_is_read_changed_and_deleted(void **state) {
    assert_answer(world_call(*state, "GET", "/things/mps_conveyor/shadow", NULL), 200,
                  "{\"state\":{\"reported\":{\"a\":1}},\"metadata\":{},\"version\":7,\"timestamp\":1}");
    assert_true(has(world_call(*state, "GET", "/things/mps_conveyor/shadow?name=status", NULL), "\"version\":2"));
    assert_true(has(world_call(*state, "POST", "/things/mps_conveyor/shadow", "{}"), "\"version\":8"));
    assert_answer(world_call(*state, "DELETE", "/things/mps_conveyor/shadow", NULL), 200,
                  "{\"version\":8,\"timestamp\":3}");
}

static void a_rejection_has_the_shape_of_aws(void **state) {
    const struct http_result *result = world_call(*state, "GET", "/things/nothing/shadow", NULL);
    assert_answer(result, 404, "{\"message\":\"No shadow exists with name: 'x'\"}");
    assert_type(result, "ResourceNotFoundException");
    result = world_call(*state, "POST", "/things/mps_conveyor/shadow", "\"refuse\"");
    assert_answer(result, 400, "{\"message\":\"Missing required node: state\"}");
    assert_type(result, "InvalidRequestException");
}

static void wrong_names_and_methods_are_refused(void **state) {
    static const char *const paths[] = {"/things//shadow",
                                        "/things/a.b/shadow",
                                        "/things/a%2Fb/shadow",
                                        "/things/a*/shadow",
                                        "/things/%3E/shadow",
                                        "/things/a/shadow?name=",
                                        "/things/a/shadow?name=a.b",
                                        "/api/things/shadow/ListNamedShadowsForThing/a?pageSize=101",
                                        "/api/things/shadow/ListNamedShadowsForThing/a?pageSize=0",
                                        "/api/things/shadow/ListNamedShadowsForThing/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const struct http_result *result = world_call(*state, "GET", paths[i], NULL);
        if (result->status != 400) fail_msg("%s: %d %s", paths[i], result->status, result->body.data);
    }
    const struct http_result *result = world_call(*state, "PUT", "/things/mps_conveyor/shadow", "{}");
    assert_int_equal(result->status, 405);
    assert_type(result, "MethodNotAllowedException");
}

static void named_shadows_are_listed(void **state) {
    assert_answer(world_call(*state, "GET", "/api/things/shadow/ListNamedShadowsForThing/mps_conveyor", NULL), 200,
                  "{\"results\":[\"status\"],\"timestamp\":1}");
    assert_answer(world_call(*state, "GET",
                             "/api/things/shadow/ListNamedShadowsForThing/mps_conveyor?pageSize=1&nextToken=a", NULL),
                  200, "{\"results\":[],\"timestamp\":1}");
}

// ---------------------------------------------------------------- access

static void without_a_token_nothing_is_told(void **state) {
    static const char *const paths[] = {
        "/v1/plant",   "/v1/things", "/v1/status", "/v1/events", "/things/mps_conveyor/shadow",
        "/console.js", "/nowhere"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const struct http_result *result = world_call_with(*state, "GET", paths[i], NULL, NULL);
        assert_int_equal(result->status, 401);
        assert_type(result, "UnauthorizedException");
    }
    static const char *const wrong[] = {"Authorization: Bearer wrong", NULL};
    assert_int_equal(world_call_with(*state, "GET", "/v1/plant", NULL, wrong)->status, 401);
    static const char *const empty[] = {"Authorization: Bearer ", "Cookie: splc_0=", NULL};
    assert_int_equal(world_call_with(*state, "GET", "/v1/plant", NULL, empty)->status, 401);
}

static void the_root_without_a_token_is_the_login_page(void **state) {
    const struct http_result *result = world_call_with(*state, "GET", "/", NULL, NULL);
    assert_int_equal(result->status, 401);
    assert_true(text_starts_with(http_result_header(result, "Content-Type"), TEXT("text/html")));
    assert_int_equal(world_call_with(*state, "GET", "/login.css", NULL, NULL)->status, 200);
}

static void log_in(struct world *world, char *header, size_t bytes) {
    char path[128];
    snprintf(path, sizeof path, "/?token=%s", world_token);
    const struct http_result *result = world_call_with(world, "GET", path, NULL, NULL);
    assert_int_equal(result->status, 303);
    assert_true(text_is(http_result_header(result, "Location"), "/"));
    struct text cookie = http_result_header(result, "Set-Cookie");
    assert_non_null(memmem(cookie.data, cookie.length, "; HttpOnly; SameSite=Strict", 27));
    struct text pair;
    assert_true(text_split(&cookie, ';', &pair));
    snprintf(header, bytes, "Cookie: %.*s", TEXT_ARG(pair));
}

static void the_login_link_sets_a_cookie(void **state) {
    char cookie[256];
    log_in(*state, cookie, sizeof cookie);
    const char *const headers[] = {cookie, NULL};
    assert_int_equal(world_call_with(*state, "GET", "/v1/things", NULL, headers)->status, 200);
    assert_int_equal(world_call_with(*state, "GET", "/", NULL, headers)->status, 200);
    assert_int_equal(world_call_with(*state, "GET", "/?token=wrong", NULL, NULL)->status, 401);
    assert_int_equal(world_call_with(*state, "GET", "/?token=wrong", NULL, headers)->status, 401);
    assert_int_equal(world_call_with(*state, "GET", "/v1/things?token=a-token-of-the-test", NULL, NULL)->status, 401);
}

static void a_change_with_the_cookie_must_come_from_the_same_origin(void **state) {
    char cookie[256], own[64], other_port[64];
    log_in(*state, cookie, sizeof cookie);
    snprintf(own, sizeof own, "Origin: http://127.0.0.1:%u", world_port(*state));
    snprintf(other_port, sizeof other_port, "Origin: http://127.0.0.1:%u", world_port(*state) + 1u);
    const char *const good[] = {cookie, own, NULL};
    const char *const missing[] = {cookie, NULL};
    const char *const null[] = {cookie, "Origin: null", NULL};
    const char *const foreign[] = {cookie, "Origin: http://evil.example", NULL};
    const char *const other[] = {cookie, other_port, NULL};
    const char *path = "/things/mps_conveyor/shadow";
    assert_int_equal(world_call_with(*state, "POST", path, "{}", good)->status, 200);
    assert_int_equal(world_call_with(*state, "POST", path, "{}", missing)->status, 403);
    assert_int_equal(world_call_with(*state, "POST", path, "{}", null)->status, 403);
    assert_int_equal(world_call_with(*state, "DELETE", path, NULL, foreign)->status, 403);
    assert_int_equal(world_call_with(*state, "POST", path, "{}", other)->status, 403);
    assert_type(world_call_with(*state, "POST", path, "{}", other), "ForbiddenException");
}

// ---------------------------------------------------------------- console

static void the_console_is_served_with_a_strict_policy(void **state) {
    const struct http_result *result = world_call(*state, "GET", "/", NULL);
    assert_int_equal(result->status, 200);
    assert_true(text_starts_with(http_result_header(result, "Content-Security-Policy"), TEXT("default-src 'self';")));
    assert_true(text_is(http_result_header(result, "X-Frame-Options"), "DENY"));
    assert_true(text_is(http_result_header(result, "X-Content-Type-Options"), "nosniff"));
    result = world_call(*state, "GET", "/console.js", NULL);
    assert_true(text_starts_with(http_result_header(result, "Content-Type"), TEXT("text/javascript")));
    char known[64];
    struct text etag = http_result_header(result, "ETag");
    snprintf(known, sizeof known, "If-None-Match: %.*s", TEXT_ARG(etag));
    const char *const headers[] = {"Authorization: Bearer a-token-of-the-test", known, NULL};
    assert_answer(world_call_with(*state, "GET", "/console.js", NULL, headers), 304, "");
    assert_int_equal(world_call(*state, "GET", "/../etc/passwd", NULL)->status, 404);
    assert_int_equal(world_call(*state, "POST", "/console.js", "{}")->status, 404);
}

// ---------------------------------------------------------------- picture and status

static void the_picture_comes_from_the_model(void **state) {
    const struct http_result *result = world_call(*state, "GET", "/v1/plant", NULL);
    assert_int_equal(result->status, 200);
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(buffer_view(&result->body), (struct json_limits){1 << 20, 32}, &document, NULL), 0);
    const struct json *root = json_root(document);
    assert_int_equal(json_integer(json_path(root, TEXT("station/width")), 0), 1200);
    assert_true(text_is(json_string(json_path(root, TEXT("station/displayName/de"))), "MPS-Station"));
    assert_int_equal(json_count(json_member(root, "things")), 5);
    const struct json *conveyor = json_element(json_member(root, "things"), 0);
    assert_true(text_is(json_string(json_member(conveyor, "symbol")), "belt"));
    assert_int_equal(json_count(json_member(conveyor, "modules")), 4);
    const struct json *motor = json_element(json_member(conveyor, "modules"), 1);
    assert_true(text_is(json_string(json_member(motor, "role")), "Motor"));
    const struct json *right = json_element(json_member(motor, "signals"), 0);
    assert_true(text_is(json_string(json_member(right, "path")), "motor/direction/right/state"));
    assert_true(text_is(json_string(json_member(right, "channel")), "O_9"));
    assert_true(has(result, "\"path\":\"actuator_start/indicator/state\""));
    assert_true(has(result, "\"path\":\"ScanCycles\""));
    assert_true(has(result, "\"functionThings\":[\"mps_automatic\"],\"simulation\":\"mps_simulation\""));
}

static void the_things_are_listed(void **state) {
    const struct http_result *result = world_call(*state, "GET", "/v1/things", NULL);
    assert_true(has(
        result,
        "{\"name\":\"mps_hmi\",\"type\":\"hmi\",\"displayName\":{\"en\":\"Operator panel\",\"de\":\"Bedienpanel\"}}"));
    assert_int_equal(world_call(*state, "DELETE", "/v1/things", NULL)->status, 405);
}

static void a_service_that_never_spoke_is_down(void **state) {
    const struct http_result *result = world_call(*state, "GET", "/v1/status", NULL);
    assert_true(has(result, "\"plant\":\"mps\""));
    assert_true(has(result, "{\"service\":\"functions\",\"state\":\"down\",\"reason\":\"has not reported yet\"}"));
}

static void without_the_bus_the_api_says_so_and_comes_back(void **state) {
    static const char *const lost[] = {
        "\"service\":\"api\",\"tier\":\"fog\",\"state\":\"degraded\",\"reason\":\"the bus is not connected",
        "\"service\":\"gateway\",\"state\":\"down\",\"reason\":\"does not report any more\"", NULL};
    world_kill_bus(*state);
    world_expect_events(*state, "/v1/events", lost, NULL);
    const struct http_result *result = world_call(*state, "GET", "/things/mps_conveyor/shadow", NULL);
    assert_int_equal(result->status, 503);
    assert_type(result, "ServiceUnavailableException");
    world_restart_bus(*state);
    world_wait_connected(*state);
    assert_int_equal(world_call(*state, "GET", "/things/mps_conveyor/shadow", NULL)->status, 200);
}

// ---------------------------------------------------------------- events

static void update_twice(struct world *world) {
    assert_int_equal(world_call(world, "POST", "/things/mps_hmi/shadow", "{\"n\":1}")->status, 200);
    assert_int_equal(world_call(world, "POST", "/things/mps_conveyor/shadow", "{\"n\":2}")->status, 200);
}

static void a_stream_begins_with_the_current_twins_and_goes_on_with_changes(void **state) {
    static const char *const wanted[] = {
        "data: "
        "{\"thing\":\"mps_conveyor\",\"document\":{\"previous\":null,\"current\":{\"state\":{\"reported\":{\"a\":1}}",
        "data: {\"thing\":\"mps_hmi\",\"document\":{\"previous\":null,\"current\":{\"state\":{\"n\":1}",
        "data: {\"thing\":\"mps_conveyor\",\"document\":{\"previous\":null,\"current\":{\"state\":{\"n\":2}", NULL};
    world_expect_events(*state, "/v1/events", wanted, update_twice);
}

static void named_shadows_come_with_their_name(void **state) {
    static const char *const wanted[] = {
        "data: {\"thing\":\"mps_conveyor\",\"shadow\":\"status\",\"document\":{\"previous\":null", NULL};
    world_expect_events(*state, "/v1/events", wanted, NULL);
}

static void a_stream_of_one_thing_has_no_other_twins(void **state) {
    static const char *const begun[] = {"data: {\"thing\":\"mps_conveyor\",\"document\"", NULL};
    world_expect_events(*state, "/v1/events", begun, NULL);
    static const char *const wanted[] = {"\"thing\":\"", "\"n\":2", NULL};
    world_expect_events(*state, "/v1/events?thing=mps_conveyor", wanted, update_twice);
}

static void change_in_silence(struct world *world) {
    const char *command = "{\"method\":\"change in silence\"}";
    assert_int_equal(world_call(world, "POST", "/v1/things/mps_conveyor/commands", command)->status, 200);
}

static void an_event_that_the_bus_lost_is_made_good(void **state) {
    static const char *const wanted[] = {"\"thing\":\"mps_conveyor\",\"document\":{", "\"version\":8", NULL};
    world_expect_events(*state, "/v1/events", wanted, change_in_silence);
}

static void delete_it(struct world *world) {
    assert_int_equal(world_call(world, "DELETE", "/things/mps_conveyor/shadow", NULL)->status, 200);
}

static void a_deleted_twin_has_no_document(void **state) {
    static const char *const wanted[] = {"data: {\"thing\":\"mps_conveyor\",\"document\":{",
                                         "data: {\"thing\":\"mps_conveyor\",\"document\":null}", NULL};
    world_expect_events(*state, "/v1/events", wanted, delete_it);
}

// ---------------------------------------------------------------- commands

struct command_case {
    const char *name;
    const char *body;
    int status;
    const char *part; // of the answer
};

static const struct command_case command_cases[] = {
    {"a command that succeeds is 200 [http-7.1]", "{\"method\":\"motor/setDirection\",\"arguments\":[1]}", 200,
     "\"SUCCEEDED\""},
    {"arguments may be left out [http-7.1]", "{\"method\":\"motor/setDirection\"}", 200, "\"SUCCEEDED\""},
    {"a rejected command is 409 [http-7.1]", "{\"method\":\"refuse\"}", 409, "BadInvalidState"},
    {"a failed command is 409 [http-7.1]", "{\"method\":\"fail\"}", 409, "\"FAILED\""},
    {"a command that timed out is 504 [http-7.1]", "{\"method\":\"late\"}", 504, "\"TIMED_OUT\""},
    {"an answer of an unknown status is 500", "{\"method\":\"odd\"}", 500, "'DONE'"},
    {"an answer that is no JSON is 500", "{\"method\":\"broken\"}", 500, "no JSON"},
    {"a body that is no JSON is 400 [http-7.3]", "{\"method\"", 400, "The body is no JSON"},
    {"a body that is no object is 400 [http-7.3]", "[]", 400, "must be an object"},
    {"a command without a method is 400 [http-7.3]", "{\"arguments\":[]}", 400, "must name a method"},
    {"arguments that are no array are 400 [http-7.3]", "{\"method\":\"a\",\"arguments\":1}", 400, "must be an array"},
    {"an expiry that is no time is 400 [http-7.3]", "{\"method\":\"a\",\"expiresAt\":\"soon\"}", 400, "milliseconds"},
};

static struct world *shared; // of the command cases

static void check_command(void **state) {
    const struct command_case *c = *state;
    const struct http_result *result = world_call(shared, "POST", "/v1/things/mps_conveyor/commands", c->body);
    if (result->status != c->status || !has(result, c->part)) fail_msg("%d: %s", result->status, result->body.data);
}

/// The member of that name in the last answer, for the caller to free.
static char *member(const struct http_result *result, const char *name) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(buffer_view(&result->body), (struct json_limits){65536, 16}, &document, NULL),
                     ERROR_NONE);
    return text_copy(json_string(json_member(json_root(document), name)));
}

static void an_execution_is_kept_and_can_be_read(void **state) {
    static const char path[] = "/v1/things/mps_conveyor/commands";
    const struct http_result *result =
        world_call(*state, "POST", path, "{\"method\":\"motor/setDirection\",\"arguments\":[1],\"timeToLive\":2}");
    assert_int_equal(result->status, 200);
    CLEANUP(free_at) char *id = member(result, "executionId");
    world_call(*state, "POST", path, "{\"method\":\"refuse\"}");
    char one[160];
    snprintf(one, sizeof one, "%s/%s", path, id);
    result = world_call(*state, "GET", one, NULL);
    assert_int_equal(result->status, 200);
    static const char *const parts[] = {"\"method\":\"motor/setDirection\",\"arguments\":[1]",
                                        "\"createdAt\":", "\"status\":\"SUCCEEDED\"",
                                        "\"completedAt\":", "\"timings\":{\"total_ms\":"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) assert_true(has(result, parts[i]));
    result = world_call(*state, "GET", path, NULL);
    const char *newest = strstr(result->body.data, "refuse"), *older = strstr(result->body.data, id);
    assert_true(newest != NULL && older != NULL && newest < older);
    result = world_call(*state, "GET", "/v1/things/mps_conveyor/commands?maxResults=1", NULL);
    assert_null(strstr(result->body.data, id));
    assert_int_equal(world_call(*state, "GET", "/v1/things/mps_conveyor/commands/none", NULL)->status, 404);
    assert_int_equal(world_call(*state, "GET", "/v1/things/mps_hmi/commands/x", NULL)->status, 404);
    assert_int_equal(world_call(*state, "POST", one, "{}")->status, 405);
}

static void a_repeat_with_the_same_key_gets_the_first_outcome(void **state) {
    static const char path[] = "/v1/things/mps_conveyor/commands";
    const struct http_result *result =
        world_call(*state, "POST", path, "{\"method\":\"refuse\",\"idempotencyKey\":\"once\"}");
    assert_int_equal(result->status, 409);
    CLEANUP(free_at) char *first = member(result, "executionId");
    result = world_call(*state, "POST", path, "{\"idempotencyKey\":\"once\",\"arguments\":[],\"method\":\"refuse\"}");
    CLEANUP(free_at) char *second = member(result, "executionId");
    assert_int_equal(result->status, 409);
    assert_string_equal(first, second);
    result = world_call(*state, "POST", path, "{\"method\":\"fail\",\"idempotencyKey\":\"once\"}");
    assert_int_equal(result->status, 409);
    assert_type(result, "ConflictException");
    result = world_call(*state, "POST", path, "{\"method\":\"refuse\",\"idempotencyKey\":\"twice\"}");
    CLEANUP(free_at) char *third = member(result, "executionId");
    assert_string_not_equal(first, third);
}

struct precondition_case {
    const char *precondition;
    int status;
    const char *says;
};

static void a_command_is_executed_only_when_its_precondition_holds(void **state) {
    static const struct precondition_case conditions[] = {
        {"{\"reported\":{\"a\":1}}", 200, "SUCCEEDED"},
        {"{\"version\":7}", 200, "SUCCEEDED"},
        {"{\"things\":{\"mps_conveyor\":{\"a\":1}}}", 200, "SUCCEEDED"},
        {"{\"reported\":{\"a\":2}}", 409, "PreconditionFailed\",\"reasonDescription\":\"mps_conveyor/a is 1\""},
        {"{\"reported\":{\"b\":{\"c\":true}}}", 409, "mps_conveyor/b/c is absent"},
        {"{\"version\":6}", 409, "the twin of mps_conveyor has version 7"},
        {"{\"things\":{\"mps_hmi\":{\"mode\":1}}}", 409, "mps_hmi/mode is absent"},
        {"{\"state\":{}}", 400, "must be"},
        {"[]", 400, "must be"},
    };
    world_expect_events(*state, "/v1/events?thing=mps_conveyor", (const char *const[]){"\"version\":7", NULL}, NULL);
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"method\":\"motor/setDirection\",\"precondition\":%s}",
                 conditions[i].precondition);
        const struct http_result *result = world_call(*state, "POST", "/v1/things/mps_conveyor/commands", body);
        if (result->status != conditions[i].status || !has(result, conditions[i].says))
            fail_msg("%s: %d %s", body, result->status, result->body.data);
    }
}

static void metrics_are_in_the_format_of_prometheus(void **state) {
    world_expect_events(*state, "/v1/events", (const char *const[]){"\"service\":\"twins\",\"tier\"", NULL}, NULL);
    const struct http_result *result = world_call(*state, "GET", "/metrics", NULL);
    assert_int_equal(result->status, 200);
    assert_true(text_starts_with(http_result_header(result, "Content-Type"), TEXT("text/plain; version=0.0.4")));
    static const char *const lines[] = {
        "splc_service_up{service=\"twins\"} 1\n",           "splc_service_up{service=\"functions\"} 0\n",
        "# TYPE splc_api_streams gauge\nsplc_api_streams ", "# TYPE splc_service_up gauge\nsplc_service_up{",
        "# TYPE splc_change_seconds histogram\n",           "splc_change_seconds_count{to=\"wish\"} 0\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!has(result, lines[i])) fail_msg("no %s in %s", lines[i], result->body.data);
    static const char *const no_token[] = {NULL};
    assert_int_equal(world_call_with(*state, "GET", "/metrics", NULL, no_token)->status, 401);
    result = world_call(*state, "GET", "/v1/latency", NULL);
    assert_true(has(result, "{\"hops\":[{\"name\":\"twin\",\"count\":0,\"p50_ms\":0.0"));
    assert_true(has(result, "\"budget_p99_ms\":2.0"));
}

static void a_command_for_nobody_is_unavailable(void **state) {
    assert_int_equal(world_call(*state, "POST", "/v1/things/mps_hmi/commands", "{\"method\":\"a\"}")->status, 503);
    assert_int_equal(world_call(*state, "PUT", "/v1/things/mps_hmi/commands", "{}")->status, 405);
    assert_int_equal(world_call(*state, "POST", "/v1/things/a.b/commands", "{\"method\":\"a\"}")->status, 400);
}

static int start_shared(void **state) {
    (void)state;
    shared = world_start();
    return 0;
}

static int stop_shared(void **state) {
    (void)state;
    world_stop(shared);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"a shadow is read changed and deleted [http-4.1]", a_shadow_is_read_changed_and_deleted, start, stop, NULL},
        {"a rejection has the shape of AWS [http-3.1]", a_rejection_has_the_shape_of_aws, start, stop, NULL},
        {"wrong names and methods are refused [http-4.3]", wrong_names_and_methods_are_refused, start, stop, NULL},
        {"named shadows are listed [http-4.2]", named_shadows_are_listed, start, stop, NULL},
        {"without a token nothing is told [http-2.1]", without_a_token_nothing_is_told, start, stop, NULL},
        {"the root without a token is the login page [http-2.1]", the_root_without_a_token_is_the_login_page, start,
         stop, NULL},
        {"the login link sets a cookie [http-2.2]", the_login_link_sets_a_cookie, start, stop, NULL},
        {"a change with the cookie must come from the same origin [http-2.3]",
         a_change_with_the_cookie_must_come_from_the_same_origin, start, stop, NULL},
        {"the console is served with a strict policy [http-8.1]", the_console_is_served_with_a_strict_policy, start,
         stop, NULL},
        {"the picture comes from the model [http-5.2]", the_picture_comes_from_the_model, start, stop, NULL},
        {"the things are listed [http-5.1]", the_things_are_listed, start, stop, NULL},
        {"a service that never spoke is down [http-6.1]", a_service_that_never_spoke_is_down, start, stop, NULL},
        {"without the bus the api says so and comes back [http-6.4]", without_the_bus_the_api_says_so_and_comes_back,
         start, stop, NULL},
        {"a stream begins with the current twins and goes on with changes [http-6.3]",
         a_stream_begins_with_the_current_twins_and_goes_on_with_changes, start, stop, NULL},
        {"named shadows come with their name [http-6.2]", named_shadows_come_with_their_name, start, stop, NULL},
        {"a stream of one thing has no other twins [http-6.3]", a_stream_of_one_thing_has_no_other_twins, start, stop,
         NULL},
        {"an event that the bus lost is made good [http-6.4]", an_event_that_the_bus_lost_is_made_good, start, stop,
         NULL},
        {"a deleted twin has no document [http-6.2]", a_deleted_twin_has_no_document, start, stop, NULL},
        {"an execution is kept and can be read [http-7.4]", an_execution_is_kept_and_can_be_read, start, stop, NULL},
        {"a repeat with the same key gets the first outcome [http-7.5]",
         a_repeat_with_the_same_key_gets_the_first_outcome, start, stop, NULL},
        {"a command is executed only when its precondition holds [http-7.6]",
         a_command_is_executed_only_when_its_precondition_holds, start, stop, NULL},
        {"metrics are in the format of Prometheus [http-6.6] [http-6.7]", metrics_are_in_the_format_of_prometheus,
         start, stop, NULL},
        {"a command for nobody is unavailable [http-7.2]", a_command_for_nobody_is_unavailable, start, stop, NULL},
    };
    enum { COMMANDS = sizeof command_cases / sizeof command_cases[0] };
    struct CMUnitTest commands[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        commands[i] = (struct CMUnitTest){command_cases[i].name, check_command, NULL, NULL, (void *)&command_cases[i]};
    int failed = cmocka_run_group_tests_name("api", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("api commands", commands, start_shared, stop_shared);
}
