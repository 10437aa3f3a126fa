#include "whole_edge.h"

#include <base/buffer.h>
#include <base/file.h>
#include <base/process.h>
#include <netinet/in.h>
#include <pki/pki.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

unsigned whole_edge_free_port(void) {
    CLEANUP(descriptor_close_at) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void put(const char *folder, const char *name, const char *content) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    assert_int_equal(file_write(path, text_of(content), 0600, NULL), ERROR_NONE);
}

static void make_certificate(const struct whole_edge *edge) {
    CLEANUP(free_at) char *folder = testing_path(edge->data_folder, "pki/opcua");
    CLEANUP(free_at) char *certificate = testing_path(edge->data_folder, "pki/opcua/edge.der");
    CLEANUP(free_at) char *key = testing_path(edge->data_folder, "pki/opcua/edge.key.der");
    assert_int_equal(file_make_folder(folder, 0700, NULL), ERROR_NONE);
    struct pki_request request = {.common_name = "edge",
                                  .dns_names = (const char *[]){"localhost", NULL},
                                  .addresses = (const char *[]){"127.0.0.1", NULL},
                                  .uri = "urn:serverless-plc:edge:MPS",
                                  .days = 30,
                                  .server = true,
                                  .client = true};
    assert_int_equal(pki_make_application_certificate(&request, certificate, key, NULL), ERROR_NONE);
}

void whole_edge_prepare(struct whole_edge *edge, const char *site) {
    CLEANUP(buffer_clear) struct buffer model = {0};
    CLEANUP(buffer_clear) struct buffer text = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    *edge = (struct whole_edge){.plant_folder = testing_folder(), .data_folder = testing_folder()};
    assert_int_equal(file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &model, NULL), ERROR_NONE);
    put(edge->plant_folder, "plant.aml", model.data);
    assert_int_equal(model_read(buffer_view(&model), findings, &edge->plant, NULL), ERROR_NONE);
    buffer_print(&text, "edge:\n  port: %u\n%s", whole_edge_free_port(), site);
    put(edge->plant_folder, "site.yaml", text.data);
    make_certificate(edge);
}

void whole_edge_start(struct whole_edge *edge, const char *const *environment) {
    const char *const words[] = {BINARY_FOLDER "/splc-edge", edge->plant_folder, "--data", edge->data_folder, NULL};
    struct process_options options = {.arguments = words, .environment = environment, .output = -1};
    struct problem problem = {0};
    if (process_start(&options, &edge->pid, &problem)) fail_msg("%s", problem.text);
}

void whole_edge_remove(struct whole_edge *edge) {
    if (edge->pid > 0) {
        kill(edge->pid, SIGKILL);
        waitpid(edge->pid, NULL, 0);
    }
    plant_destroy(edge->plant);
    testing_remove(edge->plant_folder);
    testing_remove(edge->data_folder);
    free(edge->plant_folder);
    free(edge->data_folder);
}

const struct plant_signal *whole_edge_signal(const struct whole_edge *edge, const char *module, const char *signal) {
    const struct plant_element *element = plant_find(edge->plant, text_of(module));
    for (size_t i = 0; element != NULL && i < element->signal_count; i++)
        if (text_is(element->signals[i]->name, signal)) return element->signals[i];
    fail_msg("no signal %s of %s", signal, module);
    return NULL;
}

void whole_edge_pause_ms(unsigned milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    nanosleep(&pause, NULL);
}
