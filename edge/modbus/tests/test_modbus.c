// Against a real libmodbus server in a process of its own, which is killed and started again. Called with the word
// "server" this program is that server; its registers lie in a file that both map.

#include <modbus/driver.h>

#include "../src/internal.h"

#include <base/clock.h>
#include <base/process.h>
#include <io/image.h>
#include <modbus/modbus.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TABLE = 256, IMAGE_BYTES = 1024, WAIT_MS = 60000 };

struct tables {
    uint8_t coils[TABLE], discrete_inputs[TABLE];
    uint16_t holding[TABLE], inputs[TABLE];
};

// ---------------------------------------------------------------- the server

static int serve(const char *port, const char *file) {
    int fd = open(file, O_RDWR | O_CLOEXEC);
    struct tables *tables = mmap(NULL, sizeof *tables, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    modbus_mapping_t mapping = {.nb_bits = TABLE,
                                .nb_input_bits = TABLE,
                                .nb_registers = TABLE,
                                .nb_input_registers = TABLE,
                                .tab_bits = tables->coils,
                                .tab_input_bits = tables->discrete_inputs,
                                .tab_registers = tables->holding,
                                .tab_input_registers = tables->inputs};
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", atoi(port));
    int listener = modbus_tcp_listen(modbus, 1);
    while (listener >= 0 && modbus_tcp_accept(modbus, &listener) >= 0) {
        uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
        for (int length; (length = modbus_receive(modbus, request)) >= 0;)
            if (length > 0 && modbus_reply(modbus, request, length, &mapping) < 0) break;
        modbus_close(modbus);
    }
    return EXIT_FAILURE;
}

// ---------------------------------------------------------------- the bench

struct bench {
    struct tables *tables;
    char file[64], port_text[16];
    uint16_t port;
    pid_t pid;
    struct site_modbus_device devices[2];
    struct modbus_driver *driver;
    struct io_driver table;
    uint8_t inputs[IMAGE_BYTES], outputs[IMAGE_BYTES];
    struct problem problem;
};

static uint16_t free_port(int *ret_fd) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    if (ret_fd == NULL)
        close(fd);
    else
        *ret_fd = fd;
    return ntohs(address.sin_port);
}

static void start_server(struct bench *bench) {
    const char *const words[] = {"/proc/self/exe", "server", bench->port_text, bench->file, NULL};
    struct process_options options = {.arguments = words, .output = -1};
    if (process_start(&options, &bench->pid, &bench->problem)) fail_msg("%s", bench->problem.text);
}

static void kill_server(struct bench *bench) {
    if (bench->pid == 0) return;
    kill(bench->pid, SIGKILL);
    waitpid(bench->pid, NULL, 0);
    bench->pid = 0;
}

/// In the image: byte 0 discrete inputs, 2 coils read back, 10 input registers, 20 pairs of input registers; outputs
/// from 0 on coils, from 10 on holding registers.
static const struct site_modbus_area areas[] = {
    {.kind = "discrete_inputs", .first = 3, .count = 10, .image_byte = 0},
    {.kind = "coils", .input = true, .first = 100, .count = 4, .image_byte = 2},
    {.kind = "input_registers", .first = 0, .count = 2, .image_byte = 10},
    {.kind = "input_registers", .first = 10, .count = 2, .image_byte = 20, .high_first = true},
    {.kind = "coils", .first = 0, .count = 10, .image_byte = 0},
    {.kind = "holding_registers", .first = 5, .count = 2, .image_byte = 10},
};

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->file, "/tmp/test_modbus.XXXXXX");
    CLEANUP(descriptor_close_at) int fd = mkostemp(bench->file, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, sizeof *bench->tables), 0);
    bench->tables = mmap(NULL, sizeof *bench->tables, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    bench->port = free_port(NULL);
    snprintf(bench->port_text, sizeof bench->port_text, "%u", bench->port);
    bench->devices[0] = (struct site_modbus_device){.name = "valves",
                                                    .address = "127.0.0.1",
                                                    .port = bench->port,
                                                    .unit = 1,
                                                    .period_ms = 5,
                                                    .timeout_ms = 2000,
                                                    .stale_ms = 300,
                                                    .areas = areas,
                                                    .area_count = sizeof areas / sizeof areas[0]};
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    modbus_driver_close(bench->driver);
    kill_server(bench);
    munmap(bench->tables, sizeof *bench->tables);
    unlink(bench->file);
    free(bench);
    return 0;
}

static enum error open_driver(struct bench *bench, size_t devices) {
    struct modbus_driver_options options = {.devices = bench->devices, .device_count = devices};
    enum error error = modbus_driver_open(&options, &bench->driver, &bench->problem);
    if (!error) bench->table = modbus_driver_table(bench->driver);
    return error;
}

static enum error scan(struct bench *bench) {
    assert_int_equal(bench->table.read(bench->table.context, 0, bench->inputs, IMAGE_BYTES), ERROR_NONE);
    return bench->table.write(bench->table.context, bench->outputs, IMAGE_BYTES);
}

static status_code quality_at(const struct bench *bench, uint32_t byte) {
    uint32_t range = io_range_of(&bench->table, byte);
    assert_int_not_equal(range, IO_NO_RANGE);
    return io_quality(&bench->table, range);
}

#define AWAIT(bench, condition)                                                                                        \
    for (int waited_ = 0; (void)scan(bench), !(condition); waited_++) {                                                \
        if (waited_ == WAIT_MS) fail_msg("waited in vain for " #condition);                                            \
        struct timespec pause_ = {.tv_nsec = 1000000};                                                                 \
        nanosleep(&pause_, NULL);                                                                                      \
    }

static void run(struct bench *bench) {
    start_server(bench);
    if (open_driver(bench, 1)) fail_msg("%s", bench->problem.text);
    assert_int_equal(quality_at(bench, 0), STATUS_BadWaitingForInitialData);
    AWAIT(bench, quality_at(bench, 0) == STATUS_Good);
}

// ---------------------------------------------------------------- what is promised

static void every_kind_of_input_arrives_at_its_place(void **state) {
    struct bench *bench = *state;
    bench->tables->discrete_inputs[3] = bench->tables->discrete_inputs[12] = 1; // the first and the last one
    bench->tables->coils[101] = 1;
    bench->tables->inputs[0] = 0x1234;
    bench->tables->inputs[10] = 0xAAAA; // high word
    bench->tables->inputs[11] = 0x5555;
    run(bench);
    assert_int_equal(bench->inputs[0], 0x01);
    assert_int_equal(bench->inputs[1], 0x02);
    assert_int_equal(bench->inputs[2], 0x02);
    assert_int_equal(io_word(bench->inputs, (struct io_place){10, 0, 16}), 0x1234);
    assert_int_equal(io_word(bench->inputs, (struct io_place){20, 0, 32}), 0xAAAA5555);
    assert_true(bench->table.age_ns[io_range_of(&bench->table, 10)] < 300 * NS_PER_MS);
}

static void outputs_arrive_at_the_device(void **state) {
    struct bench *bench = *state;
    run(bench);
    bench->outputs[0] = 0x81;
    bench->outputs[1] = 0x03;
    bench->outputs[12] = 0xCD;
    bench->outputs[13] = 0xAB;
    AWAIT(bench, bench->tables->holding[6] == 0xABCD && bench->tables->coils[9] == 1);
    assert_int_equal(bench->tables->coils[0], 1);
    assert_int_equal(bench->tables->coils[1], 0);
    assert_int_equal(bench->tables->coils[7], 1);
    assert_int_equal(bench->tables->coils[10], 0);
}

static void a_device_that_dies_is_uncertain_then_bad_and_comes_back(void **state) {
    struct bench *bench = *state;
    bench->tables->inputs[0] = 7;
    run(bench);
    AWAIT(bench, scan(bench) == ERROR_NONE && quality_at(bench, 10) == STATUS_Good);
    kill_server(bench);
    AWAIT(bench, quality_at(bench, 10) != STATUS_Good);
    AWAIT(bench, quality_at(bench, 10) == STATUS_BadNoCommunication);
    assert_int_equal(bench->inputs[10], 7);         // what was known last
    AWAIT(bench, scan(bench) == ERROR_UNAVAILABLE); // its outputs are lost: the scan enters the safe state
    assert_true(modbus_driver_trouble(bench->driver, &bench->problem));
    assert_non_null(strstr(bench->problem.text, "valves (127.0.0.1:"));
    bench->tables->inputs[0] = 8;
    bench->outputs[10] = 99;
    start_server(bench);
    AWAIT(bench, quality_at(bench, 10) == STATUS_Good && bench->inputs[10] == 8);
    AWAIT(bench, bench->tables->holding[5] == 99 && scan(bench) == ERROR_NONE);
    AWAIT(bench, !modbus_driver_trouble(bench->driver, &bench->problem));
}

static void a_device_that_never_answers_keeps_nobody_waiting(void **state) {
    struct bench *bench = *state;
    CLEANUP(descriptor_close_at) int mute = -1;
    bench->devices[1] = bench->devices[0];
    bench->devices[1].name = "mute";
    bench->devices[1].port = free_port(&mute);
    bench->devices[1].timeout_ms = 3000;
    static const struct site_modbus_area far[] = {{.kind = "input_registers", .count = 1, .image_byte = 200}};
    bench->devices[1].areas = far;
    bench->devices[1].area_count = 1;
    assert_int_equal(listen(mute, 4), 0); // connects, and that is all
    start_server(bench);
    if (open_driver(bench, 2)) fail_msg("%s", bench->problem.text);
    uint64_t longest_ns = 0;
    for (int i = 0; i < 200 || quality_at(bench, 10) != STATUS_Good; i++) {
        uint64_t begin_ns = clock_monotonic_ns();
        (void)scan(bench);
        uint64_t took_ns = clock_monotonic_ns() - begin_ns;
        if (took_ns > longest_ns) longest_ns = took_ns;
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    assert_true(longest_ns < NS_PER_S); // an answer would be awaited for three seconds
    assert_true(status_is_bad(quality_at(bench, 200)));
}

static void addresses_that_a_device_lacks_are_bad_alone(void **state) {
    struct bench *bench = *state;
    static const struct site_modbus_area some[] = {
        {.kind = "input_registers", .first = 0, .count = 1, .image_byte = 0},
        {.kind = "input_registers", .first = TABLE, .count = 1, .image_byte = 10}};
    bench->devices[0].areas = some;
    bench->devices[0].area_count = 2;
    run(bench);
    assert_int_equal(quality_at(bench, 10), STATUS_BadDeviceFailure);
    assert_true(modbus_driver_trouble(bench->driver, &bench->problem));
    assert_non_null(strstr(bench->problem.text, "input_registers"));
}

static void an_area_may_reach_past_the_image_of_the_plant(void **state) {
    struct bench *bench = *state;
    bench->tables->inputs[0] = 0x1234;
    run(bench);
    memset(bench->inputs, 0, sizeof bench->inputs);
    assert_int_equal(bench->table.read(bench->table.context, 0, bench->inputs, 11), ERROR_NONE);
    assert_int_equal(bench->inputs[10], 0x34);
    assert_int_equal(bench->inputs[11], 0);
    assert_int_equal(bench->table.write(bench->table.context, bench->outputs, 11), ERROR_NONE);
}

static void many_registers_travel_in_several_requests(void **state) {
    struct bench *bench = *state;
    static const struct site_modbus_area many[] = {
        {.kind = "input_registers", .first = 0, .count = 250, .image_byte = 0},
        {.kind = "holding_registers", .first = 0, .count = 250, .image_byte = 0}};
    bench->devices[0].areas = many;
    bench->devices[0].area_count = 2;
    for (unsigned i = 0; i < 250; i++) {
        bench->tables->inputs[i] = (uint16_t)(i + 1000);
        io_set_word(bench->outputs, (struct io_place){2 * i, 0, 16}, i + 2000);
    }
    run(bench);
    for (unsigned i = 0; i < 250; i++)
        assert_int_equal(io_word(bench->inputs, (struct io_place){2 * i, 0, 16}), i + 1000);
    AWAIT(bench, bench->tables->holding[249] == 2249);
    for (unsigned i = 0; i < 250; i++) assert_int_equal(bench->tables->holding[i], i + 2000);
}

static void a_device_is_set_up_with_each_connect_and_its_watchdog_is_fed(void **state) {
    struct bench *bench = *state;
    static const struct site_modbus_setup setups[] = {{.reg = 200, .value = 42}};
    bench->devices[0].setup = setups;
    bench->devices[0].setup_count = 1;
    bench->devices[0].watchdog_register = 201;
    run(bench);
    assert_int_equal(bench->tables->holding[200], 42);
    AWAIT(bench, bench->tables->holding[201] > 3);
    kill_server(bench);
    bench->tables->holding[200] = 0;
    start_server(bench);
    AWAIT(bench, bench->tables->holding[200] == 42);
}

static void the_guard_reaches_the_device_while_the_scan_hangs(void **state) {
    struct bench *bench = *state;
    static uint8_t off[IMAGE_BYTES], mask[IMAGE_BYTES] = {0x01};
    static const struct io_safe_image image = {off, mask, IMAGE_BYTES};
    run(bench);
    bench->outputs[0] = 0x03;
    AWAIT(bench, bench->tables->coils[0] == 1 && bench->tables->coils[1] == 1);
    assert_int_equal(bench->table.safe(bench->table.context, &image), ERROR_NONE);
    for (int i = 0; bench->tables->coils[0] != 0; i++) { // no scan
        if (i == WAIT_MS) fail_msg("the guard did not reach the device");
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    assert_int_equal(bench->tables->coils[1], 1); // not in the mask: held
    AWAIT(bench, bench->tables->coils[0] == 1);   // a new scan decides
}

static void the_last_outputs_arrive_before_it_closes(void **state) {
    struct bench *bench = *state;
    run(bench);
    AWAIT(bench, scan(bench) == ERROR_NONE);
    bench->outputs[10] = 77; // the safe state of the last scan
    (void)scan(bench);
    modbus_driver_close(bench->driver);
    bench->driver = NULL;
    assert_int_equal(bench->tables->holding[5], 77);
}

static void areas_that_share_bytes_are_refused(void **state) {
    struct bench *bench = *state;
    static const struct site_modbus_area shared[] = {{.kind = "input_registers", .count = 2, .image_byte = 10},
                                                     {.kind = "discrete_inputs", .count = 1, .image_byte = 13}};
    bench->devices[0].areas = shared;
    bench->devices[0].area_count = 2;
    assert_int_equal(open_driver(bench, 1), ERROR_INVALID);
    assert_non_null(strstr(bench->problem.text, "share bytes 10 to 13"));
}

static void no_device_is_refused(void **state) {
    struct bench *bench = *state;
    assert_int_equal(open_driver(bench, 0), ERROR_INVALID);
    assert_non_null(strstr(bench->problem.text, "edge.modbus"));
}

// ---------------------------------------------------------------- the triple buffer

enum { ROUNDS = 100000, WORDS = 16 };

static void *count_up(void *context) {
    struct triple *triple = context;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct triple_slot *slot = triple_write_slot(triple);
        memset(slot->bytes, (int)(round & 0xFF), WORDS);
        slot->time_ns = round;
        triple_publish(triple);
    }
    return NULL;
}

static void a_reader_sees_whole_states_that_grow_newer(void **state) {
    (void)state;
    struct triple triple;
    pthread_t writer;
    assert_true(triple_init(&triple, WORDS));
    assert_int_equal(pthread_create(&writer, NULL, count_up, &triple), 0);
    for (uint64_t seen = 0; seen < ROUNDS;) {
        if (!triple_take(&triple)) continue;
        const struct triple_slot *slot = triple_read_slot(&triple);
        assert_true(slot->time_ns > seen);
        seen = slot->time_ns;
        for (int i = 0; i < WORDS; i++) assert_int_equal(slot->bytes[i], seen & 0xFF);
    }
    assert_false(triple_take(&triple));
    pthread_join(writer, NULL);
    triple_clear(&triple);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "server") == 0) return serve(argv[2], argv[3]);
#define CASE(function)                                                                                                 \
    { #function, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        CASE(every_kind_of_input_arrives_at_its_place),
        CASE(outputs_arrive_at_the_device),
        {"[edge-8.10] a device that dies is uncertain, then bad, and comes back",
         a_device_that_dies_is_uncertain_then_bad_and_comes_back, setup, teardown, NULL},
        {"[edge-8.9] a device that never answers keeps nobody waiting",
         a_device_that_never_answers_keeps_nobody_waiting, setup, teardown, NULL},
        {"[edge-8.11] addresses that a device lacks are bad alone", addresses_that_a_device_lacks_are_bad_alone, setup,
         teardown, NULL},
        CASE(an_area_may_reach_past_the_image_of_the_plant),
        CASE(many_registers_travel_in_several_requests),
        {"[edge-8.12] a device is set up with each connect and its watchdog is fed",
         a_device_is_set_up_with_each_connect_and_its_watchdog_is_fed, setup, teardown, NULL},
        {"[edge-8.2] the guard reaches the device while the scan hangs",
         the_guard_reaches_the_device_while_the_scan_hangs, setup, teardown, NULL},
        CASE(the_last_outputs_arrive_before_it_closes),
        CASE(areas_that_share_bytes_are_refused),
        CASE(no_device_is_refused),
        cmocka_unit_test(a_reader_sees_whole_states_that_grow_newer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
