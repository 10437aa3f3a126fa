// Beside the picture: what production does, the count of workpieces, and hands on the simulated station.
import { html, setClass, setText } from "./dom.js";
import { message as said, sentence } from "./sentences.js";
import { name, number, say } from "./words.js";

const COUNTS = ["fed", "sorted", "passed", "lost"];
const SIMULATED = [...COUNTS, "onBelt"]; // those in magazine and slide are in the picture

/// Rows of term and value.
class Rows {
    constructor(title) {
        this.list = html("dl");
        this.node = html("div", {}, html("h2", {}, title), this.list);
        this.values = new Map();
    }

    /// A row without text is not shown.
    set(key, label, text, kind = "") {
        if (!this.values.has(key)) {
            const value = html("dd", { "data-key": key });
            this.list.append(html("div", {}, html("dt", {}, label), value));
            this.values.set(key, value);
        }
        const value = this.values.get(key);
        value.parentElement.hidden = text === "";
        setText(value, text);
        if (value.className !== kind) value.className = kind;
    }
}

// ---------------------------------------------------------------- production

export class Production {
    constructor(plant, container) {
        this.plant = plant;
        this.rows = new Rows(say("Production"));
        this.container = container;
        container.append(this.rows.node);
    }

    update() {
        const { plant } = this;
        setClass(this.container, "stale", plant.stationStaleness());
        [...plant.functionThings].forEach((thing, i) => this.showFunction(thing, i > 0 ? `${thing} ` : ""));
        const controller = plant.controller?.name;
        if (controller) this.showController(plant.value(controller, "State").value, plant.value(controller, "Cause").value);
    }

    showFunction(thing, prefix) {
        const { mode, state, message, code } = this.plant.reported(thing) ?? {};
        const stale = this.plant.staleness(thing) ? " stale" : "";
        this.rows.set(`${prefix}mode`, prefix + say("Mode"), word(mode), stale);
        this.rows.set(`${prefix}state`, prefix + say("State"), word(state), (isFault(state) ? "alarm" : "") + stale);
        this.rows.set(`${prefix}message`, prefix + say("Message"), said(message ?? "", code), `long${stale}`);
    }

    showController(state, cause) {
        this.rows.set("controller", say("Controller"), word(state), state && state !== "run" ? "alarm" : "");
        this.rows.set("cause", say("Cause"), sentence(cause ?? ""), "long alarm");
    }
}

function word(value) {
    return value === undefined || value === null || value === "" ? "–" : say(String(value));
}

function isFault(state) {
    return ["fault", "error", "alarm"].includes(state);
}

// ---------------------------------------------------------------- workpieces

export class Workpieces {
    constructor(plant, container) {
        this.plant = plant;
        this.container = container;
        this.body = html("tbody");
        const heads = [html("th"), html("th", { title: say("counted by the function") }, say("counted"))];
        if (plant.picture.simulation) heads.push(html("th", { title: say("true in the simulated plant") }, say("simulated")));
        container.append(html("h2", {}, say("Workpieces")), html("table", {}, html("thead", {}, html("tr", {}, ...heads)), this.body));
        this.cells = new Map();
    }

    cell(key, source) {
        const id = `${source}-${key}`;
        if (!this.cells.has(id)) {
            const counted = html("td", { "data-count": `counted-${key}` }, "–");
            const simulated = html("td", { "data-count": `simulated-${key}` }, "–");
            this.cells.set(`counted-${key}`, counted).set(`simulated-${key}`, simulated);
            const row = html("tr", {}, html("th", { scope: "row" }, say(key === "lost" ? "lost pieces" : key)), counted);
            if (this.plant.picture.simulation) row.append(simulated);
            this.body.append(row);
        }
        return this.cells.get(id);
    }

    update() {
        const { plant } = this;
        setClass(this.container, "stale", plant.stationStaleness());
        for (const key of COUNTS) {
            const cell = this.cell(key, "counted");
            setText(cell, count(this.counted(key)));
            setClass(cell, "stale", plant.functionStaleness());
        }
        const { simulation } = plant.picture;
        if (!simulation) return;
        const conveys = plant.value(simulation, "fed").value !== undefined;
        this.container.hidden = plant.twins.has(simulation) && !conveys && COUNTS.every((key) => this.counted(key) === undefined);
        for (const key of SIMULATED) setText(this.cell(key, "simulated"), count(plant.value(simulation, key).value));
        setClass(this.cell("lost", "simulated"), "alarm", plant.value(simulation, "lost").value > 0);
    }

    /// What functions own: a number of that name, at the top or below `counts`.
    counted(key) {
        for (const thing of this.plant.functionThings) {
            const reported = this.plant.reported(thing);
            const value = reported?.counts?.[key] ?? reported?.[key];
            if (typeof value === "number") return value;
        }
        return undefined;
    }
}

function count(value) {
    return typeof value === "number" ? number(value) : "–";
}

// ---------------------------------------------------------------- hands on the simulated station

export class Hands {
    constructor(plant, container) {
        this.plant = plant;
        this.container = container;
        this.answer = html("p", { class: "answer", role: "status" });
        const modules = plant.picture.things.flatMap((thing) => thing.modules.map((module) => ({ thing, module })));
        const of = (role) => modules.filter(({ module }) => module.role === role);
        this.toggles = [];
        container.append(
            html("h2", {}, say("Simulated panel")),
            html("div", { class: "hands" }, ...of("Button").map(({ module }) => this.press(module)), ...of("Switch").map((each) => this.turn(each)),
                ...of("EmergencyStop").map((each) => this.strike(each)),
                this.button(say("Empty slide"), () => ["emptySlide", []], { "data-hand": "emptySlide", class: "half" }),
                this.button(say("Refill magazine"), () => ["refill", []], { "data-hand": "refill", class: "half" })),
            this.answer);
    }

    button(label, command, attributes) {
        return html("button", { type: "button", ...attributes, onclick: () => this.call(...command()) }, label);
    }

    press(module) {
        return this.button(name(module.displayName), () => ["press", [module.name]], { "data-hand": module.name });
    }

    /// A switch: the button says what it will be turned to.
    turn({ thing, module }) {
        const is = () => this.plant.value(thing.name, module.signals[0].path).value === true;
        const button = this.button("", () => ["turn", [module.name, !is()]], { "data-hand": module.name, class: "half" });
        this.toggles.push(() => setText(button, `${name(module.displayName).split(":")[0]} → ${say(is() ? module.textFalse : module.textTrue)}`));
        return button;
    }

    strike({ thing, module }) {
        const is = () => this.plant.value(thing.name, module.signals[0].path).value === true;
        const button = this.button("", () => ["turn", [module.name, !is()]], { "data-hand": module.name, class: "half stop" });
        this.toggles.push(() => {
            setText(button, is() ? say("Release emergency stop") : name(module.displayName));
            button.setAttribute("aria-pressed", is());
        });
        return button;
    }

    async call(method, args) {
        const { simulation } = this.plant.picture;
        const answer = await fetch(`/v1/things/${simulation}/commands`, {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ method, arguments: args }),
        }).then((response) => response.json(), (error) => ({ message: error.message }));
        const reason = answer.statusReason?.reasonDescription || answer.statusReason?.reasonCode || answer.message || answer.status;
        const good = answer.status === "SUCCEEDED";
        setText(this.answer, `${method}${args.length ? ` ${args.join(" ")}` : ""}: ${good ? say("done") : `${say("refused")}: ${sentence(reason)}`}`);
        setClass(this.answer, "alarm", !good);
    }

    update() {
        const { simulation } = this.plant.picture;
        this.container.hidden = !simulation || !this.plant.twins.has(simulation);
        if (this.container.hidden) return;
        const stale = this.plant.staleness(simulation) !== null;
        const conveys = this.plant.value(simulation, "fed").value !== undefined;
        for (const button of this.container.querySelectorAll("[data-hand=refill], [data-hand=emptySlide]")) button.hidden = !conveys;
        for (const toggle of this.toggles) toggle();
        for (const button of this.container.querySelectorAll("button")) if (button.disabled !== stale) button.disabled = stale;
    }
}
