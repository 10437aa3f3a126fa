// Formats of the example plant, as a human can review them; independent readers of each are in tests/system.
#include <base/file.h>
#include <describe/describe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct describe_options options = {
    .simulated = true, .opcua_url = "opc.tcp://127.0.0.1:4840", .http_url = "http://127.0.0.1:8080"};

/// The example plant, with `find` replaced in its file unless it is NULL.
static struct plant *read_changed(const char *file, const char *find, const char *put) {
    CLEANUP(buffer_clear) struct buffer bytes = {0}, edited = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    assert_int_equal(file_read(file, MODEL_BYTES_MAX, &bytes, NULL), ERROR_NONE);
    if (find != NULL) {
        const char *at = strstr(bytes.data, find);
        assert_non_null(at);
        buffer_append(&edited, bytes.data, (size_t)(at - bytes.data));
        buffer_string(&edited, put);
        buffer_string(&edited, at + strlen(find));
    }
    struct text text = buffer_view(find == NULL ? &bytes : &edited);
    assert_int_equal(model_read(text, findings, &plant, NULL), ERROR_NONE);
    return plant;
}

static struct plant *changed(const char *find, const char *put) {
    return read_changed(SOURCE_FOLDER "/plants/mps/plant.aml", find, put);
}

static struct plant *mixer(void) {
    return read_changed(SOURCE_FOLDER "/plants/mixer/plant.aml", NULL, NULL);
}

static struct plant *example(void) {
    return changed(NULL, NULL);
}

static void write_format(const struct plant *plant, const char *name, struct buffer *out) {
    const struct describe_format *format = describe_find(text_of(name));
    assert_non_null(format);
    assert_int_equal(format->write(plant, &options, out, NULL), ERROR_NONE);
}

static void assert_has(const struct buffer *out, const char *part) {
    if (memmem(out->data, out->length, part, strlen(part)) == NULL) fail_msg("'%s' is not in it", part);
}

static void the_same_plant_gives_the_same_bytes_in_every_format(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = example();
    for (size_t i = 0; i < describe_format_count; i++) {
        CLEANUP(buffer_clear) struct buffer once = {0}, again = {0};
        write_format(plant, describe_formats[i].name, &once);
        write_format(plant, describe_formats[i].name, &again);
        assert_true(once.length > 0 && text_equal(buffer_view(&once), buffer_view(&again)));
    }
}

static void a_name_that_is_no_format_finds_none(void **state) {
    (void)state;
    assert_null(describe_find(TEXT("")));
    assert_null(describe_find(TEXT("nodeset")));
    assert_null(describe_find(TEXT("NODESET2")));
}

static void the_io_list_says_wires_inversion_and_safe_states(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = example();
    CLEANUP(buffer_clear) struct buffer out = {0};
    write_format(plant, "io-csv", &out);
    assert_true(
        text_starts_with(buffer_view(&out), TEXT("Address,Bits,Direction,IoModule,Channel,Description,Thing,")));
    assert_has(&out,
               "\r\n12.6,1,input,mps_plc/RevPiDI,I_15,Not-Halt,mps_conveyor,emergency_stop,contact,state,true,,S5,"
               "Emergency stop,Boolean,,,\r\n");
    assert_has(&out, "\r\n12.2,1,input,mps_plc/RevPiDI,I_11,,,,,"); // spare: nothing is said of it
    assert_has(&out, "mps_conveyor,motor,stop,stop/state,false,true,1K1,Belt motor,Boolean,,,\r\n");
}

static void what_a_spreadsheet_would_compute_is_a_text_in_the_io_list(void **state) {
    (void)state;
    static const char *const formulas[] = {"=1+1", "+A1", "-A1", "@SUM(A1)", "=HYPERLINK(\"x\",\"y\")"};
    for (size_t i = 0; i < sizeof formulas / sizeof formulas[0]; i++) {
        CLEANUP(buffer_clear) struct buffer out = {0}, value = {0}, cell = {0};
        buffer_print(&value, "<Value>%s</Value>", formulas[i]);
        CLEANUP(plant_destroy_at) struct plant *plant = changed("<Value>Belt motor</Value>", value.data);
        write_format(plant, "io-csv", &out);
        bool quoted = strchr(formulas[i], '"') != NULL;
        buffer_string(&cell, quoted ? ",\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"," : ",'");
        if (!quoted) buffer_print(&cell, "%s,", formulas[i]);
        assert_has(&out, cell.data);
    }
}

static void the_page_tells_interlocks_in_words_with_limits_and_what_follows(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = mixer();
    CLEANUP(buffer_clear) struct buffer out = {0};
    write_format(plant, "html", &out);
    assert_has(&out, "<td>Refill valve</td><td><code>mixer_storage/refill</code></td><td>Overfill</td><td>Level of the "
                     "storage: alarm HH (195 l or more)<br/><code class=\"dim\">level/Alarm is HH</code></td><td>open: "
                     "off</td>");
    assert_has(&out,
               "<td>Level: alarm HH (56 l or more)<br/><code class=\"dim\">mixer_vessel/level/Alarm is HH</code>");
    assert_has(&out, "<td>Temperature below 5 \xC2\xB0"
                     "C<br/>");
    assert_has(&out, "Stated in the model: 8.");
    assert_has(&out, "<td>LT201</td><td><code>mixer_vessel/level</code></td><td>l</td><td>0 to "
                     "60</td><td>4</td><td>8</td><td>52</td><td>56</td><td>1</td><td>0.5</td>"); // limits
    assert_has(&out, "An interlock that cannot be read holds, so these rest: Dosing pump, Heater, Agitator, Product "
                     "valve</td>"); // without the terminal AI
    assert_has(&out, "Level of the storage: value, 0 to 200 l as 4000 to 20000</td><td>LT101</td>"); // a wire
    assert_has(&out, "controllers in automatic go on: Level control, Temperature control");
}

static void the_page_says_what_is_left_of_this_plant_when_a_tier_is_lost(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = example();
    CLEANUP(buffer_clear) struct buffer out = {0};
    write_format(plant, "html", &out);
    assert_has(&out, "Then off: Belt motor (right), Belt motor (left), Belt motor (slow), Magazine cylinder (extend),");
    assert_has(&out, "; on: Belt motor (stop); as they were: Start indicator (lamp), Reset indicator (lamp),");
    assert_has(&out, "the panel: Emergency stop, Start, Stop, Reset; clients of OPC UA at opc.tcp://127.0.0.1:4840");
    assert_has(&out, "<td>the terminal RevPiDO</td><td>nothing: the station goes to its safe state, latched</td>");
    assert_has(&out, "<td>extend and retract are never on together</td>");
    if (memmem(out.data, out.length, "One channel of an I/O module", 28) != NULL) fail_msg("a note about all channels");
    assert_has(&out, "<details><summary>Times of the scan in detail");
}

static void the_address_space_has_types_properties_and_the_reason_of_a_commanding_method(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = example();
    CLEANUP(buffer_clear) struct buffer out = {0};
    write_format(plant, "nodeset2", &out);
    assert_has(&out, "<Uri>urn:serverless-plc:plant:mps</Uri>");
    assert_has(&out, "NodeId=\"ns=2;s=MotorType\" BrowseName=\"2:MotorType\"");
    assert_has(&out, "<Range><Low>-0.077</Low><High>0.077</High></Range>");
    assert_has(&out, "<UnitId>5067859</UnitId>"); // MTS
    assert_has(&out, "<Name>Reason</Name>");
}

static void the_tree_shows_what_a_person_looks_for(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = example();
    CLEANUP(buffer_clear) struct buffer out = {0};
    describe_tree(plant, &options, &out);
    assert_has(&out, "mps_plc/RevPiDO/O_15 195.6, safe: true, true: setStop(true), false: setStop(false)");
    assert_has(&out, "motor/setDirection(Direction: Int32 -1..1)");
    assert_has(&out, "mps_simulation");
}

static void the_tree_shows_numbers_with_range_and_scaling_and_the_interlocks(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = mixer();
    CLEANUP(buffer_clear) struct buffer out = {0}, json = {0};
    describe_tree(plant, &options, &out);
    assert_has(&out, "mixer_plc/AI/AI_1 2.0, 0..200 l, raw 4000..20000\n");
    assert_has(&out, "Dosing pump\"\n    interlock DryRun: level/value below 5\n    interlock VesselFull: ");
    describe_json(plant, &options, &json);
    assert_has(&json, "\"rawLow\":4000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_plant_gives_the_same_bytes_in_every_format),
        cmocka_unit_test(a_name_that_is_no_format_finds_none),
        cmocka_unit_test(the_io_list_says_wires_inversion_and_safe_states),
        cmocka_unit_test(what_a_spreadsheet_would_compute_is_a_text_in_the_io_list),
        cmocka_unit_test(the_page_tells_interlocks_in_words_with_limits_and_what_follows),
        cmocka_unit_test(the_page_says_what_is_left_of_this_plant_when_a_tier_is_lost),
        cmocka_unit_test(the_address_space_has_types_properties_and_the_reason_of_a_commanding_method),
        cmocka_unit_test(the_tree_shows_what_a_person_looks_for),
        cmocka_unit_test(the_tree_shows_numbers_with_range_and_scaling_and_the_interlocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
