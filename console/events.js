// The newest events, newest first.
import { html, setText } from "./dom.js";
import { sentence } from "./sentences.js";
import { clock, say } from "./words.js";

const SHOWN = 50;
const LEVELS = [[700, "alarm", "■", "urgent"], [400, "warning", "▲", "warning"], [0, "note", "", "note"]];

export class Events {
    constructor(body) {
        this.body = body;
        this.newest = 0;
        this.empty = html("tr", {}, html("td", { colspan: 4, class: "empty" }, say("No events yet")));
        body.append(this.empty);
    }

    /// After a reconnect the server tells the kept ones again: those that are here already are left out.
    add({ time, severity, source, message }) {
        const key = `${time} ${source} ${message}`;
        for (const row of this.body.children) if (row.dataset.key === key) return;
        this.empty.remove();
        const [, kind, shape, word] = LEVELS.find(([least]) => severity >= least);
        const row = html("tr", { class: kind, "data-key": key, "data-time": time }, html("td", {}, clock(time)),
            html("td", { class: "severity", title: `${severity}` }, html("span", { class: "shape", "aria-hidden": "true" }, shape), say(word)),
            html("td", {}, source), html("td", {}, sentence(message)));
        const after = [...this.body.children].find((each) => Number(each.dataset.time) <= time);
        this.body.insertBefore(row, after ?? null);
        while (this.body.children.length > SHOWN) this.body.lastElementChild.remove();
    }
}

export function titleEvents(element) {
    setText(element, say("Events"));
}
