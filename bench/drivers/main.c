// What a scan pays for terminals behind Modbus TCP: the driver's read and write, beside one request that a scan would
// have to wait for if it asked a device itself. Servers are processes of this program on the loopback.
//
//     bench-drivers
#include <base/clock.h>
#include <base/process.h>
#include <modbus/driver.h>
#include <modbus/modbus.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES = 4, BITS = 1024, SCANS = 3000, REQUESTS = 2000, IMAGE_BYTES = DEVICES * BITS / 8 };

static int serve(const char *port) {
    modbus_mapping_t *mapping = modbus_mapping_new(BITS, BITS, 0, 0);
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", atoi(port));
    int listener = modbus_tcp_listen(modbus, 4);
    while (listener >= 0 && modbus_tcp_accept(modbus, &listener) >= 0) {
        uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
        for (int length; (length = modbus_receive(modbus, request)) >= 0;)
            if (length > 0 && modbus_reply(modbus, request, length, mapping) < 0) break;
        modbus_close(modbus);
    }
    return EXIT_FAILURE;
}

static uint16_t free_port(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    bool bound =
        bind(fd, (struct sockaddr *)&address, size) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    close(fd);
    return bound ? ntohs(address.sin_port) : 0;
}

static pid_t start(uint16_t port) {
    char text[16];
    pid_t pid = 0;
    snprintf(text, sizeof text, "%u", port);
    const char *const words[] = {"/proc/self/exe", "server", text, NULL};
    struct process_options options = {.arguments = words, .output = -1};
    error_ignore(process_start(&options, &pid, NULL));
    return pid;
}

static int by_size(const void *a, const void *b) {
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static void print_times(const char *what, uint64_t *times_ns, size_t count) {
    qsort(times_ns, count, sizeof *times_ns, by_size);
    printf("  %-52s p50 %8.1f   p99 %8.1f us\n", what, (double)times_ns[count / 2] / 1e3,
           (double)times_ns[count * 99 / 100] / 1e3);
}

static void nap(void) {
    struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
}

static void measure_scan(struct io_driver driver) {
    static uint8_t inputs[IMAGE_BYTES], outputs[IMAGE_BYTES];
    static uint64_t times_ns[SCANS];
    for (int waited = 0; waited < 10000 && driver.quality[DEVICES - 1] != STATUS_Good; waited++) {
        error_ignore(driver.read(driver.context, 0, inputs, IMAGE_BYTES));
        error_ignore(driver.write(driver.context, outputs, IMAGE_BYTES));
        nap();
    }
    for (size_t i = 0; i < SCANS; i++) {
        if (i % 10 == 0) outputs[i % IMAGE_BYTES] ^= 1; // every tenth scan changes an output
        uint64_t begin_ns = clock_monotonic_ns();
        error_ignore(driver.read(driver.context, 0, inputs, IMAGE_BYTES));
        error_ignore(driver.write(driver.context, outputs, IMAGE_BYTES));
        times_ns[i] = clock_monotonic_ns() - begin_ns;
        nap();
    }
    print_times("the driver: read and write of four devices", times_ns, SCANS);
}

static void measure_request(uint16_t port) {
    static uint64_t times_ns[REQUESTS];
    static uint8_t bits[BITS];
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", port);
    for (int waited = 0; waited < 1000 && modbus_connect(modbus) != 0; waited++) nap();
    for (size_t i = 0; i < REQUESTS; i++) {
        uint64_t begin_ns = clock_monotonic_ns();
        if (modbus_read_input_bits(modbus, 0, BITS, bits) != BITS) break;
        times_ns[i] = clock_monotonic_ns() - begin_ns;
    }
    print_times("one request of one device, waited for", times_ns, REQUESTS);
    modbus_close(modbus);
    modbus_free(modbus);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "server") == 0) return serve(argv[2]);
    static struct site_modbus_area areas[DEVICES][2];
    static struct site_modbus_device devices[DEVICES];
    pid_t servers[DEVICES + 1];
    for (unsigned i = 0; i < DEVICES; i++) {
        areas[i][0] = (struct site_modbus_area){.kind = "discrete_inputs", .count = BITS, .image_byte = i * BITS / 8};
        areas[i][1] = (struct site_modbus_area){.kind = "coils", .count = BITS, .image_byte = i * BITS / 8};
        devices[i] = (struct site_modbus_device){.name = "bench",
                                                 .address = "127.0.0.1",
                                                 .port = free_port(),
                                                 .unit = 1,
                                                 .period_ms = 10,
                                                 .timeout_ms = 1000,
                                                 .stale_ms = 1000,
                                                 .areas = areas[i],
                                                 .area_count = 2};
        servers[i] = start(devices[i].port);
    }
    uint16_t alone = free_port();
    servers[DEVICES] = start(alone);
    struct modbus_driver_options options = {.devices = devices, .device_count = DEVICES};
    struct modbus_driver *driver = NULL;
    struct problem problem = {0};
    if (modbus_driver_open(&options, &driver, &problem)) {
        fprintf(stderr, "%s\n", problem.text);
        return EXIT_FAILURE;
    }
    printf("Modbus TCP, %d devices with %d inputs and %d outputs each\n", DEVICES, BITS, BITS);
    measure_scan(modbus_driver_table(driver));
    modbus_driver_close(driver);
    measure_request(alone);
    for (unsigned i = 0; i <= DEVICES; i++) {
        kill(servers[i], SIGKILL);
        waitpid(servers[i], NULL, 0);
    }
    return EXIT_SUCCESS;
}
