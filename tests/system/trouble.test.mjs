// Bad input of every kind ends in a message that names the place and the remedy, and what is not concerned keeps running.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { makeApplicationCertificate } from "./support/certificate.mjs";
import { at, nested, unattended } from "./support/mps.mjs";
import { BIN, copyOfPlant, edit, MPS, Plant, plantSuite, temporaryFolder, withPlant } from "./support/plant.mjs";
import { close, occupy, takePortOffset } from "./support/ports.mjs";
import { processesOf } from "./support/processes.mjs";
import { splc } from "./support/splc.mjs";

// ---- what is found before anything starts

/// Starts a changed copy of the plant, which must refuse to come up. @return what it says
async function refusal(change, more = []) {
    const folder = temporaryFolder();
    const taken = await takePortOffset();
    try {
        const plant = copyOfPlant(folder, change);
        const result = await splc(["up", plant, "--data", path.join(folder, "data"), "--headless", "--port-offset",
            String(taken.offset), ...more]);
        assert.equal(result.signal, null, "it came up");
        assert.notEqual(result.status, 0);
        assert.deepEqual(processesOf(folder), []);
        return result.stdout + result.stderr;
    } finally {
        await taken.release();
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

const model = (pattern, replacement) => (folder) => edit(path.join(folder, "plant.aml"), pattern, replacement);
const site = (pattern, replacement) => (folder) => edit(path.join(folder, "site.yaml"), pattern, replacement);

const refused = [
    { name: "a model that is no XML", change: model(/<InstanceHierarchy[\s\S]*$/, "<InstanceHierarchy"), says: [/plant\.aml:( line )?\d+/] },
    { name: "a model with an unknown class", change: model("SplcSystemUnitClassLib/Motor\"", "SplcSystemUnitClassLib/Moter\""),
        says: [/plant\.aml:( line )?\d+/, /Moter/, /mps_conveyor\/motor/] },
    { name: "a wire to a pin that is not there", says: [/plant\.aml:( line )?\d+/, /I_1\b/, /00000000-dead/i],
        change: model(/(InternalLink Name="I_1"[^>]*RefPartnerSideB=")[^"]*/, "$100000000-dead-4000-8000-000000000000") },
    { name: "two signals on one pin", says: [/plant\.aml:( line )?\d+/, /I_\d+/],
        change: model(/(InternalLink Name="I_3"[^>]*RefPartnerSideB=")[^"]*/, "$1dcba4cb3-63c0-5f38-8950-0b8fd61ed578") },
    { name: "a signal without a wire", says: [/plant\.aml:( line )?\d+/, /lightBarrier_entry/],
        change: model(/<InternalLink Name="I_9"[\s\S]*?<\/InternalLink>/, "") },
    { name: "a site file with an unknown field", change: site("scan_period_ms", "scan_perid_ms"),
        says: [/site\.yaml:\d+/, /scan_perid_ms/, /scan_period_ms/] },
    { name: "a site file with an impossible number", change: site("scan_period_ms: 1", "scan_period_ms: 0"),
        says: [/site\.yaml:\d+/, /scan_period_ms/] },
    { name: "a site file that is no YAML", change: site("edge:", "edge: ["), says: [/site\.yaml:\d+/] },
    { name: "a plant folder without a site file", change: (folder) => fs.rmSync(path.join(folder, "site.yaml")), says: [/site\.yaml/] },
    { name: "a plant folder without a model", change: (folder) => fs.rmSync(path.join(folder, "plant.aml")), says: [/plant\.aml/] },
];
for (const { name, change, says } of refused) {
    test(`${name} is refused, with the place`, async () => {
        const said = await refusal(change);
        for (const pattern of says) assert.match(said, pattern);
        assert.doesNotMatch(said, /Sanitizer|Assertion|core dumped/);
    });
}

test("splc model check says the same about a broken model, as text and as JSON", async () => {
    const folder = temporaryFolder();
    try {
        const plant = copyOfPlant(folder, refused[2].change);
        const text = await splc(["model", "check", plant]);
        assert.equal(text.status, 1);
        assert.match(text.stdout, /plant\.aml:( line )?\d+/);
        const json = JSON.parse((await splc(["model", "check", "--json", plant])).stdout);
        assert.equal(json.ok, false);
        const finding = json.findings.find((one) => one.severity === "error");
        assert.ok(finding.line > 1 && finding.text.length > 0);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});

test("a port that another program has is named, with the interface and the remedy", async () => {
    for (const name of ["opcua", "nats", "mqtt", "http", "https"]) {
        const taken = await takePortOffset();
        const folder = temporaryFolder();
        const other = await occupy(taken.ports[name]);
        try {
            const { status, stderr } = await splc(["up", MPS, "--data", path.join(folder, "data"), "--headless", "--port-offset",
                String(taken.offset)]);
            assert.equal(status, 1);
            assert.match(stderr, new RegExp(`${taken.ports[name]}.*in use.*--port-offset`, "s"));
            assert.deepEqual(processesOf(folder), []);
        } finally {
            await close(other);
            await taken.release();
            fs.rmSync(folder, { recursive: true, force: true });
        }
    }
});

test("a port that no browser opens is refused before anything starts", async () => {
    const folder = temporaryFolder();
    try {
        const { status, stderr } = await splc(["up", MPS, "--data", folder, "--port-offset", "2000", "--for", "1", "--headless"]);
        assert.equal(status, 1);
        assert.match(stderr, /no browser opens port 10080.*--port-offset.*fog\.http_port/);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});

test("a port offset that leads beyond the last port is wrong usage", async () => {
    const { status, stderr } = await splc(["up", MPS, "--headless", "--port-offset", "60000"]);
    assert.ok(status === 1 || status === 2);
    assert.match(stderr, /port/);
});

// ---- what shows while it runs: the concerned part says so, the rest goes on

/// What needs no edge. A service that has just started may not have reported yet.
function othersAreWell(plant) {
    return plant.until("twins, functions and HTTP interface to be well", async () => {
        const { services } = await plant.status();
        return ["twins", "functions", "api"].every((name) => services.some((one) => one.service === name && one.state === "ok"));
    });
}

/// Fog without edge: twins, functions and HTTP answer, and everybody is told what is wrong with the edge.
async function assertFogLivesWithoutEdge(plant, reason) {
    const gateway = await plant.until("the gateway to say why", async () => {
        const service = await plant.service("gateway");
        return service.edges?.some((edge) => reason.test(edge.reason ?? "")) ? service : null;
    }, 60);
    assert.equal(gateway.state, "degraded");
    await othersAreWell(plant);
    const { status } = await plant.http("/things/mps_hmi/shadow?name=note", { method: "POST", body: { state: { reported: { a: 1 } } } });
    assert.equal(status, 200);
    assert.ok(plant.process("edge"), "the edge runs");
}

/// Starts once, so that the data folder is complete, changes it, and starts again.
async function withChangedData(change, use) {
    const first = new Plant({ change: unattended });
    try {
        await first.start();
        await first.ready();
        await first.stop();
        await change(first.data);
        await withPlant({ data: first.data, change: unattended, ready: false }, async (plant) => {
            await plant.connected();
            await use(plant);
        });
    } finally {
        await first.cleanUp();
    }
}

test("a wrong password of the gateway is named with its file; the rest runs, and the right one brings the edge back", async () => {
    let right;
    await withChangedData((data) => {
        const file = path.join(data, "secrets/opcua-gateway");
        right = fs.readFileSync(file);
        fs.writeFileSync(file, "wrong\n", { mode: 0o600 });
    }, async (plant) => {
        await assertFogLivesWithoutEdge(plant, /password|BadUserAccessDenied|BadIdentityToken/);
        const [{ reason }] = (await plant.service("gateway")).edges;
        assert.match(reason, /secrets\/opcua-gateway/);
        fs.writeFileSync(path.join(plant.data, "secrets/opcua-gateway"), right);
        await plant.until("the edge to be connected", () => plant.isReady(), 60);
    });
});

test("a certificate of the gateway that the edge does not trust is named; trusted by copying, it connects", async () => {
    await withChangedData(async (data) => {
        const folder = path.join(data, "pki/opcua");
        await makeApplicationCertificate(folder, "gateway", "urn:serverless-plc:gateway");
    }, async (plant) => {
        await assertFogLivesWithoutEdge(plant, /trust|certificate/i);
        const [{ reason }] = (await plant.service("gateway")).edges;
        assert.match(reason, /trusted/);
        const rejected = path.join(plant.data, "edge/rejected");
        for (const name of fs.readdirSync(rejected)) fs.copyFileSync(path.join(rejected, name), path.join(plant.data, "edge/trusted", name));
        await plant.until("the edge to be connected", () => plant.isReady(), 60);
    });
});

test("an edge that shows another certificate than the one known is refused by the gateway: no fall-back to less", async () => {
    await withChangedData(async (data) => {
        const folder = path.join(data, "pki/opcua");
        const stranger = await makeApplicationCertificate(path.join(data, "stranger"), "edge", "urn:serverless-plc:edge:MPS");
        // Only the key changes: the edge signs as somebody else than the certificate that clients know.
        fs.copyFileSync(stranger.keyDer, path.join(folder, "edge.key.der"));
    }, async (plant) => {
        await plant.until("the edge to say that key and certificate do not belong together, or the gateway to refuse it", async () => {
            const gateway = await plant.service("gateway");
            return gateway.edges[0].state !== "connected" && /edge\.(key\.)?der|certificate|key/i.test(plant.report());
        }, 60);
        await othersAreWell(plant);
    });
});

test("functions that crash at start, that are not built, or whose file is broken fail with their reason; the others work", async () => {
    const folder = temporaryFolder();
    const install = path.join(folder, "install");
    fs.cpSync(BIN, path.join(install, "bin"), { recursive: true });
    fs.cpSync(path.join(BIN, "../functions"), path.join(install, "functions"), { recursive: true });
    const add = (plant, name, manifest, bootstrap) => {
        fs.mkdirSync(path.join(plant, "functions", name), { recursive: true });
        fs.writeFileSync(path.join(plant, "functions", name, "function.yaml"), manifest);
        edit(path.join(plant, "site.yaml"), "    - functions/automatic", `    - functions/automatic\n    - functions/${name}`);
        if (bootstrap === undefined) return;
        fs.mkdirSync(path.join(install, "functions/mps", name), { recursive: true });
        fs.writeFileSync(path.join(install, "functions/mps", name, "bootstrap"), bootstrap, { mode: 0o755 });
    };
    const manifest = (name) => `name: ${name}\nruntime: provided.al2023\ntriggers:\n  - twin: "mps_*"\n    path: reported\n`;
    const change = (plant) => {
        add(plant, "crash", manifest("crash"), "#!/bin/sh\necho 'recipe.json: no such file' >&2\nexit 3\n");
        add(plant, "unbuilt", manifest("unbuilt"));
        add(plant, "broken", `${manifest("broken")}timeout: never\n`, "#!/bin/sh\nexit 0\n");
    };
    try {
        await withPlant({ change, bin: path.join(install, "bin"), press: ["automatic", "start"], ready: false }, async (plant) => {
            await plant.connected();
            const functions = await plant.until("three functions to fail and one to be ready", async () => {
                const all = Object.fromEntries((await plant.service("functions")).functions.map((one) => [one.name, one]));
                return all.crash?.state === "failed" && all.automatic?.state === "ready" && all;
            }, 60);
            assert.match(functions.crash.reason, /exit status 3.*recipe\.json: no such file/);
            assert.equal(functions.unbuilt.state, "failed");
            assert.match(functions.unbuilt.reason, /unbuilt\/bootstrap.*build/);
            assert.equal(functions.broken.state, "failed");
            assert.match(functions.broken.reason, /function\.yaml:\d+: timeout/);
            const log = path.join(plant.data, "functions/crash/log");
            assert.match(fs.readFileSync(log, "utf8"), /recipe\.json: no such file/);
            await plant.until("production all the same", async () => (await plant.finished()) > 0, 60);
        });
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});

plantSuite("A running plant that is asked for the wrong thing", { change: unattended }, (proves, plant) => {
    proves("a wrong or missing token is refused, and says where the right one stands", async () => {
        for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic dXNlcjpwYXNz" }, { cookie: "token=wrong" }]) {
            const response = await fetch(`${plant.connect.http.url}/v1/status`, { headers });
            assert.equal(response.status, 401);
            assert.match((await response.json()).message, /token/i);
        }
        const link = await fetch(`${plant.connect.http.url}/?token=wrong`, { redirect: "manual" });
        assert.equal(link.status, 401);
        assert.equal(link.headers.get("set-cookie"), null);
    });

    proves("the bus refuses a wrong password and whoever comes without TLS", async () => {
        assert.match(await busAnswer(plant.connect.nats, { user: "tool", pass: "wrong" }), /Authorization Violation/);
        assert.match(await busAnswer(plant.connect.nats, {}), /Authorization Violation|Authorization Timeout/);
        const right = fs.readFileSync(plant.connect.nats.passwordFile, "utf8").trim();
        assert.match(await busAnswer(plant.connect.nats, { user: "tool", pass: right }), /PONG/);
    });

    proves("malformed calls are refused with 400 and what is wrong with them", async () => {
        const post = (body) => plant.http("/v1/things/mps_hmi/commands", { method: "POST", body });
        for (const body of ["oops", "[]", "{}", '{"method":5}', '{"method":"x","arguments":1}', '{"method":"x","expiresAt":"soon"}']) {
            const { status, body: answer } = await post(body);
            assert.equal(status, 400, body);
            assert.ok(answer.message.length > 5, body);
        }
        assert.equal((await plant.http("/v1/nothing")).status, 404);
        assert.equal((await plant.http("/things/mps_hmi/shadow", { method: "PUT", body: "{}" })).status, 405);
        assert.equal((await plant.http("/things/bad%20name%2F/shadow")).status, 400);
    });

    proves("a megabyte of nonsense is refused, and the next call is answered", async () => {
        const { status } = await plant.http("/things/mps_hmi/shadow", { method: "POST", body: "x".repeat(1_000_000) })
            .catch(() => ({ status: 413 })); // the connection may be closed before all of it was sent
        assert.equal(status, 413);
        assert.ok(await plant.isReady());
    });

    proves("malformed MQTT, OPC UA and bus traffic closes that connection and nothing else", async () => {
        for (const port of [plant.ports.opcua, plant.ports.nats, plant.ports.mqtt, plant.ports.http, plant.ports.https]) {
            for (const bytes of ["\u0000\u0000\u0000\u0000", "HELF\u00ff\u00ff\u00ff\u007f", "GET /../../etc/passwd HTTP/9.9\r\n\r\n", "x".repeat(70_000)]) {
                await sendAndClose(port, Buffer.from(bytes, "latin1"));
            }
        }
        assert.ok(await plant.isReady());
        for (const name of ["edge", "gateway", "twins", "functions", "api", "nats-server"]) assert.ok(plant.process(name), name);
    });

    proves("after all that a wish is still carried out", async () => {
        await plant.desire("mps_conveyor", nested("motor/slow/state", true));
        await plant.until("the output", async () => at(await plant.reported("mps_conveyor"), "motor/slow/state"));
    });
});

/// Says CONNECT and PING to the bus. @return what it answers
function busAnswer({ url, ca }, login) {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
        const socket = net.connect(Number(port), hostname);
        socket.on("error", reject);
        socket.once("data", () => { // INFO; from here on TLS
            const secure = tls.connect({ socket, ca: fs.readFileSync(ca), servername: "localhost" }, () => {
                secure.write(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, tls_required: true, ...login })}\r\nPING\r\n`);
            });
            let answer = "";
            secure.setEncoding("utf8").on("data", (text) => {
                answer += text;
                if (/PONG|ERR/.test(answer)) secure.destroy();
            });
            secure.on("close", () => resolve(answer));
            secure.on("error", reject);
        });
    });
}

function sendAndClose(port, bytes) {
    return new Promise((resolve) => {
        const socket = net.connect(port, "127.0.0.1", () => socket.end(bytes));
        socket.on("error", () => {});
        socket.on("close", resolve);
        socket.resume();
        socket.setTimeout(2000, () => socket.destroy());
    });
}
