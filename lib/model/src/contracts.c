// The contracts, one row for each role of a core module.
#include <model/contract.h>

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct contract contracts[] = {
    {
        .role = "PneumaticCylinder",
        .signals = {{.name = "extend", .actuator = true, .required = true},
                    {.name = "retract", .actuator = true, .required = true},
                    {.name = "extended"},
                    {.name = "retracted"}},
        .variables = {{"LastPosition", VALUE_BOOL, NULL},
                      {"Motion", VALUE_STRING,
                       NAMES("unknown", "retracted", "extending", "extended", "retracting", "fault")}},
        .methods = {{.name = "getPosition", .outputs = {VALUE_BOOL}}, {.name = "setPosition", .inputs = {VALUE_BOOL}}},
        .retains = true,
    },
    {
        .role = "Motor",
        .signals = {{.name = "right", .actuator = true, .required = true},
                    {.name = "left", .actuator = true},
                    {.name = "slow", .actuator = true},
                    {.name = "stop", .actuator = true}},
        .variables = {{"CommandedSpeed", VALUE_DOUBLE, NULL}},
        .methods = {{.name = "getDirection", .outputs = {VALUE_INT32}},
                    {.name = "setDirection", .inputs = {VALUE_INT32}},
                    {.name = "setSlow", .inputs = {VALUE_BOOL}},
                    {.name = "setStop", .inputs = {VALUE_BOOL}}},
    },
    {
        .role = "LightBarrier",
        .signals = {{.name = "signal", .required = true}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}},
    },
    {
        .role = "MaterialSensor",
        .signals = {{.name = "signal", .required = true}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}},
    },
    {
        .role = "Button",
        .signals = {{.name = "pressed", .required = true}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}},
    },
    {
        .role = "Switch",
        .signals = {{.name = "position", .required = true}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}},
    },
    {
        .role = "Indicator",
        .signals = {{.name = "lamp", .actuator = true, .required = true}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}, {.name = "setState", .inputs = {VALUE_BOOL}}},
    },
    {
        .role = "EmergencyStop",
        .signals = {{.name = "contact", .required = true}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}},
        .no_substitute = true,
    },
    {
        .role = "Controller",
        .variables = {{"State", VALUE_STRING, NAMES("run", "stop", "fault", "safe")},
                      {"Cause", VALUE_STRING, NULL},
                      {"Clock", VALUE_UINT32, NULL},
                      {"Start", VALUE_STRING, NAMES("cold", "warm")},
                      {"Realtime", VALUE_BOOL, NULL},
                      {"MemoryLocked", VALUE_BOOL, NULL},
                      {"GuardTrips", VALUE_UINT32, NULL},
                      {"ScanCycles", VALUE_UINT32, NULL},
                      {"ScanMissed", VALUE_UINT32, NULL},
                      {"ScanTime", VALUE_DOUBLE, NULL},
                      {"ScanTimeMax", VALUE_DOUBLE, NULL},
                      {"ExecutionLast", VALUE_DOUBLE, NULL},
                      {"ExecutionMin", VALUE_DOUBLE, NULL},
                      {"ExecutionMean", VALUE_DOUBLE, NULL},
                      {"ExecutionP99", VALUE_DOUBLE, NULL},
                      {"ExecutionMax", VALUE_DOUBLE, NULL},
                      {"PeriodLast", VALUE_DOUBLE, NULL},
                      {"PeriodMin", VALUE_DOUBLE, NULL},
                      {"PeriodMean", VALUE_DOUBLE, NULL},
                      {"PeriodP99", VALUE_DOUBLE, NULL},
                      {"PeriodMax", VALUE_DOUBLE, NULL},
                      {"WakeupLast", VALUE_DOUBLE, NULL},
                      {"WakeupMin", VALUE_DOUBLE, NULL},
                      {"WakeupMean", VALUE_DOUBLE, NULL},
                      {"WakeupP99", VALUE_DOUBLE, NULL},
                      {"WakeupMax", VALUE_DOUBLE, NULL}},
        .methods = {{.name = "reset"},
                    {.name = "start", .inputs = {VALUE_BOOL}},
                    {.name = "stop"},
                    {.name = "resetStatistics"}},
    },
    {
        .role = "AnalogSensor",
        .signals = {{.name = "value", .number = true, .required = true}},
        .variables = {{"Alarm", VALUE_STRING, NAMES("normal", "LL", "L", "H", "HH", "bad")}},
        .methods = {{.name = "getValue", .outputs = {VALUE_DOUBLE}}},
        .rising = NAMES("LimitLL", "LimitL", "LimitH", "LimitHH"),
    },
    {
        .role = "Valve",
        .signals = {{.name = "open", .actuator = true, .required = true}, {.name = "opened"}, {.name = "closed"}},
        .variables = {{"Position", VALUE_STRING, NAMES("unknown", "closed", "opening", "open", "closing", "fault")}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}, {.name = "setOpen", .inputs = {VALUE_BOOL}}},
    },
    {
        .role = "Drive",
        .signals = {{.name = "run", .actuator = true, .required = true}, {.name = "running"}, {.name = "tripped"}},
        .variables = {{"Motion", VALUE_STRING, NAMES("stopped", "starting", "running", "stopping", "fault")}},
        .methods = {{.name = "getState", .outputs = {VALUE_BOOL}}, {.name = "setRun", .inputs = {VALUE_BOOL}}},
    },
    {
        .role = "ControlValve",
        .signals = {{.name = "setpoint", .actuator = true, .number = true, .required = true},
                    {.name = "position", .number = true}},
        .variables = {{"Motion", VALUE_STRING, NAMES("positioned", "moving", "fault")}},
        .methods = {{.name = "getPosition", .outputs = {VALUE_DOUBLE}},
                    {.name = "setPosition", .inputs = {VALUE_DOUBLE}}},
    },
    {
        .role = "PidController",
        .variables = {{"Mode", VALUE_STRING, NAMES("manual", "automatic")},
                      {"Setpoint", VALUE_DOUBLE, NULL},
                      {"Output", VALUE_DOUBLE, NULL}},
        .methods = {{.name = "setMode", .inputs = {VALUE_BOOL}},
                    {.name = "setSetpoint", .inputs = {VALUE_DOUBLE}},
                    {.name = "setOutput", .inputs = {VALUE_DOUBLE}},
                    {.name = "setTuning", .inputs = {VALUE_DOUBLE, VALUE_DOUBLE, VALUE_DOUBLE}}},
        .links = {{"Sensor", "AnalogSensor", false}, {"Actuator", "ControlValve", true}},
        .positive = NAMES("Gain"),
    },
    {0},
};

const char *const contract_drivers[] = {"sim", "picontrol", "modbus", NULL};

const struct contract *contract_of(struct text role) {
    for (const struct contract *contract = contracts; contract->role != NULL; contract++)
        if (text_is(role, contract->role)) return contract;
    return NULL;
}

const struct contract_signal *contract_signal(const struct contract *contract, struct text name) {
    for (size_t i = 0; i < CONTRACT_SIGNALS_MAX && contract->signals[i].name != NULL; i++)
        if (text_is(name, contract->signals[i].name)) return &contract->signals[i];
    return NULL;
}

const struct contract_variable *contract_variable(const struct contract *contract, struct text name) {
    for (size_t i = 0; i < CONTRACT_VARIABLES_MAX && contract->variables[i].name != NULL; i++)
        if (text_is(name, contract->variables[i].name)) return &contract->variables[i];
    return NULL;
}

const struct contract_method *contract_method(const struct contract *contract, struct text name) {
    for (size_t i = 0; i < CONTRACT_METHODS_MAX && contract->methods[i].name != NULL; i++)
        if (text_is(name, contract->methods[i].name)) return &contract->methods[i];
    return NULL;
}
