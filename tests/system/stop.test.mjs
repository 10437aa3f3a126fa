// How a plant ends, and how production is stopped: nothing is left behind, nothing moves that should not.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { at, nothingDriven, unattended } from "./support/mps.mjs";
import { MPS, Plant, plantSuite, temporaryFolder, withPlant } from "./support/plant.mjs";
import { isAlive, processesOf } from "./support/processes.mjs";
import { splc } from "./support/splc.mjs";
import { Hopeless, until } from "./support/until.mjs";

const SERVICES = ["nats-server", "edge", "gateway", "twins", "functions", "api", "bootstrap"];

for (const signal of ["SIGTERM", "SIGINT"]) {
    test(`${signal} ends a producing plant with status 0 and leaves no process`, () =>
        withPlant({ press: ["automatic", "start"] }, async (plant) => {
            for (const name of SERVICES) assert.ok(plant.process(name), `${name} is not running`);
            const { status } = await plant.stop(signal);
            assert.equal(status, 0);
        }));
}

test("Ctrl-C in a terminal, which reaches every process at once, ends everything just as cleanly", () =>
    withPlant({ group: true }, async (plant) => {
        plant.processes();
        process.kill(-plant.pid, "SIGINT");
        const { status } = await plant.ended;
        assert.equal(status, 0);
        plant.assertNothingLeft();
        assert.doesNotMatch(plant.stderr, /restart|died/i);
    }));

test("when splc up itself is killed, everything below it goes, too", () =>
    withPlant({}, async (plant) => {
        const below = plant.processes();
        assert.ok(below.length >= SERVICES.length);
        plant.child.kill("SIGKILL");
        await plant.ended;
        await until("every process to go", () => !below.some(isAlive) && processesOf(plant.data).length === 0);
    }));

plantSuite("A plant at rest", { change: unattended }, (proves, plant) => {
    proves("two plants cannot share a data folder: the second says who has it", async () => {
        const second = new Plant({ data: plant.data });
        try {
            await second.start();
            const { status } = await second.ended;
            assert.equal(status, 1);
            assert.match(second.stderr, new RegExp(`in use.*${plant.pid}`, "s"));
            assert.ok(await plant.isReady());
        } finally {
            await second.cleanUp();
        }
    });

    proves("private keys and secrets can be read by nobody else", () => {
        const secret = /\.key(\.der|\.pem)?$|^secrets\/|^edge\/users$|nats\.conf$/;
        const files = filesBelow(plant.data).map((file) => path.relative(plant.data, file)).filter((name) => secret.test(name));
        assert.ok(files.length > 15, `only ${files}`);
        for (const name of files) {
            assert.equal(fs.statSync(path.join(plant.data, name)).mode & 0o077, 0, `${name} can be read by others`);
        }
        assert.equal(fs.statSync(plant.data).mode & 0o077, 0);
    });

    proves("nothing listens on anything but loopback", async () => {
        const own = new Set([plant.pid, ...plant.processes().map((one) => one.pid)].flatMap(socketsOf));
        // The kernel's table may miss a line while others change it, so it is read until all five are in it.
        const listening = await until("all five ports to listen", () => {
            const found = listeningSockets().filter((socket) => own.has(socket.inode));
            return Object.values(plant.ports).every((port) => found.some((socket) => socket.port === port)) && found;
        });
        for (const { address, port } of listening) assert.match(address, /^(0100007F|0{24}01000000)$/, `port ${port}`);
    });
});

// ---- the panel

plantSuite("The panel of a producing station", { change: unattended, press: ["automatic", "start"] }, (proves, plant) => {
    const driven = async () => !nothingDriven(await plant.reported("mps_conveyor"), await plant.reported("mps_magazine"),
        await plant.reported("mps_ejector"));
    const atRest = async () => !(await driven());
    const lampOf = async (name) => at(await plant.reported("mps_hmi"), `${name}/state`);

    proves("start lights its lamp and the station produces", async () => {
        await plant.until("the belt to move", driven);
        await plant.until("the lamp of start", () => lampOf("actuator_start/indicator"));
        await plant.until("a finished workpiece", async () => (await plant.finished()) > 0, 60);
    });

    proves("stop ends production in an orderly way, and the lamp shows it", async () => {
        await plant.press("stop");
        await plant.until("the lamp of start to go out", async () => !(await lampOf("actuator_start/indicator")));
        await plant.until("everything to rest", atRest);
        const before = await plant.truth();
        await stillAtRest();
        assert.equal((await plant.truth()).fed, before.fed);
        assert.equal((await plant.truth()).lost, 0);
    });

    proves("start goes on where it stopped", async () => {
        const before = await plant.finished();
        await plant.press("start");
        await plant.until("the lamp of start", () => lampOf("actuator_start/indicator"));
        await plant.until("another finished workpiece", async () => (await plant.finished()) > before, 60);
        assert.equal((await plant.truth()).lost, 0);
    });

    proves("the emergency stop puts every output into its safe state and names itself", async () => {
        await plant.until("the belt to move", driven);
        await plant.turn("emergency_stop", true);
        await plant.until("the safe state", async () => (await plant.reported("mps_plc")).State === "safe");
        assert.match((await plant.reported("mps_plc")).Cause, /emergency stop/i);
        await plant.until("everything to rest", atRest);
        assert.equal(at(await plant.reported("mps_conveyor"), "motor/stop/state"), true, "the motor's stop input is on in the safe state");
    });

    proves("while the emergency stop is pressed, neither reset nor start helps", async () => {
        const reset = await plant.tryCall("mps_plc", "reset", []);
        assert.equal(reset.status, 409);
        assert.match(JSON.stringify(reset.body), /BadInvalidState/);
        await plant.press("reset");
        await plant.press("start");
        await stillAtRest();
        const moved = await plant.tryCall("mps_conveyor", "motor/setDirection", [1]);
        assert.equal(moved.status, 409);
        assert.match(moved.body.statusReason.reasonDescription, /emergency stop/i);
        assert.equal((await plant.reported("mps_plc")).State, "safe");
    });

    proves("releasing the emergency stop alone moves nothing: the safe state is latched", async () => {
        await plant.turn("emergency_stop", false);
        await plant.until("the release to be seen", async () => at(await plant.reported("mps_conveyor"), "emergency_stop/state") === false);
        await plant.press("start");
        await stillAtRest();
        assert.equal((await plant.reported("mps_plc")).State, "safe");
    });

    proves("reset clears the safe state and still nothing moves", async () => {
        await plant.press("reset");
        await plant.until("the PLC to run", async () => (await plant.reported("mps_plc")).State === "run");
        await stillAtRest();
    });

    proves("start after that produces again, and nothing was lost", async () => {
        const before = await plant.finished();
        await plant.press("start");
        await plant.until("another finished workpiece", async () => (await plant.finished()) > before, 60);
        const truth = await plant.truth();
        assert.deepEqual([truth.lost, truth.metalPassed, truth.plasticSorted], [0, 0, 0]);
    });

    proves("the key switch at manual ends automatic production, and start does not bring it back", async () => {
        await plant.turn("switch_opMode", false);
        await plant.until("the lamp of start to go out", async () => !(await lampOf("actuator_start/indicator")));
        await plant.until("everything to rest", atRest);
        await plant.press("start");
        await stillAtRest();
        await plant.turn("switch_opMode", true);
        await stillAtRest();
    });

    /// At rest for a second of plant time, as the PLC's own clock counts it.
    async function stillAtRest() {
        const from = (await plant.reported("mps_plc")).Clock;
        await plant.until("a second of plant time", async () => {
            if (await driven()) throw new Hopeless("something moves");
            return (await plant.reported("mps_plc")).Clock >= from + 1000;
        });
    }
});

// ---- --sim-press

test("--sim-press turns the key switch and presses the emergency stop, in the order given", () =>
    withPlant({ change: unattended, press: ["manual", "emergency_stop"] }, async (plant) => {
        await plant.until("the safe state", async () => (await plant.reported("mps_plc")).State === "safe");
        assert.equal(at(await plant.reported("mps_hmi"), "switch_opMode/state"), false);
        assert.equal(at(await plant.reported("mps_conveyor"), "emergency_stop/state"), true);
    }));

test("--sim-press releases, resets, refills, empties the slide, switches to automatic and starts", () =>
    withPlant({ change: unattended, press: ["emergency_stop", "emergency_release", "reset", "refill", "empty_slide", "automatic",
        "stop", "start"] }, async (plant) => {
        await plant.until("a workpiece on the belt", async () => (await plant.truth()).fed > 0);
        assert.equal((await plant.reported("mps_plc")).State, "run");
        assert.equal(at(await plant.reported("mps_hmi"), "switch_opMode/state"), true);
    }));

test("--sim-press none leaves the station alone, whatever the site file says", () =>
    withPlant({ press: ["none"] }, async (plant) => {
        const from = (await plant.reported("mps_plc")).Clock;
        await plant.until("three seconds of plant time", async () => (await plant.reported("mps_plc")).Clock >= from + 3000);
        assert.equal((await plant.truth()).fed, 0);
    }));

test("--sim-press with a word that nobody knows is refused before anything starts", async () => {
    const folder = temporaryFolder();
    try {
        const { status, stderr } = await splc(["up", MPS, "--data", path.join(folder, "data"), "--headless", "--sim-press", "strat"]);
        assert.notEqual(status, 0);
        assert.match(stderr, /strat.*did you mean start.*splc up --help/s);
        assert.deepEqual(processesOf(folder), []);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});

function filesBelow(folder) {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        if (entry.isDirectory()) return filesBelow(file);
        return entry.isFile() ? [file] : [];
    });
}

/// Inodes of the sockets that a process has open.
function socketsOf(pid) {
    const folder = `/proc/${pid}/fd`;
    return fs.readdirSync(folder).flatMap((fd) => {
        try {
            return fs.readlinkSync(path.join(folder, fd)).match(/^socket:\[(\d+)\]$/)?.[1] ?? [];
        } catch {
            return []; // closed meanwhile
        }
    });
}

/// @return [{address: in hexadecimal, port, inode}]
function listeningSockets() {
    return ["tcp", "tcp6"].flatMap((table) => fs.readFileSync(`/proc/net/${table}`, "utf8").trim().split("\n").slice(1))
        .map((line) => line.trim().split(/\s+/)).filter((fields) => fields[3] === "0A")
        .map((fields) => ({ address: fields[1].split(":")[0], port: parseInt(fields[1].split(":")[1], 16), inode: fields[9] }));
}
