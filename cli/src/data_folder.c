#include "data_folder.h"

#include <base/file.h>
#include <pki/pki.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0700,
    CERTIFICATE_DAYS = 3650, // a desk needs no renewal; a plant brings its own certificates
    HOST_NAME_BYTES = 65,
    LOCK_BYTES_MAX = 32, // a pid
    CERTIFICATE_BYTES_MAX = 64 * 1024,
    KEY_ID_BYTES = 21, // of an access key, with NUL
};

const char *const bus_users[] = {"gateway", "twins", "functions", "api", "uplink", "tool", NULL};

static const char *const folders[] = {"pki",  "pki/opcua",      "edge",  "edge/rejected", "secrets",
                                      "nats", "nats/jetstream", "twins", "functions",     "log"};

/// Users of the edge's OPC UA server.
static const struct {
    const char *name;
    const char *role;
} edge_users[] = {
    {"viewer", "viewer"},    {"operator", "operator"}, {"engineer", "engineer"}, {"administrator", "administrator"},
    {"gateway", "operator"},
};

enum { EDGE_USERS = sizeof edge_users / sizeof *edge_users, USERS_BYTES_MAX = 64 * 1024 };

/// What every step needs.
struct making {
    const struct site *site;
    struct problem *problem;
    const char *host_names[3];
    const char *addresses[5];
    char *authority, *authority_key;
    unsigned new_users; // bits by index in `edge_users`: those whose secret was made just now
};

/// "DATA/<format>", for the caller to free.
__attribute__((format(printf, 2, 3))) static char *path_in(const struct site *site, const char *format, ...) {
    char *name = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&name, format, arguments);
    va_end(arguments);
    if (length < 0) return NULL;
    char *path = site_path(site, name);
    free(name);
    return path;
}

static enum error make_folders(const struct making *making) {
    enum error error = file_make_folder(making->site->data_folder, FOLDER_MODE, making->problem);
    for (size_t i = 0; !error && i < sizeof folders / sizeof *folders; i++) {
        CLEANUP(free_at) char *path = site_path(making->site, folders[i]);
        error = path == NULL ? ERROR_NO_MEMORY : file_make_folder(path, FOLDER_MODE, making->problem);
    }
    return error;
}

/// Both there: nothing to do. One alone: somebody must say which one is right.
static enum error check_pair(const struct making *making, const char *certificate, const char *key, bool *ret_there) {
    bool has_certificate = file_exists(certificate), has_key = file_exists(key);
    *ret_there = has_certificate && has_key;
    if (has_certificate == has_key) return ERROR_NONE;
    return problem_say(making->problem, ERROR_INVALID,
                       "%s is there, but %s is not: bring it back, or remove the first "
                       "and both are made anew",
                       has_key ? key : certificate, has_key ? certificate : key);
}

// --- certificates signed by the site's authority ---

static enum error make_authority(const struct making *making) {
    bool there;
    enum error error = check_pair(making, making->authority, making->authority_key, &there);
    if (error || there) return error;
    char name[96];
    snprintf(name, sizeof name, "Serverless PLC site %s", making->site->plant_name);
    return pki_make_authority(making->authority, making->authority_key, name, making->problem);
}

static enum error make_signed(const struct making *making, const char *file, const struct pki_request *request) {
    CLEANUP(free_at) char *certificate = path_in(making->site, "pki/%s.crt", file);
    CLEANUP(free_at) char *key = path_in(making->site, "pki/%s.key", file);
    if (certificate == NULL || key == NULL) return ERROR_NO_MEMORY;
    bool there;
    enum error error = check_pair(making, certificate, key, &there);
    if (error || there) return error;
    return pki_make_certificate(making->authority, making->authority_key, request, certificate, key, making->problem);
}

static enum error make_server(const struct making *making, const char *name) {
    const struct pki_request request = {.common_name = name,
                                        .dns_names = making->host_names,
                                        .addresses = making->addresses,
                                        .days = CERTIFICATE_DAYS,
                                        .server = true};
    return make_signed(making, name, &request);
}

static enum error make_device(const struct making *making, const char *thing) {
    char file[160];
    snprintf(file, sizeof file, "device-%s", thing);
    const struct pki_request request = {.common_name = thing, .days = CERTIFICATE_DAYS, .client = true};
    return make_signed(making, file, &request);
}

static enum error make_devices(const struct making *making, const struct plant *plant) {
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->thing != element) continue;
        CLEANUP(free_at) char *name = text_copy(element->name);
        enum error error = name == NULL ? ERROR_NO_MEMORY : make_device(making, name);
        if (error) return error;
    }
    return ERROR_NONE;
}

// --- OPC UA application certificates ---

static enum error make_application(const struct making *making, const char *name, const char *uri) {
    CLEANUP(free_at) char *certificate = path_in(making->site, "pki/opcua/%s.der", name);
    CLEANUP(free_at) char *key = path_in(making->site, "pki/opcua/%s.key.der", name);
    if (certificate == NULL || key == NULL) return ERROR_NO_MEMORY;
    bool there;
    enum error error = check_pair(making, certificate, key, &there);
    if (error || there) return error;
    char common_name[96];
    snprintf(common_name, sizeof common_name, "Serverless PLC %s", name);
    const struct pki_request request = {.common_name = common_name,
                                        .dns_names = making->host_names,
                                        .addresses = making->addresses,
                                        .uri = uri,
                                        .days = CERTIFICATE_DAYS,
                                        .server = true,
                                        .client = true};
    return pki_make_application_certificate(&request, certificate, key, making->problem);
}

static enum error export_client(const struct making *making) {
    CLEANUP(free_at) char *der = site_path(making->site, "pki/opcua/client.der");
    CLEANUP(free_at) char *key_der = site_path(making->site, "pki/opcua/client.key.der");
    CLEANUP(free_at) char *pem = site_path(making->site, "pki/opcua/client.pem");
    CLEANUP(free_at) char *key_pem = site_path(making->site, "pki/opcua/client.key.pem");
    if (der == NULL || key_der == NULL || pem == NULL || key_pem == NULL) return ERROR_NO_MEMORY;
    bool there;
    enum error error = check_pair(making, pem, key_pem, &there);
    if (error || there) return error;
    return pki_export_pem(der, key_der, pem, key_pem, making->problem);
}

static enum error make_applications(const struct making *making, const struct plant *plant) {
    char edge_uri[160];
    snprintf(edge_uri, sizeof edge_uri, "urn:serverless-plc:edge:%.*s", TEXT_ARG(plant->station->name));
    enum error error = make_application(making, "edge", edge_uri);
    if (!error) error = make_application(making, "gateway", "urn:serverless-plc:gateway");
    if (!error) error = make_application(making, "client", "urn:serverless-plc:client");
    return error ? error : export_client(making);
}

/// The trust list is made once, complete: who takes a certificate out of it later does not find it there again.
static enum error trust(const struct making *making, const char *folder, const char *name) {
    CLEANUP(free_at) char *from = path_in(making->site, "pki/opcua/%s.der", name);
    CLEANUP(free_at) char *to = NULL;
    if (from == NULL || asprintf(&to, "%s/%s.der", folder, name) < 0) return ERROR_NO_MEMORY;
    CLEANUP(buffer_clear) struct buffer der = {0};
    enum error error = file_read(from, CERTIFICATE_BYTES_MAX, &der, making->problem);
    return error ? error : file_write(to, buffer_view(&der), 0644, making->problem);
}

static enum error make_trust_list(const struct making *making) {
    CLEANUP(free_at) char *list = site_path(making->site, "edge/trusted");
    CLEANUP(free_at) char *fresh = site_path(making->site, "edge/trusted.new");
    if (list == NULL || fresh == NULL) return ERROR_NO_MEMORY;
    if (file_exists(list)) return ERROR_NONE;
    enum error error = file_make_folder(fresh, FOLDER_MODE, making->problem);
    if (!error) error = trust(making, fresh, "gateway");
    if (!error) error = trust(making, fresh, "client");
    if (!error && rename(fresh, list) != 0) {
        error = problem_say(making->problem, error_from_errno(errno), "%s: %s", list, strerror(errno));
    }
    return error;
}

// --- secrets and users ---

static enum error make_secret(const struct making *making, const char *kind, const char *user) {
    CLEANUP(free_at) char *path = path_in(making->site, "secrets/%s-%s", kind, user);
    if (path == NULL) return ERROR_NO_MEMORY;
    return file_exists(path) ? ERROR_NONE : pki_secret_make(path, making->problem);
}

/// 20 capital letters and digits, as AWS's are.
static enum error make_key_id(char id[static KEY_ID_BYTES]) {
    char random[PKI_SECRET_BYTES];
    size_t length = (size_t)snprintf(id, KEY_ID_BYTES, "SPLC");
    while (length + 1 < KEY_ID_BYTES) {
        enum error error = pki_secret(random);
        if (error) return error;
        for (const char *c = random; *c != '\0' && length + 1 < KEY_ID_BYTES; c++) {
            if (isalnum((unsigned char)*c)) id[length++] = (char)toupper((unsigned char)*c);
        }
    }
    id[length] = '\0';
    return ERROR_NONE;
}

/// Made once, with one client; people add others.
static enum error make_access_keys(const struct making *making) {
    CLEANUP(free_at) char *path = site_path(making->site, "secrets/aws-credentials");
    if (path == NULL) return ERROR_NO_MEMORY;
    if (file_exists(path)) return ERROR_NONE;
    char id[KEY_ID_BYTES], secret[PKI_SECRET_BYTES];
    enum error error = make_key_id(id);
    if (!error) error = pki_secret(secret);
    if (error) return error;
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_print(
        &text,
        "# Access keys for AWS's SDKs and tools: AWS_SHARED_CREDENTIALS_FILE is this file, AWS_PROFILE a section.\n"
        "# One section per client. Whose section is taken out is refused from then on.\n"
        "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
        id, secret);
    return text.failed ? ERROR_NO_MEMORY : file_write(path, buffer_view(&text), 0600, making->problem);
}

/// Who has lost a password removes its file: with the new one the user's line at the edge is made anew, too.
static enum error make_user_secret(struct making *making, size_t user) {
    CLEANUP(free_at) char *path = path_in(making->site, "secrets/opcua-%s", edge_users[user].name);
    if (path == NULL) return ERROR_NO_MEMORY;
    if (!file_exists(path)) making->new_users |= 1u << user;
    return make_secret(making, "opcua", edge_users[user].name);
}

static enum error make_secrets(struct making *making) {
    enum error error = make_secret(making, "api", "token");
    for (size_t i = 0; !error && bus_users[i] != NULL; i++) error = make_secret(making, "nats", bus_users[i]);
    for (size_t i = 0; !error && i < sizeof edge_users / sizeof *edge_users; i++) {
        error = make_user_secret(making, i);
    }
    if (!error) error = make_access_keys(making);
    return error;
}

static enum error append_user(const struct making *making, const char *name, const char *role, struct buffer *users) {
    CLEANUP(free_at) char *path = path_in(making->site, "secrets/opcua-%s", name);
    if (path == NULL) return ERROR_NO_MEMORY;
    CLEANUP(buffer_clear) struct buffer password = {0};
    char hash[PKI_HASH_BYTES];
    enum error error = pki_secret_read(path, &password, making->problem);
    if (!error) error = pki_password_hash(buffer_view(&password), hash);
    if (!error) buffer_print(users, "%s:%s:%s\n", name, role, hash);
    return error;
}

/// Index of the user that the line is of; as many as there are: somebody else's, or a comment.
static size_t user_of(struct text line) {
    struct text rest = line, name = TEXT_EMPTY;
    text_split(&rest, ':', &name);
    size_t user = 0;
    while (user < EDGE_USERS && !text_is(name, edge_users[user].name)) user++;
    return user;
}

/// The lines that stay: all but those of users whose secret is new.
static enum error keep_users(const struct making *making, const char *path, struct buffer *users) {
    CLEANUP(buffer_clear) struct buffer before = {0};
    enum error error = file_read(path, USERS_BYTES_MAX, &before, making->problem);
    struct text rest = buffer_view(&before), line;
    while (!error && text_split(&rest, '\n', &line)) {
        size_t user = user_of(line);
        bool is_new = user < EDGE_USERS && (making->new_users >> user & 1) != 0;
        if (!is_new && line.length > 0) buffer_print(users, "%.*s\n", TEXT_ARG(line));
    }
    return error;
}

static enum error make_edge_users(struct making *making) {
    CLEANUP(free_at) char *path = site_path(making->site, "edge/users");
    if (path == NULL) return ERROR_NO_MEMORY;
    bool exists = file_exists(path);
    if (exists && making->new_users == 0) return ERROR_NONE;
    if (!exists) making->new_users = (1u << EDGE_USERS) - 1;
    CLEANUP(buffer_clear) struct buffer users = {0};
    enum error error = exists ? keep_users(making, path, &users) : ERROR_NONE;
    for (size_t i = 0; !error && i < EDGE_USERS; i++)
        if ((making->new_users >> i & 1) != 0)
            error = append_user(making, edge_users[i].name, edge_users[i].role, &users);
    if (error) return error;
    if (users.failed) return ERROR_NO_MEMORY;
    return file_write(path, buffer_view(&users), 0600, making->problem);
}

// --- public ---

/// The names and addresses by which servers of this machine are reached.
static void set_names(struct making *making, const char *host_name) {
    size_t names = 0, addresses = 0;
    making->host_names[names++] = "localhost";
    if (host_name[0] != '\0' && strcmp(host_name, "localhost") != 0) making->host_names[names++] = host_name;
    const char *const candidates[] = {"127.0.0.1", "::1", making->site->edge.address, making->site->fog.address};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        bool seen = strcmp(candidates[i], "0.0.0.0") == 0 || strcmp(candidates[i], "::") == 0;
        for (size_t j = 0; j < addresses; j++) seen = seen || strcmp(making->addresses[j], candidates[i]) == 0;
        if (!seen) making->addresses[addresses++] = candidates[i];
    }
}

enum error data_folder_make(const struct site *site, const struct plant *plant, struct problem *ret_problem) {
    struct making making = {.site = site, .problem = ret_problem};
    char host_name[HOST_NAME_BYTES] = "";
    if (gethostname(host_name, sizeof host_name - 1) != 0) host_name[0] = '\0';
    set_names(&making, host_name);
    CLEANUP(free_at) char *authority = site_path(site, "pki/ca.crt");
    CLEANUP(free_at) char *authority_key = site_path(site, "pki/ca.key");
    if (authority == NULL || authority_key == NULL) return ERROR_NO_MEMORY;
    making.authority = authority;
    making.authority_key = authority_key;
    enum error error = make_folders(&making);
    if (!error) error = make_authority(&making);
    if (!error) error = make_server(&making, "nats");
    if (!error) error = make_server(&making, "https");
    if (!error) error = make_devices(&making, plant);
    if (!error) error = make_applications(&making, plant);
    if (!error) error = make_trust_list(&making);
    if (!error) error = make_secrets(&making);
    if (!error) error = make_edge_users(&making);
    return error;
}

static enum error refuse_taken(const char *path, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer holder = {0};
    error_ignore(file_read(path, LOCK_BYTES_MAX, &holder, NULL)); // without the pid the message is still true
    struct text pid = text_trim(buffer_view(&holder));
    return problem_say(
        ret_problem, ERROR_EXISTS,
        "%s: the data folder is in use by another `splc up`, process %.*s: stop that one (kill %.*s), or "
        "choose another folder with --data DIR and other ports with --port-offset N",
        path, TEXT_ARG(pid), TEXT_ARG(pid));
}

static enum error take(int fd, const char *path, struct problem *ret_problem) {
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) return refuse_taken(path, ret_problem);
    char pid[LOCK_BYTES_MAX];
    int length = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) == 0 && write(fd, pid, (size_t)length) == length) return ERROR_NONE;
    return problem_say(ret_problem, error_from_errno(errno), "%s: %s", path, strerror(errno));
}

static enum error refuse_folder(const struct site *site, enum error error, const char *why,
                                struct problem *ret_problem) {
    return problem_say(ret_problem, error,
                       "the data folder %s cannot be used: %s: choose one that you may write to with --data DIR, or "
                       "change its rights or those of the folder above it",
                       site->data_folder, why);
}

enum error data_folder_lock(const struct site *site, int *ret_fd, struct problem *ret_problem) {
    CLEANUP(free_at) char *path = site_path(site, "lock");
    if (path == NULL) return ERROR_NO_MEMORY;
    struct problem why = {""};
    enum error error = file_make_folder(site->data_folder, FOLDER_MODE, &why);
    if (error) return refuse_folder(site, error, why.text, ret_problem);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return refuse_folder(site, error_from_errno(errno), strerror(errno), ret_problem);
    error = take(fd, path, ret_problem);
    if (error)
        close(fd);
    else
        *ret_fd = fd;
    return error;
}

enum error data_folder_make_current(const struct site *site, struct problem *ret_problem) {
    CLEANUP(free_at) char *state = site_state_folder();
    if (state == NULL) return ERROR_NONE;
    CLEANUP(free_at) char *usual = file_join(state, site->plant_name);
    CLEANUP(free_at) char *link = file_join(state, "current");
    CLEANUP(free_at) char *fresh = file_join(state, "current.new");
    if (usual == NULL || link == NULL || fresh == NULL) return ERROR_NO_MEMORY;
    if (strcmp(usual, site->data_folder) != 0) return ERROR_NONE;
    unlink(fresh);
    if (symlink(site->data_folder, fresh) == 0 && rename(fresh, link) == 0) return ERROR_NONE;
    return problem_say(ret_problem, error_from_errno(errno), "%s: %s", link, strerror(errno));
}

enum error data_folder_find_current(char **ret_folder, struct problem *ret_problem) {
    CLEANUP(free_at) char *state = site_state_folder();
    CLEANUP(free_at) char *link = state == NULL ? NULL : file_join(state, "current");
    char *folder = link == NULL ? NULL : realpath(link, NULL);
    if (folder == NULL) {
        return problem_say(ret_problem, ERROR_NOT_FOUND,
                           "no plant was started here: start one with `splc up PLANT`, or say where its data are with "
                           "--data DIR");
    }
    *ret_folder = folder;
    return ERROR_NONE;
}
