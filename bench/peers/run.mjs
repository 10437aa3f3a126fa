import { fork } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { credentials } from "../../tests/system/support/mqtt.mjs";
import { withoutFunctions } from "../../tests/system/support/mps.mjs";
import { withPlant } from "../../tests/system/support/plant.mjs";
import { listen } from "./nats.mjs";

const mqtt = createRequire(new URL("../../tests/package.json", import.meta.url))("mqtt");

const THING = "mps_hmi", SWITCH = "switch_opMode", PATH = `${SWITCH}/state`;
/// The twin of the reference is a named shadow of the same thing.
const OURS = `$aws/things/${THING}/shadow`, REFERENCE = `${OURS}/name/reference`, CONTROL = `${OURS}/name/control`;
/// Slow publishers get changes that are further apart: each change is to be seen.
const PEERS = [
    { name: "no gateway: a device's update by MQTT", twin: CONTROL, parameters: null, least_ms: 5, most_ms: 25 },
    { name: "ours", twin: OURS, parameters: null, least_ms: 5, most_ms: 25 },
    { name: "node-opcua + mqtt.js, best", twin: REFERENCE, parameters: { sampling: 0, publishing: 1 }, least_ms: 5, most_ms: 25 },
    { name: "node-opcua + mqtt.js, 250 / 100 ms", twin: REFERENCE, parameters: { sampling: 250, publishing: 100 }, least_ms: 400, most_ms: 600 },
];

const { values } = parseArgs({ options: { changes: { type: "string", default: "600" }, rounds: { type: "string", default: "3" } } });
const CHANGES = Number(values.changes), ROUNDS = Number(values.rounds);

const now_us = () => (performance.timeOrigin + performance.now()) * 1000;
const microtime = (() => { // Date and performance may differ by what the clock was set since the start
    const offset = Date.now() * 1000 - now_us();
    return Math.abs(offset) < 2000 ? now_us : () => now_us() + offset;
})();

/// Starts a program of ours and waits until it is ready.
async function start(file, words) {
    const child = fork(new URL(file, import.meta.url), [JSON.stringify(words)]);
    child.ask = (message) => new Promise((resolve, reject) => {
        child.once("message", resolve).once("exit", () => reject(new Error(`${file} has ended`)));
        if (message !== undefined) child.send(message);
    });
    await child.ask();
    return child;
}

function quantile(sorted, share) {
    return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

await withPlant({ speed: 1, change: withoutFunctions }, async (plant) => {
    const connect = plant.connect;
    let heard = null; // {nats: [ms], mqtt: [ms]} of the peer that is measured
    let twin = null; // topic
    const note = (list, topic, payload) => {
        const at = microtime();
        if (heard === null || topic !== `${twin}/update/documents`) return;
        const token = JSON.parse(payload.toString()).clientToken ?? "";
        if (token.startsWith("c:")) heard[list].push((at - Number(token.slice(2))) / 1000);
    };
    const listener = await listen(connect.nats, ["$aws.things.*.shadow.update.documents", "$aws.things.*.shadow.name.*.update.documents"],
        (subject, payload) => note("nats", subject.replaceAll(".", "/"), payload));
    const device = await mqtt.connectAsync(connect.mqtt.url, { ...credentials(connect.mqtt, THING), clientId: `${THING}-listener` });
    device.on("message", (topic, payload) => note("mqtt", topic, payload));
    await device.subscribeAsync([OURS, REFERENCE, CONTROL].map((one) => `${one}/update/documents`));
    const hand = await start("hand.mjs", { connect, folder: path.join(plant.folder, "hand"), name: SWITCH });
    const reference = await start("reference.mjs", { connect, folder: path.join(plant.folder, "reference"), thing: THING, paths: [PATH], twin: REFERENCE });

    /// What twin service, broker and listener need alone: the device says itself when the change was.
    async function tellControl(changes, { least_ms, most_ms }) {
        for (let i = 0; i < changes; i++) {
            device.publish(`${CONTROL}/update`, JSON.stringify({ state: { reported: { on: i % 2 === 0 } }, clientToken: `c:${Math.round(microtime())}` }));
            await new Promise((resolve) => setTimeout(resolve, least_ms + Math.random() * (most_ms - least_ms)));
        }
    }
    const change = (row, changes) => row.twin === CONTROL ? tellControl(changes, row)
        : hand.ask({ changes, least_ms: row.least_ms, most_ms: row.most_ms });

    const rows = PEERS.map((peer) => ({ ...peer, nats: [], mqtt: [] }));
    for (let round = 0; round < ROUNDS; round++) {
        for (const row of rows) {
            await reference.ask(row.parameters);
            await change(row, 20); // warm
            twin = row.twin;
            heard = row;
            const changes = row.least_ms > 100 ? Math.ceil(CHANGES / 10) : CHANGES;
            row.changes = (row.changes ?? 0) + changes;
            await change(row, changes);
            await new Promise((resolve) => setTimeout(resolve, 500));
            heard = null;
        }
    }
    const { hops } = await plant.service("gateway");
    for (const child of [hand, reference]) child.disconnect();
    await device.endAsync();
    listener.close();

    console.log(`change at the edge -> documents, ms; ${ROUNDS} rounds by turns, scan 1 ms`);
    console.log("| gateway | changes | NATS heard | p50 | p99 | max | MQTT heard | p50 | p99 | max |");
    console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (const row of rows) {
        const cells = ["nats", "mqtt"].flatMap((list) => {
            const sorted = row[list].toSorted?.((a, b) => a - b) ?? [...row[list]].sort((a, b) => a - b);
            return [sorted.length, ...[0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed(2))];
        });
        console.log(`| ${row.name} | ${row.changes} | ${cells.join(" | ")} |`);
    }
    for (const name of ["edge", "twin"])
        console.log(`our gateway's hop ${name}: ${hops[name].count}, p50 ${hops[name].p50_ms} ms, p99 ${hops[name].p99_ms} ms`);
});
