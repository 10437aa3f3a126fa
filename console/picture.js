// The station, drawn from the model: frames of things, symbols of core modules, live from the twins.
import { setClass, setText, svg } from "./dom.js";
import { mark, moduleSymbol, thingSymbol } from "./symbols.js";
import { name, say } from "./words.js";

export class Picture {
    constructor(plant, container) {
        this.plant = plant;
        this.parts = []; // {thing, update()}
        const { station, things } = plant.picture;
        this.root = svg("svg", { viewBox: `0 0 ${station.width} ${station.height}`, role: "img", "aria-label": name(station.displayName) });
        const drawn = things.filter((thing) => thing.symbol && thing.width > 0);
        // Large frames first, so that a frame inside another stays visible; then symbols, then what lies on them.
        const frames = [...drawn].sort((a, b) => b.width * b.height - a.width * a.height);
        this.root.append(this.hatch(), ...frames.map((thing) => this.frame(thing)));
        for (const thing of drawn) this.root.append(this.thing(thing));
        for (const thing of drawn) for (const module of thing.modules) this.root.append(this.module(thing, module));
        container.append(this.root);
    }

    /// Laid over what is not current.
    hatch() {
        return svg("defs", {}, svg("pattern", { id: "hatch", width: 12, height: 12, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
            svg("line", { class: "hatch", x1: 0, x2: 0, y1: 0, y2: 12 })));
    }

    frame(thing) {
        const veil = svg("rect", { class: "veil", width: thing.width, height: thing.height, fill: "url(#hatch)" });
        const node = svg("g", { class: "frame", id: `thing-${thing.name}`, transform: `translate(${thing.x},${thing.y})` },
            svg("rect", { class: "ground", width: thing.width, height: thing.height, rx: 4 }),
            veil, svg("text", { class: "title", x: 14, y: thing.symbol === "belt" ? thing.height - 12 : 24 }, name(thing.displayName)));
        this.parts.push({ thing, update: (stale) => setClass(node, "stale", stale) });
        return node;
    }

    thing(thing) {
        const symbol = thingSymbol(thing, thing, (variable) => this.simulated(variable));
        const node = svg("g", { transform: `translate(${thing.x},${thing.y})`, class: "thing" }, symbol.node);
        const read = (leaf, module) => this.read(thing, module ?? thing, leaf);
        this.parts.push({
            thing,
            update: (stale) => {
                setClass(node, "stale", stale);
                symbol.show(read);
            },
        });
        return node;
    }

    module(thing, module) {
        module.key = `${thing.name}-${module.name}`;
        const { x, y, width, height, rotation } = module;
        const symbol = moduleSymbol(module, { width, height });
        const turned = svg("g", { transform: rotation ? `rotate(${rotation},${width / 2},${height / 2})` : null }, symbol.node);
        const place = labelPlace(module);
        const lines = wrap(name(module.displayName).split(":")[0]);
        const top = place.y - { above: 16, left: 8, right: 8, below: 0 }[place.side] * (lines.length - 1);
        const anchor = place["text-anchor"];
        const label = svg("g", { class: "label" }, ...lines.map((line, i) => svg("text", { x: place.x, y: top + i * 16, "text-anchor": anchor }, line)));
        const below = top + lines.length * 16;
        const onSymbol = place.side === "above" || rotation % 180 !== 0; // no room below the name
        const signX = onSymbol ? width / 2 : place.x + { middle: -16, start: 12, end: -50 }[anchor];
        const signY = onSymbol ? height / 2 - (rotation % 180 !== 0 ? width / 4 : 0) : below + 3;
        const sign = mark(signX, signY);
        const signWord = svg("text", { class: "sign-word", x: signX + 17, y: signY + 5 });
        const position = module.role === "Switch" ? svg("text", { class: "value", x: place.x, y: below, "text-anchor": anchor }) : null;
        const title = svg("title", {}, name(module.displayName));
        const node = svg("g", { class: "module", id: `module-${module.key}`, transform: `translate(${thing.x + x},${thing.y + y})` },
            title, svg("rect", { class: "bad-frame", x: -4, y: -4, width: width + 8, height: height + 8, rx: 4 }),
            turned, label, position, sign, signWord, svg("text", { class: "bad-sign", x: width / 2, y: -9, "text-anchor": "middle" }, "?"));
        const read = (leaf, inner) => this.read(thing, inner ?? module, leaf, module);
        this.parts.push({ thing, update: (stale) => this.showModule({ thing, module, symbol, node, sign, signWord, position, title, read }, stale) });
        return node;
    }

    showModule({ thing, module, symbol, node, sign, signWord, position, title, read }, stale) {
        const shown = symbol.show(read);
        const bad = !stale && module.signals.some((signal) => !this.plant.value(thing.name, signal.path).good);
        const alarm = !stale && shown.alarm, warning = !stale && shown.warning;
        setClass(node, "stale", stale);
        setClass(node, "bad", bad);
        setClass(sign, "alarm", alarm);
        setClass(sign, "shown", alarm || warning);
        setClass(signWord, "alarm", alarm);
        setText(signWord, alarm || warning || "");
        if (position) setText(position, shown.word);
        node.dataset.state = stale ? "stale" : bad ? "bad" : alarm ? "alarm" : warning ? "warning" : shown.word;
        const designation = module.designation ? ` (${module.designation})` : "";
        setText(title, `${name(module.displayName)}${designation}: ${bad ? say("bad quality") : shown.word || alarm || warning || "–"}`);
    }

    /// {value, good} of a signal or variable, looked up in the module or in another one of the thing.
    read(thing, element, leaf) {
        const found = element?.signals?.find((signal) => signal.name === leaf) ?? element?.variables?.find((variable) => variable.name === leaf);
        return found ? this.plant.value(thing.name, found.path) : { value: undefined, good: false };
    }

    /// Of the simulated plant; undefined when it is real.
    simulated(variable) {
        const { simulation } = this.plant.picture;
        return simulation && this.plant.reported(simulation)?.[variable];
    }

    update() {
        let any = false;
        const stale = new Map();
        for (const { thing } of this.parts) if (!stale.has(thing)) stale.set(thing, this.plant.staleness(thing.name) !== null);
        for (const part of this.parts) part.update(stale.get(part.thing));
        for (const value of stale.values()) any ||= value;
        setClass(this.root, "stale", any);
    }
}

/// Two lines at most, broken at the space that makes them most even.
function wrap(text) {
    if (text.length <= 12 || !text.includes(" ")) return [text];
    const words = text.split(" ");
    const splits = words.slice(1).map((_, i) => [words.slice(0, i + 1).join(" "), words.slice(i + 1).join(" ")]);
    const longest = (lines) => Math.max(...lines.map((line) => line.length));
    return splits.reduce((best, lines) => (longest(lines) < longest(best) ? lines : best));
}

/// Where the name stands: on the side that the model says, clear of the box as it is turned.
function labelPlace({ width, height, rotation, label }) {
    const upright = rotation % 180 === 0;
    const side = label ?? (upright ? "below" : "right");
    const halfWidth = (upright ? width : height) / 2, halfHeight = (upright ? height : width) / 2;
    const x = width / 2, y = height / 2;
    return { side, ...{
        above: { x, y: y - halfHeight - 8, "text-anchor": "middle" },
        left: { x: x - halfWidth - 6, y: y + 5, "text-anchor": "end" },
        right: { x: x + halfWidth + 8, y: y + 5, "text-anchor": "start" },
        below: { x, y: y + halfHeight + 18, "text-anchor": "middle" },
    }[side] };
}
