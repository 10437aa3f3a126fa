#include <retain/retain.h>

#include <base/bytes.h>
#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 256 };

/// The station of plants/mps without a plant behind its terminals, and a folder.
struct desk {
    char folder[64], files[2][96];
    struct plant *plant;
    struct program *program;
    struct retain *retain;
    struct retain_report report;
    struct scan_time time;
    uint8_t inputs[IMAGE_BYTES];
};

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    const struct desk *desk = context;
    memcpy(inputs, desk->inputs, bytes);
    return ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    (void)context, (void)outputs, (void)bytes;
    return ERROR_NONE;
}

static struct plant *read_plant(const char *from, const char *to) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0}, changed = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    const char *place = error ? NULL : strstr(bytes.data, from);
    if (place == NULL) fail_msg("%s %s", problem.text, from);
    buffer_append(&changed, bytes.data, (size_t)(place - bytes.data));
    buffer_string(&changed, to);
    buffer_string(&changed, place + strlen(from));
    error = model_read(buffer_view(&changed), findings, &plant, &problem);
    if (error) fail_msg("%s", problem.text);
    return plant;
}

static int setup(void **state) {
    struct desk *desk = calloc(1, sizeof *desk);
    snprintf(desk->folder, sizeof desk->folder, "/tmp/splc-retain-XXXXXX");
    if (mkdtemp(desk->folder) == NULL) return 1;
    for (unsigned i = 0; i < 2; i++)
        snprintf(desk->files[i], sizeof desk->files[i], "%s/retain.%c", desk->folder, 'a' + (char)i);
    *state = desk;
    return 0;
}

static void power_off(struct desk *desk) {
    retain_stop(desk->retain);
    program_destroy(desk->program);
    plant_destroy(desk->plant);
    desk->retain = NULL;
    desk->program = NULL;
    desk->plant = NULL;
}

static int teardown(void **state) {
    struct desk *desk = *state;
    power_off(desk);
    for (unsigned i = 0; i < 2; i++) unlink(desk->files[i]);
    rmdir(desk->folder);
    free(desk);
    return 0;
}

static void start_changed(struct desk *desk, bool cold, const char *from, const char *to) {
    struct problem problem = {0};
    desk->plant = read_plant(from, to);
    struct program_options options = {
        .driver = {.name = "desk", .read = read_inputs, .write = write_outputs, .simulated = true, .context = desk},
        .lease_soft_ns = 2000000000,
        .lease_hard_ns = 10000000000,
    };
    struct retain_options retain = {.files = {desk->files[0], desk->files[1]}, .cold = cold};
    enum error error = program_create(desk->plant, &options, &desk->program, &problem);
    if (!error) error = retain_start(desk->program, &retain, &desk->retain, &desk->report, &problem);
    if (error) fail_msg("%s", problem.text);
    desk->time = (struct scan_time){.elapsed_ns = 1000000, .monotonic_ns = 1000000000, .wall_ns = 1700000000000000000};
}

static void start(struct desk *desk) {
    start_changed(desk, false, "<CAEXFile", "<CAEXFile");
}

static void scan(struct desk *desk) {
    desk->time.monotonic_ns += 1000000;
    scan_once(program_scan(desk->program), &desk->time);
}

static uint32_t tag_of(const struct desk *desk, const char *path) {
    uint32_t tag = program_find_tag(desk->program, text_of(path));
    assert_int_not_equal(tag, SCAN_NO_TAG);
    return tag;
}

static void sensor(struct desk *desk, const char *path, bool on) {
    const struct scan_point *point = scan_point(program_scan(desk->program), tag_of(desk, path));
    io_set_bit(desk->inputs, point->place, on != point->inverted);
}

static const char *const POSITION = "MPS/mps_magazine/ejector/LastPosition";
static const char *const EXTENDED = "MPS/mps_magazine/ejector/position/extended/state";
static const char *const RETRACTED = "MPS/mps_magazine/ejector/position/retracted/state";

static void stand(struct desk *desk, bool extended) {
    sensor(desk, EXTENDED, extended);
    sensor(desk, RETRACTED, !extended);
    scan(desk);
}

/// In between, with no sensor on.
static void stand_nowhere(struct desk *desk) {
    sensor(desk, EXTENDED, false);
    sensor(desk, RETRACTED, false);
    scan(desk);
}

static void assert_position(struct desk *desk, bool extended, status_code quality) {
    const struct scan *scanned = program_scan(desk->program);
    uint32_t tag = tag_of(desk, POSITION);
    assert_int_equal(scanned->quality[tag], quality);
    assert_int_equal(scan_on(scanned, tag), extended);
}

// ---------------------------------------------------------------- restarts

static void a_value_survives_a_restart(void **state) {
    struct desk *desk = *state;
    start(desk);
    assert_false(desk->report.found);
    assert_true(program_retained_count(desk->program) >= 2);
    stand(desk, true);
    assert_position(desk, true, STATUS_Good);
    power_off(desk);
    start(desk);
    assert_true(desk->report.found && desk->report.same_layout);
    assert_int_equal(desk->report.restored, 1); // the other cylinder has not been anywhere
    stand_nowhere(desk);
    assert_position(desk, true, STATUS_UncertainLastUsableValue);
    stand(desk, false);
    assert_position(desk, false, STATUS_Good);
    struct stat about;
    assert_int_equal(stat(desk->files[0], &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void a_cold_start_forgets(void **state) {
    struct desk *desk = *state;
    start(desk);
    stand(desk, true);
    power_off(desk);
    start_changed(desk, true, "<CAEXFile", "<CAEXFile");
    assert_true(desk->report.found);
    assert_int_equal(desk->report.restored, 0);
    stand_nowhere(desk);
    assert_true(status_is_bad(program_scan(desk->program)->quality[tag_of(desk, POSITION)]));
    stand(desk, false);
    power_off(desk);
    start(desk);
    stand_nowhere(desk);
    assert_position(desk, false, STATUS_UncertainLastUsableValue);
}

static void files_take_turns(void **state) {
    struct desk *desk = *state;
    for (unsigned i = 0; i < 4; i++) {
        start(desk);
        assert_int_equal(desk->report.generation, i);
        stand(desk, i % 2 == 0);
        power_off(desk);
    }
    for (unsigned i = 0; i < 2; i++) {
        CLEANUP(buffer_clear) struct buffer bytes = {0};
        struct retain_image image;
        assert_int_equal(file_read(desk->files[i], 1 << 20, &bytes, NULL), ERROR_NONE);
        assert_int_equal(retain_decode(buffer_view(&bytes), &image), ERROR_NONE);
        assert_int_equal(image.generation, 3 + i);
        retain_image_clear(&image);
    }
}

static void what_has_not_changed_is_not_written(void **state) {
    struct desk *desk = *state;
    start(desk);
    stand(desk, true);
    power_off(desk);
    start(desk);
    stand(desk, true);
    scan(desk);
    power_off(desk);
    start(desk);
    assert_int_equal(desk->report.generation, 1);
}

static void another_model_gets_what_it_still_has(void **state) {
    struct desk *desk = *state;
    start(desk);
    stand(desk, true);
    power_off(desk);
    start_changed(desk, false, "<DefaultValue>LastPosition</DefaultValue>", "<DefaultValue></DefaultValue>");
    assert_int_equal(program_retained_count(desk->program), 0);
    assert_int_equal(desk->report.left_over, 1);
    assert_false(desk->report.same_layout);
}

// ---------------------------------------------------------------- power cuts

/// The older file was being written when the power went: at any byte, with what was there before behind it or nothing.
static void a_power_cut_at_any_byte_leaves_the_old_or_the_new(void **state) {
    struct desk *desk = *state;
    start(desk);
    stand(desk, false);
    power_off(desk); // a: generation 1, false
    start(desk);
    stand(desk, true);
    power_off(desk); // b: generation 2, true
    start(desk);
    stand(desk, false);
    power_off(desk); // a: generation 3, false
    CLEANUP(buffer_clear) struct buffer whole = {0};
    assert_int_equal(file_read(desk->files[0], 1 << 20, &whole, NULL), ERROR_NONE);
    assert_true(whole.length > 50);
    start(desk);
    stand_nowhere(desk);
    assert_position(desk, false, STATUS_UncertainLastUsableValue);
    power_off(desk);
    for (size_t cut = 0; cut < whole.length; cut++) {
        struct retain_image image;
        assert_int_equal(retain_decode((struct text){whole.data, cut}, &image), ERROR_INVALID);
        CLEANUP(buffer_clear) struct buffer torn = {0};
        buffer_text(&torn, buffer_view(&whole));
        torn.data[cut] ^= 1; // what was there before differs from here on
        assert_int_equal(retain_decode(buffer_view(&torn), &image), ERROR_INVALID);
    }
    for (size_t cut = 0; cut < whole.length; cut += whole.length / 5) { // and the whole start with it
        assert_int_equal(file_write(desk->files[0], (struct text){whole.data, cut}, 0600, NULL), ERROR_NONE);
        start(desk);
        assert_int_equal(desk->report.unusable, 1);
        assert_int_equal(desk->report.generation, 2);
        stand_nowhere(desk);
        assert_position(desk, true, STATUS_UncertainLastUsableValue);
        power_off(desk);
    }
}

static void the_damaged_file_is_the_next_to_be_written(void **state) {
    struct desk *desk = *state;
    start(desk);
    stand(desk, true);
    power_off(desk);
    assert_int_equal(file_write(desk->files[1], TEXT("torn"), 0600, NULL), ERROR_NONE);
    start(desk);
    stand(desk, false);
    power_off(desk);
    start(desk);
    assert_int_equal(desk->report.unusable, 0);
    assert_int_equal(desk->report.generation, 2);
}

static void two_damaged_files_are_a_cold_start(void **state) {
    struct desk *desk = *state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(file_write(desk->files[i], TEXT("nothing that we wrote"), 0600, NULL), ERROR_NONE);
    start(desk);
    assert_false(desk->report.found);
    assert_int_equal(desk->report.unusable, 2);
}

static void a_file_that_cannot_be_written_is_told(void **state) {
    struct desk *desk = *state;
    snprintf(desk->files[0], sizeof desk->files[0], "%s/no/such/folder/a", desk->folder);
    start(desk);
    assert_true(retain_healthy(desk->retain));
    stand(desk, true);
    for (unsigned i = 0; retain_healthy(desk->retain); i++) {
        if (i == 1000) fail_msg("the failure is not told");
        usleep(10000); // until the writer has tried
    }
    assert_int_equal(retain_written(desk->retain), 0);
}

int main(void) {
#define SENTENCE(text, function)                                                                                       \
    { text, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        SENTENCE("a value survives a restart, and says that it is of before [retain-1.2]", a_value_survives_a_restart),
        SENTENCE("a cold start forgets [retain-1.5]", a_cold_start_forgets),
        SENTENCE("the two files take turns [retain-1.3]", files_take_turns),
        SENTENCE("what has not changed is not written", what_has_not_changed_is_not_written),
        SENTENCE("another model gets what it still has, and the rest is told [retain-1.4]",
                 another_model_gets_what_it_still_has),
        SENTENCE("a power cut at any byte leaves the old or the new [retain-1.3]",
                 a_power_cut_at_any_byte_leaves_the_old_or_the_new),
        SENTENCE("the damaged file is the next to be written [retain-1.3]", the_damaged_file_is_the_next_to_be_written),
        SENTENCE("two damaged files are a cold start, and told", two_damaged_files_are_a_cold_start),
        SENTENCE("a file that cannot be written is told", a_file_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
