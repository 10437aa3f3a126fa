/// DATA/connect.json: for each interface its URL and the files that a client needs (docs/spec/data-folder.md).
/// Written by `splc up`, read by the other commands.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <model/model.h>
#include <site/site.h>

enum error connect_file_write(const struct site *site, const struct plant *plant, struct problem *ret_problem);

struct connect_device {
    const char *thing, *certificate, *key;
};

struct connect_file {
    const char *data_folder;
    const char *plant;
    struct {
        const char *url, *policy, *mode, *server_certificate, *client_certificate, *client_key, *application_uri;
        const char *operator_user, *operator_password_file, *viewer_user, *viewer_password_file;
    } opcua;
    struct {
        const char *url, *ca, *user, *password_file;
    } nats;
    struct {
        const char *url, *ca;
        const struct connect_device *devices;
        size_t device_count;
    } mqtt;
    struct {
        const char *url, *https_url, *ca, *token_file, *credentials_file;
    } http;
    struct {
        const char *url, *token_file, *credentials_file;
    } lambda;
};

/// The problem says what to do when there is no plant, or the file is not as it should be.
enum error connect_file_read(const char *data_folder, struct connect_file **ret_file, struct problem *ret_problem);
void connect_file_destroy(struct connect_file *file); // NULL is fine
CLEANUP_DEFINE(struct connect_file, connect_file_destroy)
