/// What can be broken in the simulated plant. Each fault is at one place at a time.
///
///   outputs of the PLC --outputs broken--> plant (mechanics broken) --sensors broken--> inputs of the PLC
#pragma once

#include <model/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Where a fault can be: what its target names.
enum fault_place {
    AT_STATION,   // nowhere in particular: the target is empty
    AT_SENSOR,    // a signal from the plant: module, or module/signal
    AT_CONTACT,   // the same, boolean
    AT_NUMBER,    // the same, a number
    AT_ACTUATOR,  // a boolean signal to the plant
    AT_CYLINDER,  // module with a piston
    AT_MOTOR,     // the belt's motor
    AT_BEAM,      // light barrier or material sensor
    AT_BELT_BEAM, // the same, above the belt
    AT_BUTTON,    // button or emergency stop
    AT_FLOW,      // valve or pump of a vessel
    AT_VESSEL,    // thing with a vessel
};

/// X(id, name, place, what happens)
#define FAULT_TABLE(X)                                                                                                 \
    X(SENSOR_STUCK_ON, "sensorStuckOn", AT_CONTACT, "its state is true, whatever is before it")                        \
    X(SENSOR_STUCK_OFF, "sensorStuckOff", AT_CONTACT, "its state is false, whatever is before it")                     \
    X(WIRE_BROKEN, "wireBroken", AT_SENSOR, "its input has no voltage: 0, also of a break contact; no counts")         \
    X(CONTACT_CHATTERS, "contactChatters", AT_CONTACT, "while it is true, it opens every 15 ms for 15 ms")             \
    X(SENSOR_NOISE, "sensorNoise", AT_SENSOR, "one ms in a hundred it shows the contrary; a number 2 % more or less")  \
    X(SENSOR_LATE, "sensorLate", AT_CONTACT, "it shows what was 400 ms ago")                                           \
    X(SENSOR_DRIFTS, "sensorDrifts", AT_NUMBER, "it shows 0.5 % of its range more with each second")                   \
    X(SENSOR_DIRTY, "sensorDirty", AT_BEAM, "it sees from twice as far; full or empty one workpiece early")            \
    X(WRONG_MATERIAL, "wrongMaterial", AT_BELT_BEAM, "it takes everything for its material")                           \
    X(BUTTON_STUCK, "buttonStuck", AT_BUTTON, "it stays pressed")                                                      \
    X(OUTPUT_BROKEN, "outputBroken", AT_ACTUATOR, "the wire to it is broken: never on")                                \
    X(OUTPUT_STUCK_ON, "outputStuckOn", AT_ACTUATOR, "its contact is welded: never off while there is power")          \
    X(VALVE_STUCK, "valveStuck", AT_CYLINDER, "its valve stays where it is; a stroke under way goes on")               \
    X(CYLINDER_STUCK, "cylinderStuck", AT_CYLINDER, "the piston stays where it is")                                    \
    X(CYLINDER_SLOW, "cylinderSlow", AT_CYLINDER, "a tenth of its speed")                                              \
    X(AIR_LOSS, "airLoss", AT_STATION, "no piston moves")                                                              \
    X(MOTOR_DEAD, "motorDead", AT_MOTOR, "the belt stands")                                                            \
    X(MOTOR_RUNS_ON, "motorRunsOn", AT_MOTOR, "once it turns, it goes on while there is power")                        \
    X(MOTOR_SLOW, "motorSlow", AT_MOTOR, "a third of its speed")                                                       \
    X(JAM_ON_BELT, "jamOnBelt", AT_BELT_BEAM, "workpieces stick before it")                                            \
    X(WORKPIECE_LOST, "workpieceLost", AT_STATION, "the workpiece farthest on falls off the belt; once")               \
    X(DOUBLE_FEED, "doubleFeed", AT_STATION, "the next stroke of the pusher takes two workpieces; once")               \
    X(MAGAZINE_BLOCKED, "magazineBlocked", AT_STATION, "no workpiece falls before the pusher")                         \
    X(POWER_LOSS, "powerLoss", AT_STATION, "the outputs have no voltage")                                              \
    X(DRIVER_LOSS, "driverLoss", AT_STATION, "the driver does not answer")                                             \
    X(DRIVER_LATE, "driverLate", AT_STATION, "each read takes 30 ms more of wall time")                                \
    X(DRIVER_FROZEN, "driverFrozen", AT_STATION, "the inputs do not change any more")                                  \
    X(FLOW_STUCK, "flowStuck", AT_FLOW, "the valve or pump stays as it is")                                            \
    X(LEAK, "leak", AT_VESSEL, "it loses a hundredth of its volume with each second")

enum fault_id {
#define X(id, name, place, what) FAULT_##id,
    FAULT_TABLE(X)
#undef X
        FAULT_COUNT
};

struct fault {
    bool active;
    const struct plant_element *element; // NULL: AT_STATION
    const struct plant_signal *signal;   // places that are signals
    bool shown;                          // sensorLate: what it shows
    uint64_t differs_since;              // sensorLate: step
    uint64_t since;                      // step
};

struct sim;
/// True when that fault is there; `element` NULL: anywhere.
bool fault_at(const struct sim *sim, enum fault_id id, const struct plant_element *element);
void faults_change_outputs(struct sim *sim);
void faults_change_process(struct sim *sim);
void faults_change_inputs(struct sim *sim, uint8_t *inputs, size_t bytes);
