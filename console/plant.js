// What the page knows: the plant from the model, the twins, the services, and whether all that is current.
import { sentence } from "./sentences.js";
import { say } from "./words.js";

const HEARTBEAT_MS = 3000; // of the controller's clock, which moves four times a second

export class Plant {
    constructor(picture) {
        this.picture = picture;
        this.things = new Map(picture.things.map((thing) => [thing.name, thing]));
        this.functionThings = new Set(picture.functionThings);
        this.twins = new Map(); // "thing" or "thing/shadow" to the current document
        this.services = new Map();
        this.linkLive = false;
        this.linkHeardAt = 0;
        this.controller = picture.things.find((thing) => thing.controller);
        this.heartbeat = { value: undefined, at: 0 };
    }

    takeTwin({ thing, shadow, document }) {
        const key = shadow ? `${thing}/${shadow}` : thing;
        if (document === null) this.twins.delete(key);
        else this.twins.set(key, document.current);
        if (key === this.controller?.name) this.takeHeartbeat();
    }

    /// The first value proves nothing by itself: it is as old as the twin says. Later ones prove that the edge lives.
    takeHeartbeat() {
        const { value } = this.value(this.controller.name, "Clock");
        if (value === undefined || value === this.heartbeat.value) return;
        const written = this.twins.get(this.controller.name).metadata?.reported?.Clock?.timestamp;
        const first = this.heartbeat.value === undefined && written !== undefined;
        this.heartbeat = { value, at: first ? Math.min(written * 1000, Date.now()) : Date.now() };
    }

    takeStatus(status) {
        this.services.set(status.service, status);
    }

    reported(thing, shadow) {
        return this.twins.get(shadow ? `${thing}/${shadow}` : thing)?.state?.reported;
    }

    /// {value, good, known} at "motor/direction/right/state" of a thing.
    value(thing, path) {
        const value = path.split("/").reduce((node, key) => node?.[key], this.reported(thing));
        const bad = this.reported(thing, "status")?.bad?.find?.((leaf) => leaf.path === path);
        return { value, good: value !== undefined && !bad, status: bad?.status };
    }

    /// Why the values of a thing are not current: {reason, since}; null when they are.
    staleness(thing) {
        if (!this.linkLive)
            return { reason: say(this.linkHeardAt ? "no connection to the server" : "waiting for the first data"), since: this.linkHeardAt };
        const twins = this.services.get("twins");
        if (isDown(twins)) return { reason: say("the twin service is down"), since: twins?.time };
        return this.functionThings.has(thing) ? this.functionStaleness() : this.edgeStaleness(thing);
    }

    /// What a function owns is as old as the function.
    functionStaleness() {
        const functions = this.services.get("functions");
        return isDown(functions) ? { reason: say("the functions service is down"), since: functions?.time } : null;
    }

    edgeStaleness(thing) {
        const gateway = this.services.get("gateway");
        if (isDown(gateway)) return { reason: say("the gateway is down"), since: gateway?.time };
        const connection = this.reported(thing, "status")?.connection ?? gateway?.edges?.[0];
        if (connection && connection.state !== "connected") {
            const reason = connection.reason ? `: ${sentence(connection.reason)}` : "";
            return { reason: say("the connection to the edge is lost") + reason, since: connection.since };
        }
        if (!this.twins.has(thing)) return { reason: say("waiting for the first data"), since: 0 };
        if (this.heartbeat.at && Date.now() - this.heartbeat.at > HEARTBEAT_MS)
            return { reason: say("the edge is silent"), since: this.heartbeat.at };
        return null;
    }

    /// Of the station as a whole: that of the controller, or of the first thing.
    stationStaleness() {
        return this.staleness((this.controller ?? this.picture.things[0])?.name);
    }
}

export function isDown(service) {
    return !service || service.state === "down";
}
