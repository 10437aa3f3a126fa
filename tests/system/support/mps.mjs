// What the case study's station has: its 26 signals, as the twins and the address space name them.
// Written down here once more on purpose: a test that asked the model reader would believe whatever it says.
import fs from "node:fs";
import path from "node:path";
import { edit } from "./plant.mjs";

export const STATION = "MPS";
export const NAMESPACE = "urn:serverless-plc:plant:mps";

export const SENSORS = {
    mps_conveyor: ["emergency_stop/state", "lightBarrier_entry/state", "lightBarrier_exit/state"],
    mps_hmi: ["actuator_start/state", "actuator_stop/state", "actuator_reset/state", "switch_opMode/state"],
    mps_magazine: ["ejector/position/extended/state", "ejector/position/retracted/state",
        "lightBarrier_magazineEmpty/state"],
    mps_ejector: ["ejector/position/retracted/state", "sensor_inductive/state", "lightBarrier_occupancyState/state",
        "lightBarrier_slideFull/state"],
};

export const ACTUATORS = {
    mps_conveyor: ["motor/direction/right/state", "motor/direction/left/state", "motor/slow/state", "motor/stop/state"],
    mps_hmi: ["actuator_start/indicator/state", "actuator_reset/indicator/state", "indicator_Q1/state", "indicator_Q2/state"],
    mps_magazine: ["ejector/extend/state", "ejector/retract/state"],
    mps_ejector: ["ejector/extend/state", "ejector/retract/state"],
};

/// "mps_conveyor/motor/stop/state" ...
export const sensorPaths = flat(SENSORS);
export const actuatorPaths = flat(ACTUATORS);
export const signalPaths = [...sensorPaths, ...actuatorPaths];

function flat(table) {
    return Object.entries(table).flatMap(([thing, paths]) => paths.map((one) => `${thing}/${one}`));
}

/// The value at "motor/stop/state" in a twin's document.
export function at(document, where) {
    return where.split("/").reduce((node, name) => node?.[name], document);
}

/// {motor: {stop: {state: value}}}
export function nested(where, value) {
    return where.split("/").reduceRight((inner, name) => ({ [name]: inner }), value);
}

/// A change of the plant folder: nobody stands at the station, and nobody has pressed anything.
export function unattended(folder) {
    edit(path.join(folder, "site.yaml"), /operator: true.*\n.*press: .*\n/, "operator: false\n    press: []\n");
}

/// Moreover no function: only the test decides. A process that the test halts is left alone.
export function withoutFunctions(folder) {
    unattended(folder);
    edit(path.join(folder, "site.yaml"), /\n  functions:[\s\S]*$/, "\n");
    silence(folder, 600);
}

/// How long a process may give no sign of life.
export function silence(folder, seconds) {
    fs.appendFileSync(path.join(folder, "site.yaml"), `supervision: {silence: ${seconds}}\n`);
}

/// Does the twins' copy say that nothing is driven?
export function nothingDriven(conveyor, magazine, ejector) {
    return !at(conveyor, "motor/direction/right/state") && !at(conveyor, "motor/direction/left/state") &&
        !at(magazine, "ejector/extend/state") && !at(ejector, "ejector/extend/state");
}

export function read(file) {
    return fs.readFileSync(file, "utf8").trim();
}
