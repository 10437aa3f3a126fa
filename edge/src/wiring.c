// The pin map of this PLC: the model's, or what an engineer made of it.

#include "edge.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>
#include <base/log.h>

enum error edge_set_pins(struct edge *edge, struct problem *ret_problem) {
    edge->pins_file = site_path(edge->site, "edge/pins");
    if (edge->pins_file == NULL || pins_create(edge->plant, edge->program, &edge->pins))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    if (!file_exists(edge->pins_file)) return ERROR_NONE;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct scan_pin_table *table = NULL;
    enum error error = file_read(edge->pins_file, PINS_BYTES_MAX, &bytes, ret_problem);
    if (error) return error;
    error = pins_read(edge->pins, buffer_view(&bytes), ret_problem);
    size_t differences = pins_differences(edge->pins);
    if (!error) error = pins_prepare(edge->pins, &table, ret_problem);
    if (error)
        return problem_prefix(ret_problem, error, "%s (mend it, or remove it to take the plant model's pins)",
                              edge->pins_file);
    scan_set_pins(program_scan(edge->program), table);
    pins_accept(edge->pins);
    if (differences > 0)
        log_info("%zu channels are wired otherwise than in the plant model: %s", differences, edge->pins_file);
    return ERROR_NONE;
}
