// Which driver stands behind the terminals, as site file or plant model say.
#include "edge.h"

#include <base/clock.h>
#include <base/log.h>
#include <string.h>

static enum error open_sim(struct edge *edge, struct problem *ret_problem) {
    struct sim_options options = {
        .seed = edge->site->edge.seed,
        .operator_present = edge->site->edge.operator_present,
        .press = edge->site->edge.press,
        .press_count = edge->site->edge.press_count,
    };
    enum error error = sim_create(edge->plant, &options, &edge->sim, ret_problem);
    if (!error) edge->driver = sim_driver(edge->sim);
    return error;
}

static enum error open_picontrol(struct edge *edge, struct problem *ret_problem) {
    struct picontrol_options options = {
        .device = edge->site->edge.picontrol.device,
        .config_file = edge->site->edge.picontrol.config,
        .watchdog_ms = edge->site->edge.picontrol.watchdog_ms,
        .scan_period_ns = edge_scan_period_ns(edge),
    };
    enum error error = picontrol_open(edge->plant, &options, &edge->picontrol, ret_problem);
    if (!error) edge->driver = picontrol_driver(edge->picontrol);
    return error;
}

static enum error open_modbus(struct edge *edge, struct problem *ret_problem) {
    struct modbus_driver_options options = {.devices = edge->site->edge.modbus,
                                            .device_count = edge->site->edge.modbus_count};
    enum error error = modbus_driver_open(&options, &edge->modbus, ret_problem);
    if (!error) edge->driver = modbus_driver_table(edge->modbus);
    return error;
}

static const struct {
    const char *name;
    enum error (*open)(struct edge *edge, struct problem *ret_problem);
} DRIVERS[] = {{"sim", open_sim}, {"picontrol", open_picontrol}, {"modbus", open_modbus}};

enum error edge_open_driver(struct edge *edge, struct problem *ret_problem) {
    const char *where = "site.yaml, edge.driver";
    struct text name = text_of(edge->site->edge.driver);
    if (name.length == 0) {
        where = "the controller's Driver in the plant model";
        name = plant_attribute(edge->plant->controller, TEXT("Driver"));
    }
    if (name.length == 0) {
        log_warning("neither site.yaml (edge.driver) nor the plant model (Driver of the controller) says what stands "
                    "behind the terminals: the plant is simulated");
        name = TEXT("sim");
    }
    for (size_t i = 0; i < sizeof DRIVERS / sizeof DRIVERS[0]; i++)
        if (text_is(name, DRIVERS[i].name)) return DRIVERS[i].open(edge, ret_problem);
    return problem_say(ret_problem, ERROR_UNSUPPORTED,
                       "%s: this edge has no I/O driver \"%.*s\"; it has: sim (the simulated plant), picontrol "
                       "(Revolution Pi), modbus (Modbus TCP)",
                       where, TEXT_ARG(name));
}

void edge_tell_driver_trouble(struct edge *edge) {
    struct problem trouble = {0};
    bool wrong = edge->picontrol != NULL && picontrol_trouble(edge->picontrol, &trouble);
    wrong = wrong || (edge->modbus != NULL && modbus_driver_trouble(edge->modbus, &trouble));
    if (strcmp(trouble.text, edge->driver_trouble.text) == 0) return;
    if (wrong)
        log_warning("driver %s: %s", edge->driver.name, trouble.text);
    else
        log_info("driver %s: all is well again", edge->driver.name);
    edge->driver_trouble = trouble;
}

void edge_close_driver(struct edge *edge) {
    sim_destroy(edge->sim);
    picontrol_close(edge->picontrol);
    modbus_driver_close(edge->modbus);
}
