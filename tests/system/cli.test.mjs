// The command line as a newcomer types it, against a running plant.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import parsePrometheus from "parse-prometheus-text-format";
import { at, unattended } from "./support/mps.mjs";
import { BIN, MPS, plantSuite, temporaryFolder } from "./support/plant.mjs";
import { run, splc } from "./support/splc.mjs";
import { until } from "./support/until.mjs";

const COMMANDS = ["up", "status", "shadow", "watch", "call", "latency", "connect", "model", "policy", "rule"];

test("splc --help names every command", async () => {
    const { status, stdout } = await splc(["--help"]);
    assert.equal(status, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^ +${command} `, "m"));
});

for (const command of COMMANDS) {
    test(`splc ${command} --help is a manual page: usage, options, exit status`, async () => {
        const { status, stdout, stderr } = await splc([command, "--help"]);
        assert.equal(status, 0);
        assert.equal(stderr, "");
        assert.match(stdout, new RegExp(`splc ${command}`));
        assert.match(stdout, /--help/);
        assert.match(stdout, /EXIT STATUS/);
    });
}

test("without a command, and with one that is unknown, splc says what there is and exits with 2", async () => {
    const none = await splc([]);
    assert.equal(none.status, 2);
    assert.match(none.stdout + none.stderr, /status/);
    const unknown = await splc(["statsu"]);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /statsu.*status/s);
});

test("an unknown option and a missing argument are wrong usage", async () => {
    for (const words of [["status", "--jsno"], ["shadow", "get"], ["shadow", "rename", "x"], ["call", "mps_hmi"], ["up"],
        ["up", MPS, "--port-offset", "many"], ["connect", "telegraph"], ["model"]]) {
        const { status, stderr } = await splc(words);
        assert.equal(status, 2, `splc ${words.join(" ")}: ${stderr}`);
        assert.match(stderr, /^splc/);
    }
    assert.match((await splc(["status", "--jsno"])).stderr, /--jsno.*splc status --help/);
});

test("without a running plant the commands say how to start one", async () => {
    const folder = temporaryFolder();
    try {
        for (const words of [["status"], ["shadow", "get", "mps_hmi"], ["watch"], ["call", "mps_plc", "reset"], ["connect"]]) {
            const { status, stderr } = await splc(words, { environment: { XDG_STATE_HOME: folder } });
            assert.equal(status, 1, words.join(" "));
            assert.match(stderr, /splc up/);
        }
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});

test("splc model check finds nothing wrong with the example plant", async () => {
    const text = await splc(["model", "check", MPS]);
    assert.equal(text.status, 0, text.stdout + text.stderr);
    assert.match(text.stdout, /26 signals/);
    const json = await splc(["model", "check", "--json", MPS]);
    assert.equal(JSON.parse(json.stdout).ok, true);
});

test("splc rule test prints what becomes of a message, or says why nothing does", async () => {
    const rule = "SELECT t, topic(2) AS thing FROM 'dt/+' WHERE t > 80";
    const run = (sql, topic, input) => splc(["rule", "test", sql, "--topic", topic], { input });
    const hot = await run(rule, "dt/press", '{"t": 81.5}\n');
    assert.equal(hot.status, 0, hot.stderr);
    assert.deepEqual(JSON.parse(hot.stdout), { t: 81.5, thing: "press" });
    for (const [sql, topic, words] of [[rule, "dt/press", /WHERE does not hold/], [rule, "other", /'dt\/\+' does not take/],
        [rule.replace("(2)", "(2"), "dt/press", /line 1, column 19: \) is expected/]]) {
        const { status, stdout, stderr } = await run(sql, topic, '{"t": 80}\n');
        assert.equal(status, 1, stderr);
        assert.equal(stdout, "");
        assert.match(stderr, words);
    }
});

test("splc policy test says who may do what, and by which statement", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "device.json");
    const topic = "arn:aws:iot:local:000000000000:topic";
    const allow = { Sid: "Own", Effect: "Allow", Action: ["iot:Publish", "iot:Receive"], Resource: `${topic}/dt/\${iot:ClientId}/*` };
    const deny = { Effect: "Deny", Action: "iot:*", Resource: `${topic}/dt/*/secret` };
    fs.writeFileSync(file, JSON.stringify({ Version: "2012-10-17", Statement: [allow, deny] }));
    const may = (resource, ...more) =>
        splc(["policy", "test", "--policy", file, "--client-id", "press", "--action", "iot:Publish", "--resource", resource, ...more]);
    try {
        const own = await may("topic/dt/press/t");
        assert.deepEqual([own.status, own.stdout], [0, `allowed by ${file}, Statement[0] "Own"\n`], own.stderr);
        const secret = await may("topic/dt/press/secret");
        assert.deepEqual([secret.status, secret.stdout], [1, `denied by ${file}, Statement[1]\n`]);
        const other = await may("topic/dt/oven/t", "--json");
        assert.deepEqual([other.status, JSON.parse(other.stdout)], [1, { decision: "implicitDeny" }]);
        const subjects = await splc(["policy", "test", "--policy", file, "--client-id", "press", "--subjects"]);
        assert.match(subjects.stdout, /^publish   dt\.press\.>$/m);
        fs.writeFileSync(file, '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}');
        const broken = await may("topic/dt/press/t");
        assert.equal(broken.status, 1);
        assert.match(broken.stderr, /device\.json: Statement\[0\]: Action/);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});

test("a data folder that cannot be made is named with the remedy", async () => {
    const { status, stderr } = await splc(["up", MPS, "--data", "/dev/null/data", "--for", "1"]);
    assert.equal(status, 1);
    assert.match(stderr, /^splc: the data folder \/dev\/null\/data cannot be used: .*: choose one that you may write to with --data DIR/);
});

plantSuite("splc against a running plant", { change: unattended }, (proves, plant) => {
    const onPlant = (words, options) => splc([...words, "--data", plant.data], options);

    proves("status shows every service and the edge, as text and as JSON", async () => {
        const text = await onPlant(["status"]);
        assert.equal(text.status, 0, text.stderr);
        for (const word of ["gateway", "twins", "functions", "api", "automatic", "connected"]) assert.match(text.stdout, new RegExp(word));
        const json = JSON.parse((await onPlant(["status", "--json"])).stdout);
        assert.ok(json.services.every((service) => service.state === "ok"));
    });

    proves("shadow get prints the twin, as text and as JSON, classic and named", async () => {
        const text = await onPlant(["shadow", "get", "mps_conveyor"]);
        assert.equal(text.status, 0, text.stderr);
        assert.match(text.stdout, /lightBarrier_entry/);
        const json = JSON.parse((await onPlant(["shadow", "get", "mps_conveyor", "--json"])).stdout);
        assert.equal(at(json.state.reported, "motor/direction/right/state"), false);
        const named = JSON.parse((await onPlant(["shadow", "get", "mps_conveyor", "--name", "status", "--json"])).stdout);
        assert.equal(named.state.reported.connection.state, "connected");
        const missing = await onPlant(["shadow", "get", "mps_nothing"]);
        assert.equal(missing.status, 1);
        assert.match(missing.stderr, /mps_nothing/);
    });

    proves("shadow update switches an output; the document may come from standard input", async () => {
        const wish = (on) => JSON.stringify({ state: { desired: { motor: { setSlow: [on] } } } });
        const output = async () => at(await plant.reported("mps_conveyor"), "motor/slow/state");
        const updated = await onPlant(["shadow", "update", "mps_conveyor", wish(true)]);
        assert.equal(updated.status, 0, updated.stderr);
        await plant.until("the output to go on", output);
        assert.equal((await onPlant(["shadow", "update", "mps_conveyor", "-", "--json"], { input: wish(false) })).status, 0);
        await plant.until("the output to go off", async () => !(await output()));
    });

    proves("a malformed document is refused with the place, before anything is sent", async () => {
        const broken = await onPlant(["shadow", "update", "mps_hmi", '{"state":{"desired":{"x":}}}']);
        assert.equal(broken.status, 1);
        assert.match(broken.stderr, /JSON/);
        const stateless = await onPlant(["shadow", "update", "mps_hmi", '{"desired":{}}']);
        assert.equal(stateless.status, 1);
        assert.match(stateless.stderr, /state/);
        const wrong = await onPlant(["shadow", "update", "mps_hmi", '{"state":{"wished":{}}}']);
        assert.equal(wrong.status, 1);
        assert.match(wrong.stderr, /invalid node/i);
    });

    proves("shadow delete removes a named shadow", async () => {
        await onPlant(["shadow", "update", "mps_hmi", "--name", "note", '{"state":{"reported":{"a":1}}}']);
        assert.equal((await onPlant(["shadow", "delete", "mps_hmi", "--name", "note"])).status, 0);
        assert.equal((await onPlant(["shadow", "get", "mps_hmi", "--name", "note"])).status, 1);
    });

    proves("call calls a method, prints its result, and says why one was refused", async () => {
        const asked = await onPlant(["call", "mps_conveyor", "motor/getDirection"]);
        assert.equal(asked.status, 0, asked.stderr);
        assert.match(asked.stdout, /Direction = "?0"?/);
        const json = JSON.parse((await onPlant(["call", "mps_conveyor", "motor/getDirection", "--json"])).stdout);
        assert.equal(json.status, "SUCCEEDED");
        const outOfRange = await onPlant(["call", "mps_conveyor", "motor/setDirection", "7"]);
        assert.equal(outOfRange.status, 1);
        assert.match(outOfRange.stderr, /BadOutOfRange.*-1 to 1/s);
        const unknown = await onPlant(["call", "mps_conveyor", "motor/fly"]);
        assert.equal(unknown.status, 1);
        assert.match(unknown.stderr, /fly/);
        const wrongType = await onPlant(["call", "mps_conveyor", "motor/setDirection", "right"]);
        assert.equal(wrongType.status, 1);
        assert.match(wrongType.stderr, /Bad(InvalidArgument|TypeMismatch)/);
        assert.equal((await onPlant(["call", "mps_simulation", "turn", "switch_opMode", "true"])).status, 0);
        const negative = await splc(["call", "--data", plant.data, "mps_conveyor", "motor/setDirection", "--", "-1"]);
        assert.equal(negative.status, 0, negative.stderr);
        await plant.until("the belt to move left", async () => at(await plant.reported("mps_conveyor"), "motor/direction/left/state"));
        assert.equal((await onPlant(["call", "mps_conveyor", "motor/setDirection", "0"])).status, 0);
    });

    proves("a Prometheus parser reads the metrics: each with its type and meaning, hops as histograms [http-6.6] [bus-2.3]", async () => {
        const { body, headers } = await plant.http("/metrics");
        assert.match(headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
        const families = parsePrometheus(body);
        const of = (name) => families.find((family) => family.name === name);
        for (const line of body.trimEnd().split("\n")) assert.match(line, /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{.*\})? [-+0-9.eE]+)$/);
        for (const { name, type, help } of families) assert.ok(type !== "UNTYPED" && help.length > 0, `${name} has a type and says what it is`);
        assert.equal(new Set(families.map(({ name }) => name)).size, families.length, "lines of one metric stand together");
        assert.equal(of("splc_twins_updates").type, "COUNTER");
        assert.equal(of("splc_edge_items").type, "GAUGE");
        assert.equal(of("splc_hop_seconds").type, "HISTOGRAM");
        const parts = [...body.matchAll(/^splc_hop_seconds_(bucket|count)\{service="gateway",hop="(\w+)"(?:,le="(.+)")?\} (\d+)$/gm)];
        for (const hop of ["edge", "twin", "call"]) {
            const [count] = parts.filter((part) => part[1] === "count" && part[2] === hop).map((part) => Number(part[4]));
            const upTo = parts.filter((part) => part[1] === "bucket" && part[2] === hop).map((part) => Number(part[4]));
            assert.ok(count > 0, `${hop}: ${count}`);
            assert.ok(upTo.every((one, i) => i === 0 || one >= upTo[i - 1]), `the buckets of ${hop} grow`);
            assert.equal(upTo.at(-1), count);
        }
    });

    proves("watch prints changes as they come, of all things or of one, as text and as JSON", async () => {
        const watchers = [["watch"], ["watch", "mps_hmi"], ["watch", "mps_hmi", "--json"]].map((words) => watch(words));
        try {
            await until("all of them to listen", async () => {
                await onPlant(["call", "mps_simulation", "press", "reset"]);
                return watchers.every((watcher) => /actuator_reset/.test(watcher.output()));
            });
            const lines = watchers[2].output().trim().split("\n").slice(0, -1);
            for (const line of lines) assert.equal(typeof JSON.parse(line), "object");
        } finally {
            for (const watcher of watchers) watcher.child.kill("SIGINT");
        }
        for (const watcher of watchers) await watcher.ended;
    });

    function watch(words) {
        const child = spawn(path.join(BIN, "splc"), [...words, "--data", plant.data]);
        let text = "";
        child.stdout.setEncoding("utf8").on("data", (more) => (text += more));
        child.stderr.setEncoding("utf8").on("data", (more) => (text += more));
        return { child, output: () => text, ended: new Promise((resolve) => child.on("close", resolve)) };
    }

    // ---- what connect prints must work when it is typed

    proves("connect names every interface; with --json it is connect.json", async () => {
        const text = await onPlant(["connect"]);
        assert.equal(text.status, 0, text.stderr);
        for (const part of ["opcua", "mqtt", "nats", "http"]) assert.ok(text.stdout.includes(plant.connect[part].url), part);
        assert.deepEqual(JSON.parse((await onPlant(["connect", "--json"])).stdout), plant.connect);
        const one = JSON.parse((await onPlant(["connect", "nats", "--json"])).stdout);
        assert.equal(one.url ?? one.nats?.url, plant.connect.nats.url);
    });

    proves("no secret is printed, only where it stands", async () => {
        const { stdout } = await onPlant(["connect"]);
        for (const name of fs.readdirSync(path.join(plant.data, "secrets"))) {
            const secret = fs.readFileSync(path.join(plant.data, "secrets", name), "utf8").trim();
            assert.ok(!stdout.includes(secret), `${name} is printed`);
        }
    });

    proves("the curl commands that connect http prints work as they stand", async () => {
        const commands = commandsIn((await onPlant(["connect", "http"])).stdout, "curl");
        assert.ok(commands.length > 0);
        for (const command of commands) {
            const { status, stdout, stderr } = await run("sh", ["-c", `timeout 20 ${command.replace(/^curl/, "curl --fail --max-time 3")}`]);
            if (/events/.test(command)) assert.match(stdout, /^event: /m, command);
            else assert.equal(status, 0, `${command}: ${stderr}`);
        }
    });

    proves("the mosquitto_sub command that connect mqtt prints hears a twin change", async () => {
        const [command] = commandsIn((await onPlant(["connect", "mqtt"])).stdout, "mosquitto_sub");
        assert.ok(command);
        const thing = command.match(/device-([a-z_]+)\.crt/)[1];
        const heard = run("sh", ["-c", `exec ${command.replace(/^mosquitto_sub/, "mosquitto_sub -C 1 -W 25")}`], { seconds: 30 });
        let ended = false;
        heard.then(() => (ended = true));
        await until("mosquitto_sub to hear something", async () => {
            await plant.http(`/things/${thing}/shadow?name=probe`, { method: "POST", body: { state: { reported: { n: Date.now() } } } });
            await plant.http(`/things/${thing}/shadow`, { method: "POST", body: { state: { reported: { probe: Date.now() } } } });
            return ended;
        });
        const { status, stdout, stderr } = await heard;
        assert.equal(status, 0, stderr);
        assert.match(stdout, /probe|"n"/);
    });

    proves("connect opcua says what to type into a client: address, policy, certificate, user", async () => {
        const { stdout } = await onPlant(["connect", "opcua"]);
        const { url, serverCertificate, clientCertificate, operator } = plant.connect.opcua;
        for (const word of [url, "Basic256Sha256", serverCertificate, clientCertificate, operator.passwordFile, "viewer"]) {
            assert.ok(stdout.includes(word), word);
        }
    });
});

/// Lines of shell that start with the program; a backslash joins a line with the next.
function commandsIn(text, program) {
    return text.replace(/\\\n\s*/g, " ").split("\n").map((line) => line.trim().replace(/^\$ /, ""))
        .filter((line) => line.startsWith(`${program} `));
}
