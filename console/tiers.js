// The connection state of each tier and service, in the head of the page.
import { html, setText } from "./dom.js";
import { isDown } from "./plant.js";
import { age, say } from "./words.js";

const SHAPES = { good: "●", warning: "▲", alarm: "■", none: "–" }; // never by colour alone

const SERVICES = [["gateway", "Gateway"], ["twins", "Twins"], ["functions", "Functions"], ["api", "API"]];

export class Tiers {
    constructor(plant, list) {
        this.plant = plant;
        this.items = new Map();
        for (const [key, label] of [["edge", "Edge"], ...SERVICES, ["cloud", "Cloud"]]) {
            const shape = html("span", { class: "shape", "aria-hidden": "true" }), state = html("span", { class: "state" });
            const item = html("li", { id: `tier-${key}`, class: key === "edge" || key === "cloud" ? "tier" : "service" }, shape,
                html("span", { class: "name" }, say(label)), state);
            list.append(item);
            this.items.set(key, { item, shape, state });
        }
    }

    set(key, kind, text, detail = "") {
        const { item, shape, state } = this.items.get(key);
        setText(shape, SHAPES[kind]);
        setText(state, text);
        item.dataset.kind = kind;
        if (item.title !== detail) item.title = detail;
    }

    update() {
        if (!this.plant.linkLive) {
            for (const key of this.items.keys()) this.set(key, "none", say("unknown"), say("no connection to the server"));
            return;
        }
        this.edge();
        for (const [key] of SERVICES) this.service(key);
        const uplink = this.plant.services.get("uplink");
        if (uplink) this.service("uplink", "cloud");
        else this.set("cloud", "none", say("not configured"));
    }

    service(name, key = name) {
        const status = this.plant.services.get(name);
        if (isDown(status)) return this.set(key, "alarm", say("down"), status?.reason);
        const failed = status.functions?.filter((each) => each.state === "failed") ?? [];
        if (failed.length) return this.set(key, "warning", say("degraded"), failed.map((each) => `${each.name}: ${each.reason ?? ""}`).join("; "));
        if (status.state !== "ok") return this.set(key, "warning", say("degraded"), status.reason);
        this.set(key, "good", say("running"), status.startedAt ? age(Date.now() - status.startedAt) : "");
    }

    edge() {
        const gateway = this.plant.services.get("gateway");
        if (isDown(gateway)) return this.set("edge", "none", say("unknown"), say("the gateway is down"));
        const edges = gateway.edges ?? [];
        const worst = edges.find((each) => each.state === "lost") ?? edges.find((each) => each.state !== "connected") ?? edges[0];
        if (!worst) return this.set("edge", "none", say("unknown"));
        const detail = [worst.url, worst.reason].filter(Boolean).join(": ");
        if (worst.state !== "connected") return this.set("edge", "alarm", say(worst.state), detail);
        this.set("edge", "good", say("connected"), detail);
    }
}
