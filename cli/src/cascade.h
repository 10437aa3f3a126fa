/// The processes of a plant on one machine: what is started, in which order, with which arguments.
#pragma once

#include "supervisor.h"

#include <base/options.h>
#include <site/site.h>

enum { CASCADE_ARGUMENTS_MAX = 16 + 2 * OPTION_LIST_MAX };

struct cascade {
    struct supervised processes[SUPERVISOR_PROCESSES_MAX];
    const char *arguments[SUPERVISOR_PROCESSES_MAX][CASCADE_ARGUMENTS_MAX];
    const char *edge_again[CASCADE_ARGUMENTS_MAX];
    size_t count;
    char *texts[SUPERVISOR_PROCESSES_MAX * 3]; // programs, log files, numbers: freed by cascade_clear
    size_t text_count;
};

struct cascade_options {
    const struct site *site;
    const char *programs; // folder of splc-edge and splc-fog
    const char *speed;    // as given; NULL: the site's
    const char *seed;
    const struct option_list *press; // for the simulated panel; empty: the site's
};

/// nats-server, splc-edge, then the services of the fog.
enum error cascade_init(struct cascade *cascade, const struct cascade_options *options);
void cascade_clear(struct cascade *cascade);
