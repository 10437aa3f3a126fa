/// A whole splc-edge of plants/mps in a process of its own, with a plant folder and a data folder of this test alone.
#pragma once

#include <model/model.h>
#include <sys/types.h>

struct whole_edge {
    char *plant_folder, *data_folder;
    struct plant *plant;
    pid_t pid; // 0: it does not run
};

/// Folders, certificate, model; `site` is what stands in site.yaml below "edge:", indented by two, with its line end.
void whole_edge_prepare(struct whole_edge *edge, const char *site);
void whole_edge_start(struct whole_edge *edge, const char *const *environment); // NULL: inherit
void whole_edge_remove(struct whole_edge *edge);                                // kills it
unsigned whole_edge_free_port(void);
const struct plant_signal *whole_edge_signal(const struct whole_edge *edge, const char *module, const char *signal);
void whole_edge_pause_ms(unsigned milliseconds);
