// The symbols of the picture, one per `Symbol` of the model. A symbol is drawn once, in a box of its own size, and has
// a function that shows values: {node, show(read)}. `read(name)` gives {value, good} of a signal or variable of the
// element. Grey is normal; what is abnormal has a colour, a shape and a word.
import { setClass, setText, svg } from "./dom.js";
import { sentence } from "./sentences.js";
import { processModules, vessel } from "./symbols-process.js";
import { duration, number, phrase, say } from "./words.js";

function isOn(leaf) {
    return leaf.good && leaf.value === true;
}

/// What the first signal of an element says.
function first(read, element) {
    return read(element.signals[0]?.name);
}

/// The mark of something abnormal, beside its word: a triangle (warning) or an octagon (alarm), as its class says.
function mark(x, y) {
    return svg("g", { class: "mark", transform: `translate(${x},${y})` },
        svg("path", { class: "triangle", d: "M0,-12 12,10 -12,10z" }),
        svg("path", { class: "octagon", d: "M-4.6,-11 4.6,-11 11,-4.6 11,4.6 4.6,11 -4.6,11 -11,4.6 -11,-4.6z" }),
        svg("text", { x: 0, y: 7, "text-anchor": "middle", class: "sign" }, "!"));
}

// ---------------------------------------------------------------- things: what fills a frame

/// A band from left to right in the upper part of the frame, with chevrons that move with the motor.
function belt(thing, { width }) {
    const top = 16, band = 60, pitch = 44;
    const chevrons = svg("g", { class: "chevrons" });
    for (let x = -pitch; x < width - 40 + pitch; x += pitch)
        chevrons.append(svg("path", { d: `M${x},${top + 10} l14,${band / 2 - 10} l-14,${band / 2 - 10}` }));
    const clip = `clip-${thing.name}`;
    const node = svg("g", { class: "belt" },
        svg("clipPath", { id: clip }, svg("rect", { x: 24, y: top, width: width - 48, height: band })),
        svg("rect", { class: "band", x: 20, y: top, width: width - 40, height: band, rx: band / 2 }),
        svg("g", { "clip-path": `url(#${clip})` }, svg("g", { class: "flow" }, chevrons)));
    const motor = thing.modules.find((module) => module.role === "Motor");
    const show = (read) => {
        const right = isOn(read("right", motor)), left = isOn(read("left", motor));
        setClass(node, "running", right !== left);
        setClass(node, "leftwards", left && !right);
        setClass(node, "slow", isOn(read("slow", motor)));
    };
    return { node, show };
}

/// `count` slots for workpieces, of which the lower ones are filled.
function slots(count, place) {
    const boxes = [];
    for (let i = 0; i < count; i++) boxes.push(svg("rect", { class: "slot", ...place(i) }));
    const show = (filled) => boxes.forEach((box, i) => setClass(box, "filled", i < filled));
    return { boxes, show };
}

function magazine(thing, { width, height }, simulated) {
    const capacity = thing.capacity ?? 0;
    const pitch = Math.min(18, (height - 64) / Math.max(capacity, 1));
    const x = width - 80, bottom = height - 16;
    const pieces = slots(capacity, (i) => ({ x: x + 5, y: bottom - (i + 1) * pitch + 2, width: 50, height: pitch - 3 }));
    const node = svg("g", { class: "magazine" },
        svg("path", { class: "wall", d: `M${x},${bottom - capacity * pitch - 8} V${bottom} H${x + 60} V${bottom - capacity * pitch - 8}` }),
        ...pieces.boxes);
    return { node, show: () => pieces.show(simulated("inMagazine") ?? 0) };
}

/// A chute below the belt, in line with the cylinder that pushes onto it.
function slide(thing, { height }, simulated) {
    const cylinder = thing.modules.find((module) => module.role === "PneumaticCylinder");
    const middle = cylinder ? cylinder.x + cylinder.width / 2 : 60;
    const top = height * 0.62, bottom = height - 14;
    const capacity = thing.capacity ?? 0;
    const pitch = (bottom - top - 6) / Math.max(capacity, 1);
    const pieces = slots(capacity, (i) => ({ x: middle - 20, y: bottom - 4 - (i + 1) * pitch + 3, width: 40, height: pitch - 4 }));
    const node = svg("g", { class: "slide" },
        svg("path", { class: "wall", d: `M${middle - 27},${top} V${bottom} H${middle + 27} V${top}` }), ...pieces.boxes);
    return { node, show: () => pieces.show(simulated("onSlide") ?? 0) };
}

/// Times of the scan in detail are for the tools of the engineer (docs/spec/edge.md, [edge-9.4]).
const STATISTICS = /^(Execution|Period|Wakeup)/;
const ROW = 26, TEXT_X = 128, LETTER = 8.4; // a letter's width

/// Rows of the variables of a thing, in columns; sentences have a row of their own, at the bottom.
function variables(thing, { width, height }) {
    const isSentence = ({ name, type }) => type === "String" && !["State", "Start"].includes(name);
    const listed = thing.variables.filter(({ name }) => !STATISTICS.test(name));
    const sentences = listed.filter(isSentence), short = listed.filter((variable) => !isSentence(variable));
    const rows = Math.max(1, Math.floor((height - 34) / ROW) - sentences.length);
    const column = (width - 20) / Math.max(1, Math.ceil(short.length / rows));
    const values = [];
    const node = svg("g", { class: "variables" });
    const put = (variable, x, row, room) => {
        const y = 56 + row * ROW, title = svg("title"), value = svg("text", { class: "value", x: x + TEXT_X, y });
        const words = svg("tspan");
        value.append(title, words);
        node.append(svg("text", { class: "key", x, y }, phrase(variable.name)), value);
        values.push([variable, value, words, title, Math.floor((room - TEXT_X) / LETTER)]);
    };
    short.forEach((variable, i) => put(variable, 20 + Math.floor(i / rows) * column, i % rows, column));
    sentences.forEach((variable, i) => put(variable, 20, rows + i, width - 40));
    const show = (read) => {
        for (const [variable, value, words, title, letters] of values) {
            const leaf = read(variable.name);
            const text = leaf.good ? format(leaf.value, variable) : "?";
            setText(words, text.length > letters ? `${text.slice(0, letters - 1)}…` : text);
            setText(title, text);
            setClass(value, "abnormal", leaf.good && variable.name === "State" && leaf.value !== "run");
        }
    };
    return { node, show };
}

function format(value, { unit }) {
    if (unit === "ms" && value >= 10000) return duration(value);
    const text = typeof value === "number" ? number(value, Number.isInteger(value) ? 0 : 1) : sentence(say(String(value)));
    return unit ? `${text} ${unit}` : text || "–";
}

function nothing() {
    return { node: svg("g"), show() {} };
}

const things = { belt, magazine, slide, vessel, plc: variables, panel: nothing };

// ---------------------------------------------------------------- core modules

/// Box in which it is drawn, 140 × 40 at best: the body takes the left part, the rod reaches the right end when extended.
function cylinder(module, { width, height }) {
    const body = width * 0.57, stroke = width - body - 8;
    const rod = svg("g", { class: "rod" },
        svg("rect", { class: "steel", x: body - stroke, y: height / 2 - 4, width: stroke, height: 8 }),
        svg("rect", { class: "plate", x: body, y: 3, width: 8, height: height - 6 }));
    const valves = ["extend", "retract"].map((name, i) => ({
        name, node: svg("rect", { class: "valve", x: 8 + i * (body - 28), y: height - 11, width: 12, height: 7 }),
    }));
    const clip = `clip-${module.key}`;
    const node = svg("g", { class: "cylinder" },
        svg("clipPath", { id: clip }, svg("rect", { x: body, y: -2, width: width - body + 2, height: height + 4 })),
        svg("g", { "clip-path": `url(#${clip})` }, rod),
        svg("rect", { class: "body", x: 0, y: 0, width: body, height, rx: 3 }),
        svg("line", { class: "piston", x1: body * 0.5, x2: body * 0.5, y1: 4, y2: height - 14 }),
        ...valves.map((valve) => valve.node));
    const show = (read) => {
        const motion = motionOf(read);
        rod.style.transform = `translateX(${{ extended: stroke, extending: stroke, retracted: 0, retracting: 0 }[motion] ?? stroke / 2}px)`;
        setClass(node, "unknown", motion === "unknown");
        setClass(node, "moving", motion === "extending" || motion === "retracting");
        for (const valve of valves) setClass(valve.node, "on", isOn(read(valve.name)));
        return { word: say(motion), alarm: motion === "fault" && say("fault") };
    };
    return { node, show };
}

/// As the PLC says, or from the sensors that are fitted.
function motionOf(read) {
    const motion = read("Motion");
    if (motion.good) return motion.value;
    if (isOn(read("extended"))) return "extended";
    return isOn(read("retracted")) ? "retracted" : "unknown";
}

function motor(module, { width, height }) {
    const r = Math.min(width, height) / 2 - 2;
    const arrow = svg("path", { class: "arrow", d: `M${-r * 0.5},${r * 0.42} h${r * 0.55} v${r * 0.2} l${r * 0.45},${-r * 0.32} l${-r * 0.45},${-r * 0.32} v${r * 0.2} h${-r * 0.55}z` });
    const turn = svg("g", {}, arrow);
    const node = svg("g", { class: "motor", transform: `translate(${width / 2},${height / 2})` },
        svg("circle", { class: "body", r }), svg("text", { class: "letter", y: -1, "text-anchor": "middle" }, "M"), turn);
    const show = (read) => {
        const right = isOn(read("right")), left = isOn(read("left"));
        const running = right !== left;
        setClass(node, "running", running);
        turn.setAttribute("transform", left && !right ? "scale(-1,1)" : "");
        setClass(arrow, "hidden", !running);
        const speed = isOn(read("slow")) ? `, ${say("slow")}` : "";
        return { word: running ? say(right ? "right" : "left") + speed : say("off") };
    };
    return { node, show };
}

/// A beam; something in it, or not. One that reports a condition (magazine empty, slide full) is a warning.
function lightBarrier(module, { width, height }) {
    const middle = width / 2;
    const node = svg("g", { class: "sensor" },
        svg("rect", { class: "body", x: middle - 11, y: 0, width: 22, height: 12, rx: 2 }),
        svg("line", { class: "beam", x1: middle, x2: middle, y1: 12, y2: height - 8 }),
        svg("circle", { class: "spot", cx: middle, cy: height - 8, r: 7 }));
    const show = (read) => {
        const on = isOn(first(read, module));
        setClass(node, "on", on);
        if (module.reports) return { word: "", warning: on && say(module.reports.split("-").at(-1)) };
        return { word: say(on ? "workpiece" : "free") };
    };
    return { node, show };
}

function materialSensor(module, { width, height }) {
    const middle = width / 2;
    const node = svg("g", { class: "sensor" },
        svg("path", { class: "body", d: `M${middle - 11},0 h22 v${height - 22} l-11,9 l-11,-9z` }),
        svg("circle", { class: "spot", cx: middle, cy: height - 8, r: 7 }));
    const show = (read) => {
        const on = isOn(first(read, module));
        setClass(node, "on", on);
        return { word: say(on ? "detected" : "free") };
    };
    return { node, show };
}

function button(module, { width, height }) {
    const r = Math.min(width, height) / 2 - 4;
    const ring = svg("circle", { class: "ring", r: r + 3 });
    const node = svg("g", { class: "button", transform: `translate(${width / 2},${height / 2})` }, ring,
        svg("circle", { class: "cap", r: r - 4 }));
    const lamp = module.modules.find((inner) => inner.role === "Indicator");
    if (lamp) node.classList.add("illuminated", `colour-${lamp.colour}`);
    const show = (read) => {
        const pressed = isOn(first(read, module));
        const lit = lamp ? isOn(read(lamp.signals[0].name, lamp)) : false;
        setClass(node, "pressed", pressed);
        setClass(node, "lit", lit);
        return { word: [pressed && say("pressed"), lit && say("lit")].filter(Boolean).join(", ") };
    };
    return { node, show };
}

function lamp(module, { width, height }) {
    const r = Math.min(width, height) / 2 - 8;
    const rays = svg("g", { class: "rays" });
    for (let i = 0; i < 8; i++) rays.append(svg("line", { x1: 0, x2: 0, y1: -r - 4, y2: -r - 9, transform: `rotate(${i * 45})` }));
    const node = svg("g", { class: `lamp colour-${module.colour}`, transform: `translate(${width / 2},${height / 2})` },
        svg("circle", { class: "glass", r }), rays);
    const show = (read) => {
        const lit = isOn(first(read, module));
        setClass(node, "lit", lit);
        return { word: say(lit ? "lit" : "dark") };
    };
    return { node, show };
}

function keySwitch(module, { width, height }) {
    const r = Math.min(width, height) / 2 - 6;
    const key = svg("line", { class: "key-blade", x1: 0, x2: 0, y1: 4, y2: -r + 3 });
    const node = svg("g", { class: "key-switch", transform: `translate(${width / 2},${height / 2})` },
        svg("circle", { class: "cap", r }), key);
    const show = (read) => {
        const leaf = first(read, module);
        key.setAttribute("transform", `rotate(${isOn(leaf) ? 45 : -45})`);
        return { word: leaf.good ? say(leaf.value ? module.textTrue : module.textFalse) : "" };
    };
    return { node, show };
}

function emergencyStop(module, { width, height }) {
    const r = Math.min(width, height) / 2 - 2, k = r * 0.414;
    const node = svg("g", { class: "emergency", transform: `translate(${width / 2},${height / 2})` },
        svg("path", { class: "base", d: `M${-k},${-r} ${k},${-r} ${r},${-k} ${r},${k} ${k},${r} ${-k},${r} ${-r},${k} ${-r},${-k}z` }),
        svg("circle", { class: "cap", r: r * 0.55 }));
    const show = (read) => {
        const active = isOn(first(read, module));
        setClass(node, "active", active);
        return { word: "", alarm: active && say("active") };
    };
    return { node, show };
}

/// Whatever else: a box, and its first signal as a dot.
function box(module, { width, height }) {
    const node = svg("g", { class: "sensor" },
        svg("rect", { class: "body", width, height, rx: 3 }), svg("circle", { class: "spot", cx: width / 2, cy: height / 2, r: 7 }));
    const show = (read) => {
        setClass(node, "on", isOn(first(read, module)));
        return { word: "" };
    };
    return { node, show };
}

const modules = {
    cylinder, motor, "light-barrier": lightBarrier, "material-sensor": materialSensor, button,
    "illuminated-button": button, lamp, switch: keySwitch, "emergency-stop": emergencyStop, ...processModules,
};

export function thingSymbol(thing, size, simulated) {
    return (things[thing.symbol] ?? nothing)(thing, size, simulated);
}

export function moduleSymbol(module, size) {
    return (modules[module.symbol] ?? box)(module, size);
}

export { mark };
