#include "connect_file.h"

#include <base/file.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CONNECT_BYTES_MAX = 1024 * 1024, CONNECT_DEPTH_MAX = 8 };

// --- writing ---

/// A member whose value is a file of the data folder.
static void put_file(struct json_writer *writer, const char *key, const struct site *site, const char *name) {
    CLEANUP(free_at) char *path = site_path(site, name);
    json_key(writer, key);
    if (path == NULL)
        writer->out->failed = true;
    else
        json_put_string(writer, path);
}

static void put_member(struct json_writer *writer, const char *key, const char *value) {
    json_key(writer, key);
    json_put_string(writer, value);
}

/// A member whose value is a URL of the site, which is freed.
static void put_url(struct json_writer *writer, const char *key, char *url) {
    CLEANUP(free_at) char *owned = url;
    if (owned == NULL)
        writer->out->failed = true;
    else
        put_member(writer, key, owned);
}

static void put_opcua_user(struct json_writer *writer, const struct site *site, const char *user) {
    char file[64];
    snprintf(file, sizeof file, "secrets/opcua-%s", user);
    json_key(writer, user);
    json_open_object(writer);
    put_member(writer, "user", user);
    put_file(writer, "passwordFile", site, file);
    json_close_object(writer);
}

static void put_opcua(struct json_writer *writer, const struct site *site) {
    json_key(writer, "opcua");
    json_open_object(writer);
    put_url(writer, "url", site_opcua_url(site));
    put_member(writer, "securityPolicy", "Basic256Sha256");
    put_member(writer, "securityMode", "SignAndEncrypt");
    put_file(writer, "serverCertificate", site, "pki/opcua/edge.der");
    put_file(writer, "clientCertificate", site, "pki/opcua/client.pem");
    put_file(writer, "clientKey", site, "pki/opcua/client.key.pem");
    put_file(writer, "clientCertificateDer", site, "pki/opcua/client.der");
    put_file(writer, "clientKeyDer", site, "pki/opcua/client.key.der");
    put_member(writer, "applicationUri", "urn:serverless-plc:client");
    put_opcua_user(writer, site, "operator");
    put_opcua_user(writer, site, "viewer");
    json_close_object(writer);
}

static void put_nats(struct json_writer *writer, const struct site *site) {
    json_key(writer, "nats");
    json_open_object(writer);
    put_url(writer, "url", site_nats_url(site));
    put_file(writer, "ca", site, "pki/ca.crt");
    put_member(writer, "user", "tool");
    put_file(writer, "passwordFile", site, "secrets/nats-tool");
    json_close_object(writer);
}

static void put_device(struct json_writer *writer, const struct site *site, struct text thing) {
    char certificate[192], key[192];
    snprintf(certificate, sizeof certificate, "pki/device-%.*s.crt", TEXT_ARG(thing));
    snprintf(key, sizeof key, "pki/device-%.*s.key", TEXT_ARG(thing));
    json_key_text(writer, thing);
    json_open_object(writer);
    put_file(writer, "certificate", site, certificate);
    put_file(writer, "key", site, key);
    json_close_object(writer);
}

static void put_mqtt(struct json_writer *writer, const struct site *site, const struct plant *plant) {
    json_key(writer, "mqtt");
    json_open_object(writer);
    put_url(writer, "url", site_mqtt_url(site));
    put_file(writer, "ca", site, "pki/ca.crt");
    json_key(writer, "devices");
    json_open_object(writer);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->thing == element) put_device(writer, site, element->name);
    }
    json_close_object(writer);
    json_close_object(writer);
}

static void put_http(struct json_writer *writer, const struct site *site) {
    json_key(writer, "http");
    json_open_object(writer);
    put_url(writer, "url", site_http_url(site));
    put_url(writer, "httpsUrl", site_https_url(site));
    put_file(writer, "ca", site, "pki/ca.crt");
    put_file(writer, "tokenFile", site, "secrets/api-token");
    put_file(writer, "credentialsFile", site, "secrets/aws-credentials");
    json_close_object(writer);
}

static void put_lambda(struct json_writer *writer, const struct site *site) {
    json_key(writer, "lambda");
    json_open_object(writer);
    put_url(writer, "url", site_lambda_url(site));
    put_file(writer, "tokenFile", site, "secrets/api-token");
    put_file(writer, "credentialsFile", site, "secrets/aws-credentials");
    json_close_object(writer);
}

enum error connect_file_write(const struct site *site, const struct plant *plant, struct problem *ret_problem) {
    CLEANUP(free_at) char *path = site_path(site, "connect.json");
    if (path == NULL) return ERROR_NO_MEMORY;
    CLEANUP(buffer_clear) struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    json_open_object(&writer);
    put_member(&writer, "plant", site->plant_name);
    json_key(&writer, "pid");
    json_put_integer(&writer, getpid());
    put_opcua(&writer, site);
    put_nats(&writer, site);
    put_mqtt(&writer, site, plant);
    put_http(&writer, site);
    put_lambda(&writer, site);
    json_close_object(&writer);
    buffer_byte(&text, '\n');
    if (text.failed) return ERROR_NO_MEMORY;
    return file_write(path, buffer_view(&text), 0600, ret_problem);
}

// --- reading ---

struct owner {
    struct connect_file file; // first: a pointer to it is handed out
    char **strings;
    size_t count, capacity;
};

static const struct member {
    const char *path;
    size_t offset;
} members[] = {
    {"plant", offsetof(struct connect_file, plant)},
    {"opcua/url", offsetof(struct connect_file, opcua.url)},
    {"opcua/securityPolicy", offsetof(struct connect_file, opcua.policy)},
    {"opcua/securityMode", offsetof(struct connect_file, opcua.mode)},
    {"opcua/serverCertificate", offsetof(struct connect_file, opcua.server_certificate)},
    {"opcua/clientCertificate", offsetof(struct connect_file, opcua.client_certificate)},
    {"opcua/clientKey", offsetof(struct connect_file, opcua.client_key)},
    {"opcua/applicationUri", offsetof(struct connect_file, opcua.application_uri)},
    {"opcua/operator/user", offsetof(struct connect_file, opcua.operator_user)},
    {"opcua/operator/passwordFile", offsetof(struct connect_file, opcua.operator_password_file)},
    {"opcua/viewer/user", offsetof(struct connect_file, opcua.viewer_user)},
    {"opcua/viewer/passwordFile", offsetof(struct connect_file, opcua.viewer_password_file)},
    {"nats/url", offsetof(struct connect_file, nats.url)},
    {"nats/ca", offsetof(struct connect_file, nats.ca)},
    {"nats/user", offsetof(struct connect_file, nats.user)},
    {"nats/passwordFile", offsetof(struct connect_file, nats.password_file)},
    {"mqtt/url", offsetof(struct connect_file, mqtt.url)},
    {"mqtt/ca", offsetof(struct connect_file, mqtt.ca)},
    {"http/url", offsetof(struct connect_file, http.url)},
    {"http/httpsUrl", offsetof(struct connect_file, http.https_url)},
    {"http/ca", offsetof(struct connect_file, http.ca)},
    {"http/tokenFile", offsetof(struct connect_file, http.token_file)},
    {"http/credentialsFile", offsetof(struct connect_file, http.credentials_file)},
    {"lambda/url", offsetof(struct connect_file, lambda.url)},
    {"lambda/tokenFile", offsetof(struct connect_file, lambda.token_file)},
    {"lambda/credentialsFile", offsetof(struct connect_file, lambda.credentials_file)},
};

/// A copy that lives as long as the file; NULL when out of memory.
static const char *keep(struct owner *owner, struct text text) {
    if (owner->count == owner->capacity) {
        size_t capacity = owner->capacity == 0 ? 64 : 2 * owner->capacity;
        char **grown = realloc(owner->strings, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        owner->strings = grown;
        owner->capacity = capacity;
    }
    char *copy = text_copy(text);
    if (copy != NULL) owner->strings[owner->count++] = copy;
    return copy;
}

static enum error take_members(struct owner *owner, const struct json *root, const char *path,
                               struct problem *problem) {
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct json *value = json_path(root, text_of(members[i].path));
        if (!json_is(value, JSON_STRING)) {
            return problem_say(problem, ERROR_INVALID, "%s: no text at %s: `splc up PLANT` writes the file anew", path,
                               members[i].path);
        }
        const char *copy = keep(owner, json_string(value));
        if (copy == NULL) return ERROR_NO_MEMORY;
        *(const char **)(void *)((char *)&owner->file + members[i].offset) = copy;
    }
    return ERROR_NONE;
}

static enum error take_devices(struct owner *owner, const struct json *root) {
    const struct json *devices = json_path(root, TEXT("mqtt/devices"));
    struct connect_device *list = calloc(json_count(devices) + 1, sizeof *list);
    if (list == NULL) return ERROR_NO_MEMORY;
    owner->file.mqtt.devices = list;
    struct json_each each = json_each(devices);
    while (json_next(&each)) {
        struct connect_device *device = &list[owner->file.mqtt.device_count++];
        device->thing = keep(owner, each.name);
        device->certificate = keep(owner, json_string(json_member(each.value, "certificate")));
        device->key = keep(owner, json_string(json_member(each.value, "key")));
        if (device->thing == NULL || device->certificate == NULL || device->key == NULL) return ERROR_NO_MEMORY;
    }
    return ERROR_NONE;
}

enum error connect_file_read(const char *data_folder, struct connect_file **ret_file, struct problem *ret_problem) {
    CLEANUP(free_at) char *path = file_join(data_folder, "connect.json");
    if (path == NULL) return ERROR_NO_MEMORY;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, CONNECT_BYTES_MAX, &bytes, ret_problem);
    if (error == ERROR_NOT_FOUND) {
        return problem_say(ret_problem, error,
                           "%s: not found: `splc up PLANT` writes it; if the plant's data are "
                           "elsewhere, say where with --data DIR",
                           path);
    }
    if (error) return error;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    const struct json_limits limits = {CONNECT_BYTES_MAX, CONNECT_DEPTH_MAX};
    error = json_parse(buffer_view(&bytes), limits, &document, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "%s", path);
    struct owner *owner = calloc(1, sizeof *owner);
    if (owner == NULL) return ERROR_NO_MEMORY;
    CLEANUP(free_at) char *absolute = realpath(data_folder, NULL);
    owner->file.data_folder = keep(owner, text_of(absolute == NULL ? data_folder : absolute));
    error =
        owner->file.data_folder == NULL ? ERROR_NO_MEMORY : take_members(owner, json_root(document), path, ret_problem);
    if (!error) error = take_devices(owner, json_root(document));
    if (error)
        connect_file_destroy(&owner->file);
    else
        *ret_file = &owner->file;
    return error;
}

void connect_file_destroy(struct connect_file *file) {
    if (file == NULL) return;
    struct owner *owner = (struct owner *)file;
    for (size_t i = 0; i < owner->count; i++) free(owner->strings[i]);
    free(owner->strings);
    free((void *)(uintptr_t)file->mqtt.devices);
    free(owner);
}
