// A whole plant under test: `splc up` as a person would start it, on ports of its own, with a data folder of its own.
// Nothing here knows more of it than what connect.json and the documented interfaces say.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { takePortOffset } from "./ports.mjs";
import { descendantsOf, isAlive, processesOf } from "./processes.mjs";
import { Hopeless, until } from "./until.mjs";

export const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
/// Folder of the programs under test.
export const BIN = path.resolve(process.env.SPLC_BIN ?? path.join(CHECKOUT, "build/release/bin"));
export const MPS = path.join(CHECKOUT, "plants/mps");
export const THINGS = ["mps_conveyor", "mps_ejector", "mps_hmi", "mps_magazine", "mps_plc", "mps_simulation"];

/// A plant takes a second to come up; a machine with something else to do, a little longer.
const READY_SECONDS = 60;
const STOP_SECONDS = 20;
/// Plant time per wall time of most tests.
const SPEED = 5;

const living = new Set();
process.on("exit", () => {
    for (const child of living) child.kill("SIGKILL"); // takes everything below it along
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export function temporaryFolder(prefix = "splc-system-") {
    return fs.mkdtempSync(path.join(os.tmpdir(), prefix));
}

/// A copy of the example plant that a test may change: `change(folder)`. Its name stays, functions are found by it.
export function copyOfPlant(parent, change = () => {}) {
    const folder = path.join(parent, "mps");
    fs.cpSync(MPS, folder, { recursive: true });
    change(folder);
    return folder;
}

/// Changes a text file; the pattern must be there, so that a test notices when the file has moved on.
export function edit(file, pattern, replacement) {
    const text = fs.readFileSync(file, "utf8");
    const changed = text.replace(pattern, replacement);
    assert.notEqual(changed, text, `${pattern} not found in ${file}`);
    fs.writeFileSync(file, changed);
}

export class Plant {
    /// @param options.plant   plant folder
    /// @param options.data    data folder; made, and removed at the end, when not given
    /// @param options.bin     folder of the programs
    /// @param options.speed   plant time per wall time
    /// @param options.press   words for --sim-press
    /// @param options.args    further arguments
    /// @param options.group   a process group of its own, as a shell gives it to a command
    /// @param options.change  (folder) => ... changes a copy of the plant folder, which is then taken
    constructor(options = {}) {
        this.options = options;
    }

    /// What a suite does when the plant is ready, and before it is stopped; to be replaced.
    prepare() {}
    finish() {}

    /// Starts `splc up` and returns at once.
    async start() {
        const { plant = MPS, speed = SPEED, press = [], args = [], change, environment } = this.options;
        this.folder = temporaryFolder();
        this.data = this.options.data ?? path.join(this.folder, "data");
        this.taken = await takePortOffset();
        this.ports = this.taken.ports;
        const words = ["up", change ? copyOfPlant(this.folder, change) : plant, "--data", this.data,
            "--port-offset", String(this.taken.offset), "--headless", "--speed", String(speed)];
        for (const word of press) words.push("--sim-press", word);
        this.spawn([...words, ...args], environment);
        return this;
    }

    spawn(args, environment = {}) {
        this.command = `splc ${args.join(" ")}`;
        this.stdout = "";
        this.stderr = "";
        this.seen = new Map(); // every process that ever belonged to it
        this.child = spawn(path.join(this.options.bin ?? BIN, "splc"), args, {
            stdio: ["ignore", "pipe", "pipe"],
            detached: this.options.group ?? false,
            env: { ...process.env, XDG_STATE_HOME: path.join(this.folder, "state"), ...environment },
        });
        living.add(this.child);
        this.child.stdout.setEncoding("utf8").on("data", (text) => (this.stdout += text));
        this.child.stderr.setEncoding("utf8").on("data", (text) => (this.stderr += text));
        this.ended = new Promise((resolve) => {
            this.child.on("error", (error) => resolve({ error, status: null, signal: null }));
            this.child.on("close", (status, signal) => resolve({ status, signal }));
        }).then((end) => {
            living.delete(this.child);
            this.end = end;
            return end;
        });
    }

    get pid() {
        return this.child.pid;
    }

    /// `until`, but gives up at once when the plant has ended.
    async until(what, probe, seconds) {
        return until(what, async () => {
            if (this.end) throw new Hopeless(`${this.command}\nended (${JSON.stringify(this.end)}) before ${what}`);
            return probe();
        }, seconds);
    }

    /// connect.json is there and the HTTP interface answers; the rest may be in trouble.
    async connected() {
        this.connect = await this.until("connect.json", () => {
            const connect = JSON.parse(fs.readFileSync(path.join(this.data, "connect.json"), "utf8"));
            return connect.pid === this.pid ? connect : null;
        }, READY_SECONDS);
        await this.until("the HTTP interface", () => this.status(), READY_SECONDS);
    }

    /// Everything is up: all services say ok, the edge is connected, the function is ready.
    async ready() {
        await this.connected();
        await this.until("every service to be ready", () => this.isReady(), READY_SECONDS);
        return this;
    }

    async isReady() {
        const { services } = await this.status();
        const of = (name) => services.find((service) => service.service === name);
        const ok = ["gateway", "twins", "functions", "api"].every((name) => of(name)?.state === "ok");
        return ok && of("gateway").edges.every((edge) => edge.state === "connected" && edge.lease === "held") &&
            of("functions").functions.every((one) => one.state === "ready");
    }

    // ---- what it says

    token() {
        return fs.readFileSync(this.connect.http.tokenFile, "utf8").trim();
    }

    /// @return {status, headers, body} with the body parsed when it is JSON
    async http(pathAndQuery, { method = "GET", body, headers = {} } = {}) {
        const response = await fetch(this.connect.http.url + pathAndQuery, {
            method, headers: { authorization: `Bearer ${this.token()}`, ...headers },
            body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
            signal: AbortSignal.timeout(10_000),
        });
        const text = await response.text();
        let parsed = text;
        try {
            parsed = JSON.parse(text);
        } catch { /* a page */ }
        return { status: response.status, headers: response.headers, body: parsed };
    }

    async status() {
        const { status, body } = await this.http("/v1/status");
        assert.equal(status, 200);
        return body;
    }

    async service(name) {
        return (await this.status()).services.find((service) => service.service === name);
    }

    /// A twin as the data plane gives it: {state: {desired, reported}, metadata, version}.
    async twin(thing, shadow) {
        const { status, body } = await this.http(shadowPath(thing, shadow));
        assert.equal(status, 200, `GET shadow of ${thing}: ${JSON.stringify(body)}`);
        return body;
    }

    async reported(thing, shadow) {
        return (await this.twin(thing, shadow)).state.reported;
    }

    async desire(thing, desired) {
        const { status, body } = await this.http(shadowPath(thing), { method: "POST", body: { state: { desired } } });
        assert.equal(status, 200, JSON.stringify(body));
        return body;
    }

    /// What really happened, as the simulator counts it.
    truth() {
        return this.reported("mps_simulation");
    }

    async finished() {
        const { sorted, passed } = await this.truth();
        return sorted + passed;
    }

    /// Calls a method of a thing; it must succeed.
    async call(thing, method, ...args) {
        const { status, body } = await this.tryCall(thing, method, args);
        assert.equal(status, 200, `${thing} ${method}(${args}): ${JSON.stringify(body)}`);
        return body;
    }

    tryCall(thing, method, args) {
        return this.http(`/v1/things/${thing}/commands`, { method: "POST", body: { method, arguments: args } });
    }

    /// A finger on a button of the panel.
    press(name) {
        return this.call("mps_simulation", "press", name);
    }

    /// Turns a switch or the emergency stop.
    turn(name, on) {
        return this.call("mps_simulation", "turn", name, on);
    }

    // ---- its processes

    /// Everything below `splc up` now; remembered, so that `stop` can say that all of it has gone.
    processes() {
        const found = descendantsOf(this.pid);
        for (const one of found) this.seen.set(`${one.pid} ${one.started}`, one);
        return found;
    }

    /// The process of a service: "edge", "gateway", "twins", "functions", "api", "nats-server", "bootstrap".
    process(name) {
        return this.processes().find(({ command }) => {
            const program = path.basename(command[0] ?? "");
            if (name === "edge") return program === "splc-edge";
            if (name === "nats-server" || name === "bootstrap") return program === name;
            return program === "splc-fog" && command[1] === name;
        });
    }

    // ---- the end

    /// Ends it as a person or systemd would. All its processes must be gone, and so must everything that names its data.
    async stop(signal = "SIGTERM") {
        this.processes();
        if (!this.end) this.child.kill(signal);
        await until(`splc up to end after ${signal}`, () => this.end, STOP_SECONDS);
        this.assertNothingLeft();
        return this.end;
    }

    assertNothingLeft() {
        assert.deepEqual([...this.seen.values()].filter(isAlive), [], "processes left behind");
        assert.deepEqual(processesOf(this.data), [], "processes left behind that name the data folder");
    }

    /// Whatever happened, nothing stays: for the end of a test that may have failed.
    async cleanUp() {
        if (this.child === undefined) return;
        const left = [...new Map([...descendantsOf(this.pid), ...this.seen.values()].map((one) => [one.pid, one])).values()];
        if (!this.end) this.child.kill("SIGKILL");
        await this.ended;
        if (!this.options.data) left.push(...processesOf(this.data)); // else it may be another plant's, too
        for (const one of left) {
            if (isAlive(one)) process.kill(one.pid, "SIGKILL");
        }
        await this.taken.release();
        fs.rmSync(this.folder, { recursive: true, force: true });
    }

    /// For a person who has to find out why a test failed.
    report() {
        const parts = [`$ ${this.command}`, tail(this.stdout), tail(this.stderr)];
        const logs = [path.join(this.data, "log"), path.join(this.data, "functions", "automatic")];
        for (const file of logs.flatMap((folder) => filesIn(folder))) {
            parts.push(`--- ${path.relative(this.data, file)}`, tail(fs.readFileSync(file, "utf8").replace(/^.*\[INF\].*\n/gm, "")));
        }
        return parts.filter(Boolean).join("\n");
    }
}

export function shadowPath(thing, shadow) {
    return `/things/${thing}/shadow${shadow ? `?name=${shadow}` : ""}`;
}

function filesIn(folder) {
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder).map((name) => path.join(folder, name)).filter((file) => fs.statSync(file).isFile());
}

function tail(text, lines = 40) {
    return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/// Runs `use` with a plant that is ready; afterwards it is stopped, checked for orphans, and its folder removed. When
/// something fails, the logs are printed.
export async function withPlant(options, use) {
    const plant = new Plant(options);
    try {
        await plant.start();
        if (options.ready !== false) await plant.ready();
        const result = await use(plant);
        if (!plant.end) await plant.stop();
        return result;
    } catch (error) {
        console.error(plant.report());
        throw error;
    } finally {
        await plant.cleanUp();
    }
}

/// Tests that share one plant, in order: `define(proves, plant)`; what the plant says may be used inside of tests only.
/// Logs are printed once, at the end, when a test has failed.
export function plantSuite(title, options, define) {
    describe(title, { concurrency: 1 }, () => {
        const plant = new Plant(options);
        let failed = false;
        const noting = async (run) => {
            try {
                return await run();
            } catch (error) {
                failed = true;
                throw error;
            }
        };
        before(() => noting(async () => {
            await plant.start();
            await plant.ready();
            await plant.prepare();
        }));
        after(async () => {
            try {
                await noting(async () => {
                    await plant.finish();
                    await plant.stop();
                });
            } finally {
                if (failed) console.error(plant.report());
                await plant.cleanUp();
            }
        });
        define((name, run) => test(name, () => noting(run)), plant);
    });
}
