// Ten thousand points, as a plant of that size has them: what is disturbed is live again within seconds. docs/spec/bus.md.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { withoutFunctions } from "./support/mps.mjs";
import { MPS, temporaryFolder, withPlant } from "./support/plant.mjs";
import { splc } from "./support/splc.mjs";

const POINTS = 10_000, LIMIT_S = 5;

/// A generated plant, run as the example is.
async function largePlant(parent) {
    const folder = path.join(parent, "large");
    fs.mkdirSync(folder);
    fs.copyFileSync(path.join(MPS, "site.yaml"), path.join(folder, "site.yaml"));
    withoutFunctions(folder);
    const made = await splc(["model", "generate", "--points", String(POINTS), "--output", path.join(folder, "plant.aml")]);
    assert.equal(made.status, 0, made.stderr);
    return folder;
}

/// How many times longer than alone a program takes here, now: other work has the processors as well.
function slowness() {
    const wall = performance.now(), cpu = process.cpuUsage();
    while (process.cpuUsage(cpu).user < 200_000) Math.sqrt(wall);
    return Math.max(1, (performance.now() - wall) / 200);
}

function accepts(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
        socket.once("error", () => resolve(false));
    });
}

test(`${POINTS} points: all values are live within ${LIMIT_S} s after the edge was killed, and after it hung [bus-4.13]`, async () => {
    const parent = temporaryFolder();
    try {
        await withPlant({ plant: await largePlant(parent), speed: 1 }, async (plant) => {
            const edge = async () => (await plant.service("gateway")).edges[0];
            const isLive = ({ state, bad }) => state === "connected" && bad === 0;
            const { items } = await plant.until("all values to be good", async () => (isLive(await edge()) ? edge() : null), 120);
            assert.ok(items >= POINTS, `${items} values`);

            const live = async (what, since) => {
                const begun = performance.now();
                await plant.until(`all values to be live again after ${what}`, async () => {
                    const now = await edge();
                    return isLive(now) && now.items === items && now.since > since;
                }, 120);
                const took_s = (performance.now() - begun) / 1000, limit_s = LIMIT_S * slowness();
                assert.ok(took_s <= limit_s, `live ${took_s.toFixed(2)} s after ${what}, limit ${limit_s.toFixed(1)} s`);
            };
            const before = (await edge()).since, { pid } = plant.process("edge");
            process.kill(pid, "SIGKILL");
            await plant.until("the edge to be there again", () => {
                const now = plant.process("edge");
                return now !== undefined && now.pid !== pid && accepts(plant.ports.opcua);
            }, 120);
            await live("a kill", before);

            const again = plant.process("edge").pid;
            process.kill(again, "SIGSTOP");
            await plant.until("silence to be noticed", async () => (await edge()).state === "silent", 10);
            process.kill(again, "SIGCONT");
            await live("a halt", (await edge()).since - 1);
            const twin = await plant.twin((await plant.http("/v1/things")).body.things[0].name, "status");
            assert.deepEqual(twin.state.reported.bad, []);
            const { lost } = await edge();
            assert.equal(lost, 0);
        });
    } finally {
        fs.rmSync(parent, { recursive: true, force: true });
    }
});
