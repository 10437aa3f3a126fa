// Every service is killed in turn while the station produces: production goes on, or stops safely and says why; nothing is
// lost, and the automatic mode's own count agrees with what the simulator put in.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { at, nothingDriven, silence } from "./support/mps.mjs";
import { plantSuite, withPlant } from "./support/plant.mjs";
import { isAlive } from "./support/processes.mjs";
import { Hopeless } from "./support/until.mjs";
import { assertSortedRight, ownCounts } from "./support/production.mjs";

// Somebody refills the magazine and empties the slide; the buttons are pressed by the test alone.
plantSuite("Killed while producing", { speed: 3, press: ["none"] }, (proves, plant) => {
    proves("production runs", async () => {
        await plant.turn("switch_opMode", true);
        await plant.press("start");
        await plant.until("the first workpiece", async () => (await plant.truth()).fed > 0, 60);
    });

    for (const name of ["bootstrap", "functions", "twins", "gateway", "api", "nats-server"]) {
        proves(`${name} killed: it is started again, and production goes on or says why it stopped`, async () => {
            const before = await plant.finished();
            const killedAt = Date.now();
            const killed = kill(name);
            await plant.until(`a new ${name}`, () => isNew(name, killed), 30);
            await plant.until("everything to be ready again", () => plant.isReady(), 30);
            await plant.until("reported values to be of now, not of before", () => isOfNow("mps_hmi"), 30);
            await goesOn(name, before);
            assertNothingLost(await plant.truth());
            if (name === "gateway") assertTakenOverAtOnce(audited(killedAt));
        });
    }

    /// What the edge noted since then.
    function audited(since) {
        const lines = fs.readFileSync(path.join(plant.data, "edge", "audit.log"), "utf8").trim().split("\n");
        return lines.map((line) => JSON.parse(line)).filter((line) => Date.parse(line.time) >= since);
    }

    proves("the count of the automatic mode agrees with the truth after all that", async () => {
        await plant.until("the same counts", async () => {
            const { fed, sorted, passed } = await plant.truth();
            const own = await ownCounts(plant);
            assert.deepEqual({ fed: own.fed, sorted: own.sorted, passed: own.passed }, { fed, sorted, passed });
            return true;
        }, 20);
    });

    proves("the edge killed: outputs are safe, and nothing moves until start is pressed", async () => {
        const killed = kill("edge");
        await plant.until("the gateway to notice", async () => (await plant.service("gateway")).edges[0].state !== "connected");
        await plant.until("a new edge", () => isNew("edge", killed), 30);
        await plant.until("everything to be ready again", () => plant.isReady(), 30);
        await plant.until("the twins to show the new edge", async () => (await plant.truth()).fed === 0 && (await atRest()));
        await stillAtRest(5000);
        assert.equal((await plant.truth()).fed, 0, "the simulated plant is a new one, and nothing was fed");
        assert.match((await plant.reported("mps_automatic")).message, /start/i);
    });

    proves("start after that produces again", async () => {
        await plant.turn("switch_opMode", true);
        await plant.press("start");
        await plant.until("a finished workpiece", async () => (await plant.finished()) > 0, 60);
        assertSortedRight(await plant.truth());
    });

    function kill(name) {
        const victim = plant.process(name);
        assert.ok(victim, `${name} is not running`);
        process.kill(victim.pid, "SIGKILL");
        return victim;
    }

    /// What a twin service has loaded counts as old until the gateway has reported it again ([twin-3.6]).
    async function isOfNow(thing) {
        return (await plant.twin(thing)).restored === undefined;
    }

    function isNew(name, killed) {
        const now = plant.process(name);
        return !isAlive(killed) && now !== undefined && now.pid !== killed.pid;
    }

    /// Another workpiece is finished; or production rests and says why, and goes on when somebody presses reset and start.
    async function goesOn(name, before) {
        const rest = await plant.until("another finished workpiece, or a reason", async () =>
            (await plant.finished()) > before ? "none" : whyItRests(), 60);
        if (rest === "none") return;
        console.log(`after ${name} was killed: ${rest}`);
        await plant.until("production after reset and start", async () => {
            if ((await plant.finished()) > before && (await whyItRests()) === null) return true;
            if ((await whyItRests()) === null) return false;
            await plant.press("reset");
            await plant.until("the button to be up again", async () => !at(await plant.reported("mps_hmi"), "actuator_reset/state"));
            await plant.press("start");
            await plant.until("the button to be up again", async () => !at(await plant.reported("mps_hmi"), "actuator_start/state"));
            return false;
        }, 60);
    }

    /// What twins say about production that rests; null when nothing rests.
    async function whyItRests() {
        const { State, Cause } = await plant.reported("mps_plc");
        if (State !== "run") return Cause;
        const { state, message } = await plant.reported("mps_automatic");
        return ["fault", "stopped", "interrupted"].includes(state) ? message : null;
    }

    async function atRest() {
        const things = await Promise.all(["mps_conveyor", "mps_magazine", "mps_ejector"].map((thing) => plant.reported(thing)));
        return nothingDriven(...things);
    }

    async function stillAtRest(plant_ms) {
        const from = (await plant.reported("mps_plc")).Clock;
        await plant.until(`${plant_ms} ms of plant time`, async () => {
            if (!(await atRest())) throw new Hopeless(`something moves: ${JSON.stringify(await plant.reported("mps_automatic"))}`);
            return (await plant.reported("mps_plc")).Clock >= from + plant_ms;
        });
    }
});

test("the hands of --sim-press are not repeated when the edge is started again", () =>
    withPlant({ press: ["automatic", "start"] }, async (plant) => {
        await plant.until("a workpiece", async () => (await plant.truth()).fed > 0, 60);
        process.kill(plant.process("edge").pid, "SIGKILL");
        await plant.until("the twins to show the new edge", async () => (await plant.truth()).fed === 0);
        await plant.until("everything to be ready again", () => plant.isReady(), 30);
        const from = (await plant.reported("mps_plc")).Clock;
        await plant.until("five seconds of plant time", async () => (await plant.reported("mps_plc")).Clock >= from + 5000);
        assert.equal((await plant.truth()).fed, 0);
        assert.equal(at(await plant.reported("mps_conveyor"), "motor/direction/right/state"), false);
    }));

/// The control authority was lost with the dead gateway's connection: the new one did not have to wait for a time-out.
function assertTakenOverAtOnce(entries) {
    const first = (action, from = 0) => entries.findIndex((entry, i) => i >= from && entry.action === action);
    const disconnected = first("session disconnected");
    const lost = first("LockLost"), granted = first("LockGranted");
    assert.ok(disconnected >= 0 && lost > disconnected && granted > lost, JSON.stringify(entries));
    const asked = entries.filter((entry) => entry.object.includes("InitLock")).map((entry) => entry.outcome);
    assert.deepEqual(asked, ["Good"], "asked once, and got it");
}

function assertNothingLost(truth) {
    assert.equal(truth.lost, 0);
    assert.equal(truth.fed, truth.sorted + truth.passed + truth.onBelt);
}

test("services that hang are killed and started again, and the log says why", () =>
    withPlant({ press: ["none"], change: (folder) => silence(folder, 2) }, async (plant) => {
        const names = ["functions", "twins", "gateway", "api", "edge"];
        const hung = names.map((name) => plant.process(name));
        for (const { pid } of hung) process.kill(pid, "SIGSTOP");
        await plant.until("new processes", () => names.every((name, i) => {
            const now = plant.process(name);
            return now !== undefined && now.pid !== hung[i].pid;
        }), 40);
        await plant.until("everything to be ready again", () => plant.isReady(), 40);
        for (const name of names) assert.match(plant.stdout, new RegExp(`^${name} gave no sign of life for 2 s and was killed$`, "m"));
    }));
