// The symbols of process plants: vessels, measured values with their alarms, valves, pumps and controllers, as
// symbols.js says. Numbers stand where they are measured, with their unit; a limit that is exceeded is a warning (L, H) or
// an alarm (LL, HH) with its name.
import { setText, setClass, svg } from "./dom.js";
import { number, say } from "./words.js";

const LEVEL_UNITS = ["l", "%", "m³", "m", "mm"];

function isOn(leaf) {
    return leaf.good && leaf.value === true;
}

function shown(leaf, { unit } = {}) {
    if (!leaf.good) return "?";
    const text = number(leaf.value, Math.abs(leaf.value) < 100 ? 1 : 0);
    return unit ? `${text} ${unit}` : text;
}

/// What of its range a number is, from 0 to 1.
function part(leaf, { low = 0, high = 100 }) {
    return leaf.good ? Math.max(0, Math.min(1, (leaf.value - low) / (high - low))) : 0;
}

// ---------------------------------------------------------------- things

/// A tank behind its modules, filled as the first sensor says that measures a level.
export function vessel(thing, { width, height }) {
    const sensor = thing.modules.find(({ role, signals }) =>
        role === "AnalogSensor" && signals[0]?.high !== undefined && LEVEL_UNITS.includes(signals[0].unit));
    const top = 40, room = height - top - 14, left = 100, span = width - left - 14;
    const clip = `clip-${thing.name}`;
    const liquid = svg("rect", { class: "liquid", x: left, y: top, width: span, height: room });
    const outline = { x: left, y: top, width: span, height: room, rx: 26 };
    const node = svg("g", { class: "vessel" }, svg("clipPath", { id: clip }, svg("rect", outline)),
        svg("g", { "clip-path": `url(#${clip})` }, liquid), svg("rect", { class: "wall", ...outline }));
    const show = (read) => {
        const full = sensor ? part(read(sensor.signals[0].name, sensor), sensor.signals[0]) : 0;
        liquid.setAttribute("y", top + room * (1 - full));
        liquid.setAttribute("height", room * full);
    };
    return { node, show };
}

// ---------------------------------------------------------------- modules

function analogSensor(module, { width, height }) {
    const signal = module.signals[0];
    const text = svg("text", { class: "value", x: width / 2, y: height / 2 + 5, "text-anchor": "middle" });
    const bar = svg("rect", { class: "bar", x: 0, y: height - 5, width: 0, height: 5 });
    const node = svg("g", { class: "gauge" }, svg("rect", { class: "body", width, height, rx: 3 }), bar, text);
    const show = (read) => {
        const leaf = read(signal.name), alarm = read("Alarm");
        setText(text, shown(leaf, signal));
        bar.setAttribute("width", width * part(leaf, signal));
        const limit = alarm.good ? alarm.value : "bad";
        if (limit === "bad") return { word: "", alarm: say("bad") };
        return { word: "", warning: ["L", "H"].includes(limit) && limit, alarm: ["LL", "HH"].includes(limit) && limit };
    };
    return { node, show };
}

/// Two triangles that meet; filled when open.
function bowTie(width, height) {
    return svg("path", { class: "body", d: `M2,4 L${width - 2},${height - 4} V4 L2,${height - 4}z` });
}

function valve(module, { width, height }) {
    const node = svg("g", { class: "fitting" }, bowTie(width, height));
    const show = (read) => {
        const position = read("Position");
        const word = position.good ? position.value : isOn(read("open")) ? "open" : "closed";
        setClass(node, "on", word === "open" || word === "opening");
        return { word: say(word), alarm: word === "fault" && say("fault") };
    };
    return { node, show };
}

function controlValve(module, { width, height }) {
    const signal = module.signals.find(({ name }) => name === "setpoint");
    const node = svg("g", { class: "fitting" }, bowTie(width, height), svg("circle", { class: "body", cx: width / 2, cy: height / 2, r: 7 }));
    const show = (read) => {
        const leaf = read("setpoint"), motion = read("Motion");
        setClass(node, "on", leaf.good && leaf.value > (signal?.low ?? 0));
        const fault = motion.good && motion.value === "fault";
        return { word: fault ? "" : shown(leaf, signal), alarm: fault && say("fault") };
    };
    return { node, show };
}

function pump(module, { width, height }) {
    const r = Math.min(width, height) / 2 - 2;
    const node = svg("g", { class: "fitting", transform: `translate(${width / 2},${height / 2})` },
        svg("circle", { class: "body", r }), svg("path", { class: "blade", d: `M${-r * 0.5},${-r * 0.8} L${r},0 L${-r * 0.5},${r * 0.8}` }));
    const show = (read) => {
        const motion = read("Motion");
        const word = motion.good ? motion.value : isOn(read("run")) ? "running" : "stopped";
        setClass(node, "on", word === "running" || word === "starting");
        return { word: say(word), alarm: word === "fault" && say("fault") };
    };
    return { node, show };
}

/// Its set-point and its mode.
function controller(module, { width, height }) {
    const text = svg("text", { class: "value", x: width / 2, y: height / 2 + 5, "text-anchor": "middle" });
    const node = svg("g", { class: "gauge" }, svg("rect", { class: "body", width, height, rx: height / 2 }), text);
    const show = (read) => {
        const mode = read("Mode"), automatic = mode.good && mode.value === "automatic";
        setText(text, automatic ? `→ ${shown(read("Setpoint"))}` : "–");
        return { word: mode.good ? say(mode.value) : "" };
    };
    return { node, show };
}

export const processModules = {
    "analog-sensor": analogSensor, valve, "control-valve": controlValve, pump, controller,
};
