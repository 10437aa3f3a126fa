#include "world.h"

#include <base/clock.h>

#include <stdio.h>
#include <string.h>

// --- browsing ---

static struct answer browse(struct guest *guest, struct opcua_node node) {
    return answer_browse(guest->world->loop, guest->client, node);
}

static const struct opcua_reference *find(const struct answer *answer, const char *name) {
    const struct opcua_reference *found = answer_find(answer, name);
    if (found == NULL) fail_msg("%s is not there", name);
    return found;
}

static void browsing_shows_objects_variables_methods_and_properties(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    struct answer objects = browse(&guest, OPCUA_OBJECTS_FOLDER);
    assert_int_equal(objects.status, STATUS_Good);
    assert_int_equal(find(&objects, "MPS")->node_class, OPCUA_OBJECT);
    assert_int_equal(find(&objects, "MPS")->node.namespace_index, guest.station);
    struct answer motor = browse(&guest, station_node(world, "MPS/motor"));
    assert_int_equal(motor.count, 3); // and nothing that the library added by itself
    assert_int_equal(find(&motor, "speed")->node_class, OPCUA_VARIABLE);
    assert_false(find(&motor, "speed")->property);
    assert_int_equal(find(&motor, "setDirection")->node_class, OPCUA_METHOD);
    assert_true(find(&motor, "Bmk")->property);
    struct answer method = browse(&guest, station_node(world, "MPS/motor/setDirection"));
    assert_true(find(&method, "InputArguments")->property);
    assert_true(find(&method, "OutputArguments")->property);
    struct answer range = browse(&guest, station_node(world, "MPS/motor/speed"));
    assert_int_equal(find(&range, "EURange")->browse_namespace, 0);
    guest_clear(&guest);
}

static void a_node_that_is_not_there_is_said_to_be_unknown(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    assert_int_equal(browse(&guest, station_node(world, "MPS/nothing")).status, STATUS_BadNodeIdUnknown);
    uint16_t index;
    assert_int_equal(opcua_client_namespace(guest.client, "urn:nobody", &index), ERROR_NOT_FOUND);
    guest_clear(&guest);
}

static void on_supertype(void *context, status_code status, const struct opcua_reference *supertype) {
    answer_references(context, status, supertype, supertype != NULL);
}

static void types_tell_their_supertypes(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    struct answer station = browse(&guest, station_node(world, "MPS"));
    struct opcua_node type = find(&station, "motor")->type_definition;
    type.string = TEXT("MotorType"); // what was borrowed is gone
    struct answer answer = {.loop = world->loop};
    assert_int_equal(opcua_client_supertype(guest.client, &type, on_supertype, &answer), ERROR_NONE);
    world_run(world);
    assert_string_equal(answer.texts[0], "ThingType");
    struct opcua_node root = {.numeric = 84};
    answer = (struct answer){.loop = world->loop};
    assert_int_equal(opcua_client_supertype(guest.client, &root, on_supertype, &answer), ERROR_NONE);
    world_run(world);
    assert_int_equal(answer.count, 0);
    guest_clear(&guest);
}

static void thousands_of_children_come_through_continuation_points_or_at_once(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_names names = station_names(world, "MPS", OPCUA_OBJECTS_FOLDER);
    assert_int_equal(opcua_server_add_object(world->server, &names, &OPCUA_FOLDER_TYPE), ERROR_NONE);
    for (int i = 0; i < 3000; i++) {
        char path[32];
        snprintf(path, sizeof path, "MPS/v%d", i);
        struct opcua_names variable = station_names(world, path, station_node(world, "MPS"));
        assert_int_equal(opcua_server_add_variable(world->server, &variable, VALUE_BOOL, NULL), ERROR_NONE);
    }
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    assert_int_equal(browse(&guest, station_node(world, "MPS")).count, 3000);
    guest_clear(&guest);
}

// --- reading ---

static struct answer read_nodes(struct guest *guest, const struct opcua_node *nodes, size_t count) {
    return answer_read(guest->world->loop, guest->client, nodes, count);
}

static void reading_gives_values_with_quality_in_order(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    struct opcua_node nodes[] = {station_node(world, "MPS/motor/speed"), station_node(world, "MPS/motor/Bmk"),
                                 station_node(world, "MPS/nothing")};
    struct answer answer = read_nodes(&guest, nodes, 3);
    assert_int_equal(answer.status, STATUS_Good);
    assert_int_equal(answer.count, 3);
    assert_int_equal(answer.statuses[0], STATUS_BadWaitingForInitialData);
    assert_string_equal(answer.texts[1], "1M1");
    assert_int_equal(answer.statuses[2], STATUS_BadNodeIdUnknown);

    struct opcua_data data = {.value = {.type = VALUE_DOUBLE, .real = 77},
                              .status = STATUS_UncertainLastUsableValue,
                              .source_time_ns = INT64_C(1790000000123456700)};
    assert_int_equal(opcua_server_write(world->server, speed, &data), ERROR_NONE);
    answer = read_nodes(&guest, nodes, 1);
    assert_int_equal(answer.values[0].type, VALUE_DOUBLE);
    assert_true(answer.values[0].real == 77);
    assert_int_equal(answer.statuses[0], STATUS_UncertainLastUsableValue);
    data.value = (struct value){.type = VALUE_BOOL, .boolean = true};
    assert_int_equal(opcua_server_write(world->server, speed, &data), ERROR_INVALID);
    guest_clear(&guest);
}

static void a_read_of_more_nodes_than_a_request_may_have_is_one_answer(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    static struct opcua_node nodes[2500];
    for (size_t i = 0; i < 2500; i++) nodes[i] = station_node(world, "MPS/motor/Bmk");
    struct answer answer = read_nodes(&guest, nodes, 2500);
    assert_int_equal(answer.status, STATUS_Good);
    assert_int_equal(answer.count, 2500);
    guest_clear(&guest);
}

// --- calling ---

static struct answer call(struct guest *guest, const char *method, const struct value *inputs, size_t count) {
    return answer_call(guest->world->loop, guest->client, station_node(guest->world, "MPS/motor"),
                       station_node(guest->world, method), inputs, count);
}

static const char *const SET_DIRECTION = "MPS/motor/setDirection";

static void a_call_gives_its_outputs(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    struct value right = {.type = VALUE_INT32, .int32 = 1};
    struct answer answer = call(&guest, SET_DIRECTION, &right, 1);
    assert_int_equal(answer.status, STATUS_Good);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.values[0].int32, 1);
    assert_string_equal(answer.texts[1], "");
    assert_int_equal(world->last_session, 1);
    guest_clear(&guest);
}

static void a_refused_call_gives_its_reason_as_well_as_its_status(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    struct value seven = {.type = VALUE_INT32, .int32 = 7};
    struct answer answer = call(&guest, SET_DIRECTION, &seven, 1);
    assert_int_equal(answer.status, STATUS_BadOutOfRange);
    assert_int_equal(answer.count, 2);
    assert_string_equal(answer.texts[1], "there is no direction 7");
    guest_clear(&guest);

    struct guest viewer;
    guest_connect(&viewer, world, "viewer");
    seven.int32 = 0;
    answer = call(&viewer, SET_DIRECTION, &seven, 1);
    assert_int_equal(answer.status, STATUS_BadUserAccessDenied);
    assert_string_equal(answer.texts[1], "viewer may only read");
    guest_clear(&viewer);
}

static void arguments_that_do_not_fit_never_reach_the_method(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    world->last_session = 0;
    struct value texts[2] = {{.type = VALUE_STRING, .string = TEXT("right")}, {.type = VALUE_INT32, .int32 = 1}};
    assert_int_equal(call(&guest, SET_DIRECTION, texts, 1).status, STATUS_BadInvalidArgument);
    assert_int_equal(call(&guest, SET_DIRECTION, texts, 0).status, STATUS_BadArgumentsMissing);
    assert_true(status_is_bad(call(&guest, SET_DIRECTION, texts, 2).status));
    assert_int_equal(call(&guest, "MPS/motor/explode", NULL, 0).status, STATUS_BadMethodInvalid);
    assert_int_equal(world->last_session, 0);
    guest_clear(&guest);
}

static void a_method_describes_its_arguments(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    struct opcua_node node = station_node(world, "MPS/motor/setDirection/InputArguments");
    struct answer answer = answer_arguments(world->loop, guest.client, node);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.types[0], VALUE_INT32);
    assert_string_equal(answer.texts[0], "direction: -1 left, 0 stop, 1 right");
    guest_clear(&guest);
}

static void pending_calls_are_not_answered_after_close(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    struct answer answer = {.loop = world->loop};
    struct opcua_node node = station_node(world, "MPS/motor");
    assert_int_equal(opcua_client_browse(guest.client, &node, answer_references, &answer), ERROR_NONE);
    guest_clear(&guest);
    world_run_for(world, 20 * NS_PER_MS);
    assert_false(answer.done);
}

static void pending_calls_are_answered_when_the_connection_is_lost(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    struct answer answer = {.loop = world->loop};
    struct opcua_node node = station_node(world, "MPS");
    assert_int_equal(opcua_client_browse(guest.client, &node, answer_references, &answer), ERROR_NONE);
    opcua_server_close(world->server);
    world->server = NULL;
    while (guest.state != OPCUA_LOST) world_run(world);
    assert_true(answer.done);
    assert_true(status_is_bad(answer.status));
    assert_int_equal(opcua_client_browse(guest.client, &node, answer_references, &answer), ERROR_UNAVAILABLE);
    guest_clear(&guest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(browsing_shows_objects_variables_methods_and_properties),
        cmocka_unit_test(a_node_that_is_not_there_is_said_to_be_unknown),
        cmocka_unit_test(types_tell_their_supertypes),
        cmocka_unit_test(thousands_of_children_come_through_continuation_points_or_at_once),
        cmocka_unit_test(reading_gives_values_with_quality_in_order),
        cmocka_unit_test(a_read_of_more_nodes_than_a_request_may_have_is_one_answer),
        cmocka_unit_test(a_call_gives_its_outputs),
        cmocka_unit_test(a_refused_call_gives_its_reason_as_well_as_its_status),
        cmocka_unit_test(arguments_that_do_not_fit_never_reach_the_method),
        cmocka_unit_test(a_method_describes_its_arguments),
        cmocka_unit_test(pending_calls_are_not_answered_after_close),
        cmocka_unit_test(pending_calls_are_answered_when_the_connection_is_lost),
    };
    return cmocka_run_group_tests_name("opcua nodes", tests, world_make_identities, world_remove_identities);
}
