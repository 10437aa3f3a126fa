// Twins as AWS's own clients and stock MQTT devices see them: docs/spec/bus.md and http.md.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {
    DeleteThingShadowCommand, GetThingShadowCommand, IoTDataPlaneClient, ListNamedShadowsForThingCommand,
    PublishCommand, UpdateThingShadowCommand,
} from "@aws-sdk/client-iot-data-plane";
import { makeApplicationCertificate } from "./support/certificate.mjs";
import { at, nested, signalPaths, withoutFunctions } from "./support/mps.mjs";
import { credentials, Device } from "./support/mqtt.mjs";
import { edit, plantSuite } from "./support/plant.mjs";
import { run } from "./support/splc.mjs";
import { until } from "./support/until.mjs";
import { cases, Run } from "./support/vectors.mjs";

const TIME_TO_LIVE_S = 2;

function change(folder) {
    withoutFunctions(folder);
    edit(path.join(folder, "site.yaml"), /desired_time_to_live: \d+/, `desired_time_to_live: ${TIME_TO_LIVE_S}`);
}

plantSuite("Twins for AWS's clients and for devices", { speed: 1, change }, (proves, plant) => {
    // ---- the AWS SDK against the HTTP interface

    /// The stock client as it is: another endpoint, and the credentials of its environment or given ones.
    function awsClient(credentials) {
        process.env.AWS_SHARED_CREDENTIALS_FILE = plant.connect.http.credentialsFile;
        return new IoTDataPlaneClient({ endpoint: plant.connect.http.url, region: "eu-central-1", maxAttempts: 1, credentials });
    }

    const update = (client, document, more = {}) => client.send(new UpdateThingShadowCommand({
        thingName: "mps_hmi", shadowName: "sdk", payload: typeof document === "string" ? document : JSON.stringify(document), ...more,
    }));
    const get = (client, more = {}) => client.send(new GetThingShadowCommand({ thingName: "mps_hmi", shadowName: "sdk", ...more }));

    proves("the AWS SDK creates, reads, lists and deletes a named shadow [bus-1.1]", async () => {
        const client = awsClient();
        const created = body(await update(client, { state: { desired: { a: 1 }, reported: { b: [1, 2] } }, clientToken: "t-1" }));
        assert.deepEqual([created.version, created.clientToken, created.state.desired], [1, "t-1", { a: 1 }]);
        const read = body(await get(client));
        assert.deepEqual(read.state, { desired: { a: 1 }, reported: { b: [1, 2] }, delta: { a: 1 } });
        assert.equal(typeof read.metadata.desired.a.timestamp, "number");
        assert.equal(read.version, 1);
        const listed = await client.send(new ListNamedShadowsForThingCommand({ thingName: "mps_hmi" }));
        assert.ok(listed.results.includes("sdk"));
        const deleted = body(await client.send(new DeleteThingShadowCommand({ thingName: "mps_hmi", shadowName: "sdk" })));
        assert.equal(deleted.version, 1);
        await assert.rejects(get(client), { name: "ResourceNotFoundException" });
        const again = body(await update(client, { state: { reported: { c: true } } }));
        assert.ok(again.version > 1, "the version goes on after a delete");
    });

    proves("the AWS SDK gets AWS's errors for what AWS refuses", async () => {
        const client = awsClient();
        await update(client, { state: { reported: { c: true } } });
        await assert.rejects(update(client, "oops"), { name: "InvalidRequestException" });
        await assert.rejects(update(client, { state: { wished: {} } }), { name: "InvalidRequestException" });
        await assert.rejects(update(client, { state: {}, version: 9999 }), { name: "ConflictException" });
        await assert.rejects(update(client, { state: { desired: { big: "x".repeat(9000) } } }),
            { name: "RequestEntityTooLargeException" });
        await assert.rejects(get(client, { thingName: "nobody" }), { name: "ResourceNotFoundException" });
    });

    proves("who signs with an unknown or wrong key is refused, and a client may be added and shut out while all runs [http-2.4]", async () => {
        const file = plant.connect.http.credentialsFile, before = fs.readFileSync(file, "utf8");
        const own = await awsClient().config.credentials();
        await assert.rejects(get(awsClient({ ...own, secretAccessKey: "wrong" })), { name: "ForbiddenException", message: /check the key/ });
        const guest = { accessKeyId: "GUESTGUESTGUEST", secretAccessKey: "of a guest" };
        await assert.rejects(get(awsClient(guest)), { name: "ForbiddenException", message: /nobody has this access key/ });
        fs.appendFileSync(file, `[guest]\naws_access_key_id = ${guest.accessKeyId}\naws_secret_access_key = ${guest.secretAccessKey}\n`);
        await update(awsClient(guest), { state: { reported: { c: true } } });
        fs.writeFileSync(file, before);
        await assert.rejects(get(awsClient(guest)), { name: "ForbiddenException" });
        fs.chmodSync(file, 0o644);
        await assert.rejects(get(awsClient()), { name: "ForbiddenException", message: /chmod 600/ });
        fs.chmodSync(file, 0o600);
        await get(awsClient());
    });

    proves("the AWS SDK publishes to a topic, but not to reserved ones [http-4.4]", async () => {
        const client = awsClient();
        const publish = (topic, payload = "{}", qos = 0) => client.send(new PublishCommand({ topic, payload, qos }));
        await publish("plant/hall 3".replace(" ", "-"), "{}", 1);
        await publish("$aws/things/mps_hmi/shadow/name/published/update", JSON.stringify({ state: { reported: { by: "topic" } } }));
        await until("the twin", async () => (await plant.http("/things/mps_hmi/shadow?name=published")).body.state?.reported.by === "topic");
        await assert.rejects(publish("$aws/things/mps_hmi/shadow/update/accepted"), { name: "ForbiddenException" });
        for (const deeper of ["name/a/b/update", "update/shadow/update", "name/a/update/documents", "update/"])
            await assert.rejects(publish(`$aws/things/mps_hmi/shadow/${deeper}`), ({ name }) =>
                ["ForbiddenException", "InvalidRequestException"].includes(name), deeper);
        await assert.rejects(publish("$SYS/REQ/SERVER/PING"), { name: "ForbiddenException" });
        await assert.rejects(publish("splc/event"), { name: "ForbiddenException" });
        await assert.rejects(publish("a/#"), { name: "InvalidRequestException" });
    });

    proves(`all ${cases.length} sequences of shadow-vectors.json hold over HTTP [http-4.1]`, async () => {
        const failures = [];
        await Promise.all(cases.map(async (one, i) => {
            const run = new Run(`vector-${i}`, one.shadow_kind === "named" ? "named" : undefined);
            for (const [k, step] of one.steps.entries()) {
                try {
                    await overHttp(run, step);
                } catch (error) {
                    failures.push(`${one.name}, step ${k}: ${error.message}`);
                }
            }
        }));
        assert.deepEqual(failures, []);
    });

    const withoutToken = ({ clientToken, ...rest }) => rest;

    /// A GET carries no document, so there is no token to be echoed; a rejection is status and message.
    async function overHttp(run, step) {
        if (step.wait_ms) await new Promise((resolve) => setTimeout(resolve, step.wait_ms));
        const shadow = step.shadow ?? run.names.shadow;
        const query = shadow ? `?name=${shadow.replace("@", "")}` : "";
        const answer = await fetch(`${plant.connect.http.url}/things/${run.names.thing}/shadow${query}`, {
            method: { update: "POST", get: "GET", delete: "DELETE" }[step.op],
            headers: { authorization: `Bearer ${plant.token()}` },
            body: step.op === "update" ? run.body(step) : undefined,
        });
        const document = await answer.json();
        const { accepted, rejected } = step.expect;
        if (rejected) {
            assert.equal(answer.status, rejected.code, JSON.stringify(document));
            run.check(document, { message: rejected.message });
            return;
        }
        assert.equal(answer.status, 200, JSON.stringify(document));
        run.check(document, step.op === "update" ? accepted : withoutToken(accepted));
    }

    proves("the twin of every thing has every signal the gateway found by browsing [bus-4.1]", async () => {
        for (const one of signalPaths) {
            const [thing, ...rest] = one.split("/");
            const reported = await plant.reported(thing);
            assert.equal(typeof at(reported, rest.join("/")), "boolean", one);
        }
    });

    // ---- devices

    proves("a device updates its twin over mutual TLS and is answered, with its token [bus-1.2] [bus-1.3]", async () => {
        const device = await Device.connect(plant.connect.mqtt, "mps_hmi");
        const shadow = { shadow: "device" };
        assert.ok(await device.subscribe(device.topic("#", shadow)));
        const { accepted, document } = await device.request("update",
            { state: { reported: { firmware: "1.0" } }, clientToken: "boot" }, shadow);
        assert.ok(accepted);
        assert.deepEqual([document.state.reported, document.clientToken], [{ firmware: "1.0" }, "boot"]);
        const documents = await device.message(device.topic("update/documents", shadow));
        assert.deepEqual(documents.payload.current.state.reported, { firmware: "1.0" });
        const read = await device.request("get", { clientToken: "again" }, shadow);
        assert.deepEqual([read.document.state.reported, read.document.clientToken], [{ firmware: "1.0" }, "again"]);
        await device.end();
    });

    proves("what is desired reaches the device as delta, and what it reports ends the delta", async () => {
        const device = await Device.connect(plant.connect.mqtt, "mps_hmi");
        const shadow = { shadow: "device" };
        assert.ok(await device.subscribe(device.topic("#", shadow), 1));
        await plant.http("/things/mps_hmi/shadow?name=device", { method: "POST", body: { state: { desired: { led: true } } } });
        const delta = await device.message(device.topic("update/delta", shadow));
        assert.deepEqual(delta.payload.state, { led: true });
        const { document } = await device.request("update", { state: { reported: { led: true } } }, shadow);
        assert.deepEqual((await plant.twin("mps_hmi", "device")).state.delta, undefined);
        assert.ok(document.version > delta.payload.version);
        await device.end();
    });

    const sleeping = { shadow: "sleeping" };
    const sleepers = ["update/delta", "update/accepted"];

    /// A device with a session that persists, subscribed at QoS 1; `clientId` tells one session from another.
    const session = (clientId) => Device.connect(plant.connect.mqtt, "mps_hmi", { clientId, clean: false });

    const desireSleeping = (n) => plant.http("/things/mps_hmi/shadow?name=sleeping",
        { method: "POST", body: { state: { desired: { n } }, clientToken: `n-${n}` } });

    proves("what is desired while a device is off line reaches it at QoS 1 when it is back, once; others hear it once, too [twin-2.5]", async () => {
        const before = await session("mps_hmi-sleeper");
        for (const operation of sleepers) assert.ok(await before.subscribe(before.topic(operation, sleeping), 1));
        await before.end();
        const awake = await Promise.all([0, 1].map(async (qos) => {
            const device = await Device.connect(plant.connect.mqtt, "mps_hmi", { clientId: `mps_hmi-awake-${qos}` });
            assert.ok(await device.subscribe(device.topic("#", sleeping), qos));
            return device;
        }));
        for (const n of [1, 2, 3]) assert.equal((await desireSleeping(n)).status, 200);

        const back = await session("mps_hmi-sleeper");
        for (const device of [back, ...awake]) {
            for (const operation of sleepers) {
                await until(`three messages on ${operation}`, () => device.on(device.topic(operation, sleeping)).length >= 3);
            }
        }
        await awake[0].request("get", {}, sleeping); // whatever comes twice has come by then
        for (const device of [back, ...awake]) {
            for (const operation of sleepers) {
                assert.deepEqual(device.on(device.topic(operation, sleeping)).map(({ clientToken }) => clientToken).sort(), ["n-1", "n-2", "n-3"]);
            }
            await device.end();
        }
    });

    proves("an answer waits for a device that went off line after its request at QoS 1 [twin-2.5]", async () => {
        const before = await session("mps_hmi-asker");
        assert.ok(await before.subscribe(before.topic("update/accepted", sleeping), 1));
        assert.ok(await before.subscribe(before.topic("update/rejected", sleeping), 1));
        const { pid } = plant.process("twins");
        process.kill(pid, "SIGSTOP");
        try {
            await before.publish(before.topic("update", sleeping), { state: { reported: { n: 1 } }, clientToken: "asked" }, 1);
            await before.publish(before.topic("update", sleeping), { state: 5, clientToken: "wrong" }, 1);
            await before.end();
        } finally {
            process.kill(pid, "SIGCONT");
        }
        await plant.until("the twin", async () => (await plant.reported("mps_hmi", "sleeping"))?.n === 1);
        const back = await session("mps_hmi-asker");
        const accepted = await back.message(back.topic("update/accepted", sleeping));
        assert.deepEqual([accepted.payload.state, accepted.payload.clientToken], [{ reported: { n: 1 } }, "asked"]);
        const rejected = await back.message(back.topic("update/rejected", sleeping));
        assert.deepEqual([rejected.payload.code, rejected.payload.clientToken], [400, "wrong"]);
        await back.end();
    });

    proves("a device may neither hear nor change the twin of another thing", async () => {
        const device = await Device.connect(plant.connect.mqtt, "mps_hmi");
        assert.ok(await device.subscribe(device.topic("update/#")));
        for (const topic of [device.topic("#", { thing: "mps_conveyor" }), "$aws/things/+/shadow/update/documents", "#", "splc/#"]) {
            assert.equal(await device.subscribe(topic), false, `${topic} was granted`);
        }
        const before = await plant.http("/things/mps_conveyor/shadow?name=intruder");
        await device.publish(device.topic("update", { thing: "mps_conveyor", shadow: "intruder" }), { state: { reported: { x: 1 } } });
        await device.publish("$aws/commands/things/mps_conveyor/executions/1/request/json", { method: "motor/setDirection", arguments: [1] });
        // Its own twin answers after that, so the intrusion has been dealt with by then.
        assert.ok(await device.subscribe(device.topic("#", { shadow: "device" })));
        await device.request("get", "", { shadow: "device" });
        assert.equal(before.status, 404);
        assert.equal((await plant.http("/things/mps_conveyor/shadow?name=intruder")).status, 404);
        assert.equal(at(await plant.reported("mps_conveyor"), "motor/direction/right/state"), false);
        await device.end();
    });

    proves("without a certificate of the site nobody connects to the device port", async () => {
        const own = credentials(plant.connect.mqtt, "mps_hmi");
        await assert.rejects(Device.connect(plant.connect.mqtt, "mps_hmi", { cert: undefined, key: undefined }));
        const stranger = await makeApplicationCertificate(path.join(plant.folder, "stranger"), "mps_hmi", "urn:stranger");
        await assert.rejects(Device.connect(plant.connect.mqtt, "mps_hmi",
            { cert: fs.readFileSync(stranger.certificate), key: fs.readFileSync(stranger.key) }));
        await assert.rejects(Device.connect(plant.connect.mqtt, "mps_hmi", { ...own, cert: undefined, key: undefined,
            username: "tool", password: "guess" }));
    });

    /// Runs with a device that may do with every thing what it may do with its own: the broker's file says so for a while.
    async function withRightsToAll(use) {
        const file = path.join(plant.data, "nats/nats.conf"), before = fs.readFileSync(file, "utf8");
        const reload = (text) => {
            fs.writeFileSync(file, text);
            process.kill(plant.process("nats-server").pid, "SIGHUP");
        };
        reload(before.replaceAll("$aws.things.mps_hmi.", "$aws.things.*."));
        try {
            const device = await until("the broker to grant all things", async () => {
                const trial = await Device.connect(plant.connect.mqtt, "mps_hmi", { clientId: "mps_hmi-vectors" });
                if (await trial.subscribe("$aws/things/+/shadow/#")) return trial;
                await trial.end();
                return null;
            });
            await use(device);
            await device.end();
        } finally {
            reload(before);
        }
    }

    proves(`all ${cases.length} sequences of shadow-vectors.json hold over MQTT [twin-1.1]`, () => withRightsToAll(async (device) => {
        const failures = [];
        await Promise.all(cases.map(async (one, i) => {
            const run = new Run(`mqtt-${i}`, one.shadow_kind === "named" ? "named" : undefined);
            for (const [k, step] of one.steps.entries()) {
                try {
                    await overMqtt(device, run, step);
                } catch (error) {
                    failures.push(`${one.name}, step ${k}: ${error.message}`);
                }
            }
        }));
        assert.deepEqual(failures, []);
    }));

    const channels = ["accepted", "rejected", "delta", "documents"];

    /// Requests of one shadow are answered in their order ([twin-2.2]), so what the step publishes comes before the answer to
    /// the `get` behind it.
    async function overMqtt(device, run, step) {
        if (step.wait_ms) await new Promise((resolve) => setTimeout(resolve, step.wait_ms));
        const place = { thing: run.names.thing, shadow: run.names.shadow };
        const base = device.topic("", place), seen = device.received.length;
        await device.publish(base + step.op, run.body(step) ?? "");
        await device.publish(`${base}get`, { clientToken: "barrier" });
        const isBarrier = ({ topic, payload }) => topic.startsWith(`${base}get/`) && payload.clientToken === "barrier";
        const came = await until(`the answer of ${base}get`, () => {
            const own = device.received.slice(seen).filter(({ topic }) => topic.startsWith(base));
            return own.some(isBarrier) ? own.filter((message) => !isBarrier(message)) : null;
        });
        for (const channel of channels) {
            const messages = came.filter(({ topic }) => topic === `${base}${step.op}/${channel}`);
            const expected = step.expect[channel];
            assert.equal(messages.length, expected === undefined ? 0 : 1, `${channel}: ${JSON.stringify(messages)}`);
            if (expected !== undefined) run.check(messages[0].payload, expected, channel);
        }
    }

    const refused = [
        { name: "something that is no JSON", document: "oops", code: 400 },
        { name: "an array", document: [], code: 400 },
        { name: "no state", document: { clientToken: "t" }, code: 400 },
        { name: "a state that is a number", document: { state: 5, clientToken: "t" }, code: 400 },
        { name: "a section that is a number", document: { state: { desired: 5 }, clientToken: "t" }, code: 400 },
        { name: "an unknown section", document: { state: { wished: {} }, clientToken: "t" }, code: 400 },
        { name: "null in an array", document: { state: { desired: { a: [1, null] } }, clientToken: "t" }, code: 400 },
        { name: "a version that is a word", document: { state: {}, version: "x", clientToken: "t" }, code: 400 },
        { name: "a version that is not the current one", document: { state: {}, version: 4711, clientToken: "t" }, code: 409 },
        { name: "a token that is too long", document: { state: {}, clientToken: "x".repeat(65) }, code: 400, silentToken: true },
        { name: "nesting without end", document: { state: { desired: nested("a/".repeat(40) + "a", 1) }, clientToken: "t" }, code: 400 },
        { name: "more than the limit", document: { state: { desired: { big: "x".repeat(9000) } }, clientToken: "t" }, code: 413 },
    ];
    for (const { name, document, code, silentToken } of refused) {
        proves(`an update with ${name} is rejected with ${code} and changes nothing [bus-1.2]`, async () => {
            const device = await Device.connect(plant.connect.mqtt, "mps_hmi");
            const shadow = { shadow: "device" };
            assert.ok(await device.subscribe(device.topic("#", shadow)));
            const before = (await device.request("get", "", shadow)).document.version;
            const answer = await device.request("update", document, shadow);
            assert.equal(answer.accepted, false);
            assert.equal(answer.document.code, code);
            assert.ok(answer.document.message.length > 0);
            if (document.clientToken && !silentToken) assert.equal(answer.document.clientToken, document.clientToken);
            assert.equal((await device.request("get", "", shadow)).document.version, before);
            await device.end();
        });
    }

    proves("get and delete of a shadow that is not there are rejected with 404 [bus-1.2]", async () => {
        const device = await Device.connect(plant.connect.mqtt, "mps_hmi");
        const shadow = { shadow: "never" };
        assert.ok(await device.subscribe(device.topic("#", shadow)));
        for (const operation of ["get", "delete"]) {
            const { accepted, document } = await device.request(operation, { clientToken: operation }, shadow);
            assert.deepEqual([accepted, document.code, document.clientToken], [false, 404, operation]);
        }
        await device.end();
    });

    proves("mosquitto_pub and mosquitto_sub work as a device, too", async () => {
        const { url, ca, devices } = plant.connect.mqtt;
        const { hostname, port } = new URL(url);
        const common = ["-h", hostname, "-p", port, "--cafile", ca, "--cert", devices.mps_magazine.certificate,
            "--key", devices.mps_magazine.key, "-q", "1"];
        const topic = "$aws/things/mps_magazine/shadow/name/mosquitto/update";
        const heard = run("mosquitto_sub", [...common, "-i", "mps_magazine-sub", "-t", `${topic}/accepted`, "-C", "1", "-W", "20"]);
        const answer = await until("mosquitto_sub to hear the answer", async () => {
            await run("mosquitto_pub", [...common, "-i", "mps_magazine-pub", "-t", topic, "-m", '{"state":{"reported":{"x":1}}}']);
            return Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 200))]);
        });
        assert.deepEqual(JSON.parse(answer.stdout).state, { reported: { x: 1 } });
    });

    // ---- wishes: desired values of the plant

    const lamp = "indicator_Q1/state";

    /// Waits until the gateway has said how a wish went, after the given moment.
    function outcome(thing, module, since) {
        return plant.until(`the outcome at ${thing} ${module}`, async () => {
            const command = at(await plant.reported(thing), `${module}command`);
            return command?.time >= since ? command : null;
        });
    }

    proves("a desired lamp lights, and the wish goes with its outcome [bus-4.2] [bus-4.3]", async () => {
        const before = Date.now();
        await plant.desire("mps_hmi", nested(lamp, true));
        await plant.until("the lamp", async () => at(await plant.reported("mps_hmi"), lamp) === true);
        const command = await outcome("mps_hmi", "indicator_Q1/", before);
        assert.deepEqual([command.method, command.arguments, command.status, command.reason], ["setState", [true], "Good", ""]);
        await wishGone("mps_hmi", lamp);
    });

    proves("a method is called by its name with an array of arguments [bus-4.2]", async () => {
        const before = Date.now();
        await plant.desire("mps_hmi", { indicator_Q1: { setState: [false] } });
        await plant.until("the lamp to go out", async () => at(await plant.reported("mps_hmi"), lamp) === false);
        const command = await outcome("mps_hmi", "indicator_Q1/", before);
        assert.deepEqual([command.method, command.arguments, command.status], ["setState", [false], "Good"]);
        await wishGone("mps_hmi", "indicator_Q1/setState");
    });

    proves("a refused call says why in the twin and moves nothing [bus-4.3]", async () => {
        const before = Date.now();
        await plant.desire("mps_conveyor", { motor: { setDirection: [7] } });
        const command = await outcome("mps_conveyor", "motor/", before);
        assert.equal(command.status, "BadOutOfRange");
        assert.match(command.reason, /-1 to 1/);
        await wishGone("mps_conveyor", "motor/setDirection");
        assert.equal(at(await plant.reported("mps_conveyor"), "motor/direction/right/state"), false);
    });

    for (const [what, thing, leaf, module] of [
        ["a sensor", "mps_conveyor", "lightBarrier_entry/state", "lightBarrier_entry/"],
        ["something that is not there", "mps_conveyor", "turbo/state", "turbo/"],
        ["an actuator's value without a call for it", "mps_magazine", "ejector/extend/state", "ejector/"],
    ]) {
        proves(`a wish for ${what} is removed with BadNotWritable [bus-4.5]`, async () => {
            const before = Date.now();
            await plant.desire(thing, nested(leaf, leaf.includes("extend") ? "out" : true));
            await wishGone(thing, leaf);
            const reported = await plant.reported(thing);
            const outcomes = commandsIn(reported).filter((command) => command.time >= before);
            assert.deepEqual(outcomes.map((command) => command.status), ["BadNotWritable"], module);
        });
    }

    proves("an old wish is removed with BadTimeout and never executed [bus-4.4]", async () => {
        const gateway = plant.process("gateway");
        const before = Date.now();
        process.kill(gateway.pid, "SIGSTOP");
        try {
            await plant.desire("mps_hmi", nested(lamp, true));
            const made = (await plant.twin("mps_hmi")).metadata.desired.indicator_Q1.state.timestamp;
            await plant.until("the wish to be too old", () => Date.now() / 1000 > made + TIME_TO_LIVE_S + 1);
        } finally {
            process.kill(gateway.pid, "SIGCONT");
        }
        await wishGone("mps_hmi", lamp);
        const command = await outcome("mps_hmi", "indicator_Q1/", before);
        assert.equal(command.status, "BadTimeout");
        assert.equal(at(await plant.reported("mps_hmi"), lamp), false);
    });

    proves("commands over HTTP answer with the result, or with status and reason", async () => {
        const done = await plant.tryCall("mps_conveyor", "motor/getDirection", []);
        assert.equal(done.status, 200);
        assert.deepEqual([done.body.status, done.body.result.Direction], ["SUCCEEDED", { s: "0" }]);
        const failed = await plant.tryCall("mps_conveyor", "motor/setDirection", [7]);
        assert.equal(failed.status, 409);
        assert.equal(failed.body.statusReason.reasonCode, "BadOutOfRange");
        const unknown = await plant.tryCall("mps_conveyor", "motor/fly", []);
        assert.equal(unknown.status, 409);
        assert.match(unknown.body.statusReason.reasonDescription, /fly/);
        const expired = await plant.http("/v1/things/mps_hmi/commands", { method: "POST",
            body: { method: "indicator_Q1/setState", arguments: [true], expiresAt: 1000 } });
        assert.equal(expired.status, 409);
        assert.equal(expired.body.status, "REJECTED");
        assert.equal(at(await plant.reported("mps_hmi"), lamp), false);
    });

    proves("without the token nothing is answered but 401 in AWS's shape", async () => {
        for (const [method, where] of [["GET", "/things/mps_hmi/shadow"], ["POST", "/things/mps_hmi/shadow"], ["GET", "/v1/status"],
            ["POST", "/v1/things/mps_hmi/commands"], ["GET", "/v1/events"]]) {
            const response = await fetch(plant.connect.http.url + where, { method, body: method === "POST" ? "{}" : undefined });
            assert.equal(response.status, 401, where);
            assert.equal(response.headers.get("x-amzn-errortype"), "UnauthorizedException");
            assert.equal(typeof (await response.json()).message, "string");
        }
    });

    proves("a page of another site cannot use the cookie to change anything", async () => {
        const entered = await fetch(`${plant.connect.http.url}/?token=${plant.token()}`, { redirect: "manual" });
        const cookie = entered.headers.get("set-cookie");
        assert.match(cookie, /HttpOnly/i);
        assert.match(cookie, /SameSite=Strict/i);
        const post = (origin) => fetch(`${plant.connect.http.url}/things/mps_hmi/shadow?name=cookie`, {
            method: "POST", body: '{"state":{}}', headers: { cookie: cookie.split(";")[0], ...(origin && { origin }) },
        });
        assert.equal((await post("http://evil.example")).status, 403);
        assert.equal((await post(undefined)).status, 403);
        assert.equal((await post(plant.connect.http.url)).status, 200);
    });

    function wishGone(thing, leaf) {
        return plant.until(`the wish ${leaf} of ${thing} to be removed`, async () => {
            const { desired } = (await plant.twin(thing)).state;
            return at(desired ?? {}, leaf) === undefined;
        });
    }
});

function body({ payload }) {
    return JSON.parse(Buffer.from(payload).toString());
}

/// Every `command` outcome anywhere in a document.
function commandsIn(document) {
    if (typeof document !== "object" || document === null) return [];
    return Object.entries(document).flatMap(([name, value]) => name === "command" ? [value] : commandsIn(value));
}
