// splc-edge PLANT: the PLC of one station, with its OPC UA server. splc-edge replay FILE: a recording of it once more.
#include "edge.h"
#include "replay.h"

#include <base/log.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv) {
    log_open("splc-edge");
    if (argc > 1 && strcmp(argv[1], "replay") == 0) return replay_main(argc - 1, argv + 1);
    struct problem problem = {0};
    CLEANUP(edge_close) struct edge edge = {0};
    enum error error = edge_read_options(&edge, argc, argv, &problem);
    if (error) return log_error("%s", problem.text), EXIT_USAGE;
    error = edge_read_site(&edge, &problem);
    if (!error) error = edge_find_identity(&edge, &problem);
    if (!error) edge_open_diagnostics(&edge);
    if (!error) error = edge_read_model(&edge, &problem);
    if (!error) error = edge_open_driver(&edge, &problem);
    if (!error) edge_note_start(&edge);
    if (!error) error = edge_load_program(&edge, &problem);
    if (!error) error = edge_set_pins(&edge, &problem);
    if (!error) edge_restore(&edge);
    if (!error) error = edge_start_recording(&edge, &problem);
    if (!error) error = edge_start_scan(&edge, &problem);
    if (!error) error = edge_serve(&edge, &problem);
    if (!error) error = edge_run(&edge, &problem); // until SIGTERM
    if (error) log_error("not running: %s", problem.text);
    return error_exit_status(error);
}
