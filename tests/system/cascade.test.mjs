// The whole cascade on one machine, as a newcomer starts it: station, PLC, OPC UA, twins, function and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Plant, withPlant } from "./support/plant.mjs";
import { assertSortedRight } from "./support/production.mjs";

const SECONDS = 40;
const SPEED = 3;
const SCAN_PERIOD_MS = 1;

test("unattended production for a while ends by itself with status 0 and a JSON line that tells the truth", (t) =>
    withPlant({ ready: false, speed: SPEED, press: ["automatic", "start"], args: ["--for", String(SECONDS)] }, async (plant) => {
        const { status } = await plant.ended;
        const summary = JSON.parse(plant.stdout.trimEnd().split("\n").at(-1));
        t.diagnostic(JSON.stringify(summary));
        assert.equal(status, 0, plant.stderr);
        assert.deepEqual(summary.errors, []);

        // What the simulator put in and what became of it.
        const { workpieces } = summary;
        assert.ok(workpieces.sorted + workpieces.passed >= 5, "at least five finished");
        assert.ok(workpieces.sorted >= 1 && workpieces.passed >= 1, "both kinds");
        assert.ok(workpieces.fed - workpieces.sorted - workpieces.passed <= 3, "more on the belt than fit");
        assertSortedRight({ ...workpieces, onBelt: workpieces.fed - workpieces.sorted - workpieces.passed });

        // What the automatic mode counted itself, from sensors alone: it may be about to count the piece that just ended.
        assert.ok(Math.abs(summary.counted.sorted - workpieces.sorted) <= 1, JSON.stringify(summary.counted));
        assert.ok(Math.abs(summary.counted.passed - workpieces.passed) <= 1, JSON.stringify(summary.counted));

        // The PLC scanned, and how well.
        assert.equal(summary.scan.period_ms, SCAN_PERIOD_MS);
        const possible = (summary.seconds * 1000) / SCAN_PERIOD_MS;
        assert.ok(summary.scan.cycles + summary.scan.missed > possible * 0.5, "cycles of most of the time");
        assert.ok(summary.scan.missed < summary.scan.cycles, "more missed than done");
        assert.ok(summary.scan.time_us > 0 && summary.scan.time_max_us >= summary.scan.time_us);

        // Sensor to actuator, through everything.
        assert.ok(summary.latency_ms.count >= workpieces.fed, "at least one loop per workpiece");
        assert.ok(summary.latency_ms.p50 > 0 && summary.latency_ms.p99 >= summary.latency_ms.p50);

        // Every process is there with its memory, and none had to be started again.
        for (const name of ["edge", "gateway", "twins", "functions", "api"]) {
            assert.equal(summary.restarts[name], 0, name);
            assert.ok(summary.memory_kib[name] > 0, name);
        }
        plant.assertNothingLeft();
    }));

test("the same plant is up again at once in the same data folder, and the counters of its twins go on", async (t) => {
    const first = new Plant({ press: ["automatic", "start"] });
    try {
        await first.start();
        await first.ready();
        await first.until("a finished workpiece", async () => (await first.finished()) > 0, 60);
        const version = (await first.twin("mps_conveyor")).version;
        await first.stop();
        const started = Date.now();
        await withPlant({ data: first.data, press: ["automatic", "start"] }, async (second) => {
            t.diagnostic(`everything ready ${Date.now() - started} ms after the second start`);
            const next = (await second.twin("mps_conveyor")).version;
            assert.ok(next >= version, `version ${next} after ${version}`);
            await second.until("the first report of the new edge", async () => (await second.twin("mps_conveyor")).version > version);
            await second.until("a finished workpiece", async () => (await second.finished()) > 0, 60);
            assertSortedRight(await second.truth());
        });
    } catch (error) {
        console.error(first.report());
        throw error;
    } finally {
        await first.cleanUp();
    }
});
