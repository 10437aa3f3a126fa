// Every service is killed in turn while the station produces: production goes on, or stops safely and says why; nothing is
// lost, and the automatic mode's own count agrees with what the simulator put in.
import assert from "node:assert/strict";
import { at, nothingDriven } from "./support/mps.mjs";
import { plantSuite } from "./support/plant.mjs";
import { isAlive } from "./support/processes.mjs";
import { Hopeless } from "./support/until.mjs";
import { assertSortedRight, ownCounts } from "./support/production.mjs";

plantSuite("Killed while producing", { press: ["automatic", "start"] }, (proves, plant) => {
    proves("production runs", async () => {
        await plant.until("the first workpiece", async () => (await plant.truth()).fed > 0, 60);
    });

    for (const name of ["bootstrap", "functions", "twins", "gateway", "api", "nats-server"]) {
        proves(`${name} killed: it is started again, and production goes on or says why it stopped`, async () => {
            const before = await plant.finished();
            const killed = kill(name);
            await plant.until(`a new ${name}`, () => isNew(name, killed), 30);
            await plant.until("everything to be ready again", () => plant.isReady(), 30);
            await plant.until("another finished workpiece", () => oneMore(before), 90);
            assertNothingLost(await plant.truth());
        });
    }

    proves("the count of the automatic mode agrees with the truth after all that", async () => {
        await plant.until("the same counts", async () => {
            const [truth, own] = [await plant.truth(), await ownCounts(plant)];
            return own.sorted === truth.sorted && own.passed === truth.passed;
        }, 60);
        assertSortedRight(await plant.truth());
    });

    proves("the edge killed: outputs are safe, and nothing moves until start is pressed", async () => {
        const killed = kill("edge");
        await plant.until("the gateway to notice", async () => (await plant.service("gateway")).edges[0].state !== "connected");
        await plant.until("a new edge", () => isNew("edge", killed), 30);
        await plant.until("everything to be ready again", () => plant.isReady(), 30);
        await stillAtRest(5000);
        assert.equal((await plant.truth()).fed, 0, "the simulated plant is a new one, and nothing was fed");
    });

    proves("start after that produces again", async () => {
        if (at(await plant.reported("mps_hmi"), "switch_opMode/state") !== true) await plant.turn("switch_opMode", true);
        await plant.until("a finished workpiece", async () => {
            await plant.press("start");
            return (await plant.finished()) > 0;
        }, 60);
        assertNothingLost(await plant.truth());
    });

    function kill(name) {
        const victim = plant.process(name);
        assert.ok(victim, `${name} is not running`);
        process.kill(victim.pid, "SIGKILL");
        return victim;
    }

    function isNew(name, killed) {
        const now = plant.process(name);
        return !isAlive(killed) && now !== undefined && now.pid !== killed.pid;
    }

    /// True when one more was finished; a station that stopped must say why, and is started again by hand.
    async function oneMore(before) {
        if ((await plant.finished()) > before) return true;
        const { State, Cause } = await plant.reported("mps_plc");
        if (State !== "run") {
            assert.ok(Cause.length > 0, "stopped without a cause");
            throw new Hopeless(`stopped: ${Cause}`);
        }
        return false;
    }

    async function stillAtRest(plant_ms) {
        const from = (await plant.reported("mps_plc")).Clock;
        await plant.until(`${plant_ms} ms of plant time`, async () => {
            const things = await Promise.all(["mps_conveyor", "mps_magazine", "mps_ejector"].map((thing) => plant.reported(thing)));
            if (!nothingDriven(...things)) throw new Hopeless("something moves");
            return (await plant.reported("mps_plc")).Clock >= from + plant_ms;
        });
    }
});

function assertNothingLost(truth) {
    assert.equal(truth.lost, 0);
    assert.equal(truth.fed, truth.sorted + truth.passed + truth.onBelt);
}
