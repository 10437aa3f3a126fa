// The diagnostics buffer of this PLC: what a start was, and what changed since the one before.

#include "edge.h"

#include <base/cleanup.h>
#include <base/file.h>
#include <base/log.h>

#include <stdlib.h>
#include <string.h>

enum { HASH_SHOWN = 16 }; // digits in an entry: enough to tell versions apart

void edge_open_diagnostics(struct edge *edge) {
    CLEANUP(free_at) char *folder = site_path(edge->site, "edge");
    CLEANUP(free_at) char *path = site_path(edge->site, "edge/diagnostics");
    struct problem problem = {0};
    if (folder == NULL || path == NULL || file_make_folder(folder, 0700, &problem) ||
        diagnostics_open(path, &edge->diagnostics, &problem))
        log_warning("without diagnostics buffer: %s", problem.text);
}

/// False when there is none.
static bool find_entry(struct diagnostics *diagnostics, enum diagnostics_id id, struct diagnostics_entry *ret_entry) {
    uint64_t sequence = diagnostics_count(diagnostics);
    while (diagnostics_at(diagnostics, sequence, ret_entry)) {
        if (ret_entry->code == diagnostics_code(id)) return true;
        sequence--;
    }
    return false;
}

static void compare(struct edge *edge, const struct diagnostics_entry *before, enum diagnostics_id id, const char *what,
                    const char *hash) {
    char shown[HASH_SHOWN + 1] = "";
    memcpy(shown, hash, HASH_SHOWN);
    if (strstr(before->text, shown) != NULL) return;
    diagnostics_add(edge->diagnostics, id, TEXT_EMPTY, "%s is another than at the start before: %s", what, shown);
}

void edge_note_start(struct edge *edge) {
    struct diagnostics *diagnostics = edge->diagnostics;
    struct edge_fingerprint *fingerprint = &edge->fingerprint;
    fingerprint->model_version = text_copy(edge->plant->version);
    struct problem problem = {0};
    if (pki_digest_file(edge->site->model_file, fingerprint->model_hash, &problem) ||
        pki_digest_file("/proc/self/exe", fingerprint->program_hash, &problem))
        log_warning("program and model are not told by their hash: %s", problem.text);
    if (diagnostics == NULL) return;
    struct diagnostics_entry last, started;
    bool any = diagnostics_at(diagnostics, diagnostics_count(diagnostics), &last);
    bool known = find_entry(diagnostics, DIAGNOSTICS_STARTED, &started);
    if (any && last.code != diagnostics_code(DIAGNOSTICS_STOPPED))
        diagnostics_add(diagnostics, DIAGNOSTICS_NOT_STOPPED, TEXT_EMPTY,
                        "the start before ended without being stopped: power cut, crash or kill");
    diagnostics_add(diagnostics, DIAGNOSTICS_STARTED, TEXT_EMPTY,
                    "model %s %.16s, program " SPLC_VERSION " %.16s, driver %s",
                    fingerprint->model_version == NULL ? "" : fingerprint->model_version, fingerprint->model_hash,
                    fingerprint->program_hash, edge->driver.name);
    if (!known) return;
    compare(edge, &started, DIAGNOSTICS_MODEL_CHANGED, "the plant model", fingerprint->model_hash);
    compare(edge, &started, DIAGNOSTICS_PROGRAM_CHANGED, "the program", fingerprint->program_hash);
}

void edge_close_diagnostics(struct edge *edge) {
    diagnostics_add(edge->diagnostics, DIAGNOSTICS_STOPPED, TEXT_EMPTY,
                    edge->server == NULL ? "ended before it served" : "stopped, the outputs are in their safe state");
    if (edge->diagnostics != NULL && !diagnostics_healthy(edge->diagnostics))
        log_warning("the diagnostics buffer was not written: look at the disk");
    diagnostics_close(edge->diagnostics);
    free(edge->fingerprint.model_version);
}
