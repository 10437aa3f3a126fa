#include "fixture.h"

#include <base/clock.h>
#include <base/file.h>
#include <twin/twin.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// --- twins ---

static void publish(struct fixture *f, const char *thing, const char *behind, const struct buffer *data) {
    if (data->length == 0) return;
    char subject[256];
    snprintf(subject, sizeof subject, "$aws.things.%s.shadow.%s", thing, behind);
    assert_int_equal(bus_publish(f->bus, text_of(subject), buffer_view(data)), ERROR_NONE);
}

void apply(struct fixture *f, const char *thing, enum twin_operation operation, struct text payload,
           struct text reply) {
    struct twin *before = map_get(f->twins, text_of(thing));
    struct twin_request request = {
        .operation = operation, .name = text_of(thing), .payload = payload, .time_s = clock_wall_ns() / NS_PER_S};
    struct twin_result result = {0};
    twin_answer(before, &request, &result);
    if (result.twin != NULL && result.twin != before) {
        assert_int_equal(map_set(f->twins, text_of(thing), twin_ref(result.twin)), ERROR_NONE);
        twin_unref(before);
    }
    publish(f, thing, "update.documents", &result.documents);
    if (reply.length > 0) assert_int_equal(bus_publish(f->bus, reply, buffer_view(&result.answer)), ERROR_NONE);
    twin_result_clear(&result);
}

static void on_twin_message(void *context, const struct bus_message *message) {
    struct text rest = message->subject, thing;
    for (int i = 0; i < 3; i++) text_split(&rest, '.', &thing); // $aws things T
    CLEANUP(free_at) char *name = text_copy(thing);
    bool is_get = text_ends_with(message->subject, TEXT(".get"));
    apply(context, name, is_get ? TWIN_GET : TWIN_UPDATE, message->data, message->reply);
}

void report(struct fixture *f, const char *thing, const char *reported, const char *token) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    buffer_print(&body, "{\"state\":{\"reported\":%s},\"clientToken\":\"%s\"}", reported, token);
    apply(f, thing, TWIN_UPDATE, buffer_view(&body), TEXT_EMPTY);
}

const char *state_of(struct fixture *f, const char *thing) {
    static struct buffer saved;
    buffer_reset(&saved);
    const struct twin *twin = map_get(f->twins, text_of(thing));
    if (twin_exists(twin)) twin_save(twin, &saved);
    return saved.data == NULL ? "" : saved.data;
}

const char *reported(struct fixture *f, const char *thing, const char *member) {
    static char value[8192];
    value[0] = '\0';
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(text_of(state_of(f, thing)), (struct json_limits){65536, 32}, &document, NULL)) return value;
    const struct json *leaf = json_member(json_path(json_root(document), TEXT("state/reported")), member);
    CLEANUP(buffer_clear) struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    if (json_is(leaf, JSON_STRING))
        buffer_text(&text, json_string(leaf));
    else if (json_exists(leaf))
        json_put_value(&writer, leaf);
    snprintf(value, sizeof value, "%.*s", TEXT_ARG(buffer_view(&text)));
    return value;
}

// --- the service seen from outside ---

static void on_status(void *context, const struct bus_message *message) {
    struct fixture *f = context;
    json_destroy(f->status);
    f->status = NULL;
    assert_int_equal(json_parse(message->data, (struct json_limits){65536, 16}, &f->status, NULL), ERROR_NONE);
}

static void on_event(void *context, const struct bus_message *message) {
    struct fixture *f = context;
    size_t used = strlen(f->events);
    snprintf(f->events + used, sizeof f->events - used, "%.*s\n", TEXT_ARG(message->data));
}

const struct json *function_status(const struct fixture *f) {
    if (f->status == NULL) return NULL;
    return json_element(json_member(json_root(f->status), "functions"), 0);
}

int64_t counted(const struct fixture *f, const char *member) {
    return json_integer(json_member(function_status(f), member), -1);
}

bool is_in_state(void *context) {
    struct fixture *f = context;
    return text_is(json_string(json_member(function_status(f), "state")), f->wanted);
}

bool has_event(void *context) {
    struct fixture *f = context;
    return strstr(f->events, f->wanted) != NULL;
}

bool is_connected(void *context) {
    return ((struct fixture *)context)->connected;
}

static void on_bus(void *context, bool connected, const char *reason) {
    (void)reason;
    ((struct fixture *)context)->connected = connected;
}

void wait_for(struct fixture *f, bool (*done)(void *), const char *wanted) {
    f->wanted = wanted;
    if (!testing_run_until(f->loop, done, f, WAIT_S)) fail_msg("waited in vain for: %s; events: %s", wanted, f->events);
}

// --- set-up ---

void write_file(const struct fixture *f, const char *name, const char *text, mode_t mode) {
    CLEANUP(free_at) char *path = testing_path(f->folder, name);
    assert_int_equal(file_write(path, text_of(text), mode, NULL), ERROR_NONE);
}

void make_folder(const struct fixture *f, const char *name) {
    CLEANUP(free_at) char *path = testing_path(f->folder, name);
    assert_int_equal(file_make_folder(path, 0755, NULL), ERROR_NONE);
}

static void copy_authority(const struct fixture *f) {
    CLEANUP(buffer_clear) struct buffer ca = {0};
    assert_int_equal(file_read(f->nats->ca_file, 65536, &ca, NULL), ERROR_NONE);
    write_file(f, "pki/ca.crt", ca.data, 0644);
}

int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->loop = loop_create();
    f->nats =
        testing_nats_start("authorization: {users: [{user: test, password: pw}, {user: functions, password: fpw}]}");
    f->folder = testing_folder();
    f->programs = testing_path(f->folder, "programs");
    f->twins = map_create();
    make_folder(f, "pki");
    make_folder(f, "secrets");
    make_folder(f, "package");
    copy_authority(f);
    write_file(f, "secrets/nats-functions", "fpw", 0600);
    assert_int_equal(file_write(f->nats->password_file, TEXT("pw"), 0600, NULL), ERROR_NONE);
    struct bus_options options = {f->nats->url, f->nats->ca_file, "test", f->nats->password_file, "test", on_bus, f};
    assert_int_equal(bus_open(f->loop, &options, &f->bus, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(f->bus, "$aws.things.*.shadow.update", NULL, on_twin_message, f, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(f->bus, "$aws.things.*.shadow.get", NULL, on_twin_message, f, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(f->bus, "splc.status.functions", NULL, on_status, f, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(f->bus, "splc.event", NULL, on_event, f, NULL), ERROR_NONE);
    wait_for(f, is_connected, "the bus");
    *state = f;
    return 0;
}

int tear_down(void **state) {
    struct fixture *f = *state;
    service_close(f->service);
    bus_close(f->bus);
    loop_destroy(f->loop);
    testing_nats_destroy(f->nats);
    struct text thing;
    void *twin;
    for (size_t at = 0; map_next(f->twins, &at, &thing, &twin);) twin_unref(twin);
    map_destroy(f->twins);
    json_destroy(f->status);
    testing_remove(f->folder);
    free(f->folder);
    free(f->programs);
    free((char *)f->function.folder);
    free(f);
    return 0;
}

void link_program(const struct fixture *f, const char *name) {
    char self[4096] = "";
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    char folder[256], program[256];
    snprintf(folder, sizeof folder, "programs/%s", name);
    make_folder(f, folder);
    snprintf(program, sizeof program, "programs/%s/bootstrap", name);
    CLEANUP(free_at) char *path = testing_path(f->folder, program);
    assert_int_equal(symlink(self, path), 0);
}

void open_service(struct fixture *f, const char *name, const char *manifest) {
    f->function = (struct site_function){name, testing_path(f->folder, "package")};
    write_file(f, "package/function.yaml", manifest, 0644);
    f->site = (struct site){.plant_folder = f->folder, .plant_name = "test", .data_folder = f->folder};
    f->site.fog.address = "127.0.0.1";
    f->site.fog.nats_port = (uint16_t)f->nats->port;
    f->site.fog.functions = &f->function;
    f->site.fog.function_count = 1;
    struct problem problem = {0};
    if (service_open(f->loop, &f->site, f->programs, &f->service, &problem)) fail_msg("%s", problem.text);
}

void start(struct fixture *f, const char *name) {
    char manifest[1024];
    snprintf(manifest, sizeof manifest,
             "name: %s\nruntime: provided.al2023\ntimeout: 1\ntriggers:\n"
             "  - twin: \"m*\"\n    path: reported\n  - twin: poison\n    path: reported\n"
             "  - twin: tar\n    path: reported\ncommands: [machine]\npublish: [\"plant/raw/+\"]\ninvoke: "
             "[absent]\nstate: [%s_state, m_own]\n",
             name, name);
    link_program(f, name);
    open_service(f, name, manifest);
    wait_for(f, is_in_state, "ready");
}

bool count_is(void *context) {
    struct fixture *f = context;
    char twin[80];
    snprintf(twin, sizeof twin, "%s_state", f->function.name);
    return strcmp(reported(f, twin, "count"), f->wanted) == 0;
}
