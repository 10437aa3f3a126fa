// The edge's OPC UA interface as an independent client sees it: docs/spec/opcua.md, proven with node-opcua.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { ClientSubscription, ClientMonitoredItem, NodeClass, TimestampsToReturn } from "node-opcua-client";
import { makeApplicationCertificate } from "./support/certificate.mjs";
import { ACTUATORS, actuatorPaths, NAMESPACE, sensorPaths, signalPaths, STATION, withoutFunctions } from "./support/mps.mjs";
import { AttributeIds, DataType, MessageSecurityMode, OpcuaClients, SecurityPolicy, UserTokenType } from "./support/opcua.mjs";
import { plantSuite } from "./support/plant.mjs";
import { until } from "./support/until.mjs";

// The gateway holds the control authority; whoever wants it has to wait until the gateway is gone or to break the lock.
// So this plant has no gateway to argue with: the test holds the process still for as long as it commands.
const options = { speed: 1, change: withoutFunctions };

plantSuite("OPC UA, seen by node-opcua", options, (proves, plant) => {
    let clients;
    const sessions = {};

    plant.prepare = () => {
        clients = new OpcuaClients(plant.connect.opcua, plant.folder);
    };
    plant.finish = () => clients?.closeAll();

    /// One session per user, kept for the whole suite.
    async function session(who) {
        sessions[who] ??= await clients.session(who);
        return sessions[who];
    }
    const operator = () => session("operator");
    const viewer = () => session("viewer");

    /// The name of the status with which `attempt` fails.
    async function refusal(attempt) {
        try {
            await attempt();
        } catch (error) {
            const named = error.message.match(/Bad[A-Za-z]+/);
            return named ? named[0] : error.message;
        }
        return "it was allowed";
    }

    async function newSession(who, more) {
        const opened = await clients.session(who, more);
        await opened.close();
    }

    // ---- who may come in

    proves("a client with certificate, user and password is let in over Basic256Sha256, sign and encrypt [opcua-1.1]", async () => {
        const { client } = await operator();
        assert.equal(client.securityPolicy, SecurityPolicy.Basic256Sha256);
        assert.equal(client.securityMode, MessageSecurityMode.SignAndEncrypt);
    });

    proves("endpoints can be discovered without security, and none of them invites a session without [opcua-1.1]", async () => {
        const client = await clients.channel({ securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None });
        const endpoints = await client.getEndpoints();
        const secure = endpoints.filter((one) => one.securityMode === MessageSecurityMode.SignAndEncrypt);
        assert.ok(secure.some((one) => one.securityPolicyUri === SecurityPolicy.Basic256Sha256));
        for (const one of endpoints) {
            const tokens = one.userIdentityTokens.map((token) => token.tokenType);
            assert.ok(!tokens.includes(UserTokenType.Anonymous), `${one.endpointUrl} offers anonymous`);
        }
        await client.disconnect();
    });

    proves("no session is created without security, not even with the right password [opcua-1.1]", async () => {
        const none = { securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None };
        for (const who of ["operator", { type: UserTokenType.Anonymous }]) {
            assert.notEqual(await refusal(() => newSession(who, none)), "it was allowed");
        }
    });

    proves("an anonymous session is refused [opcua-1.2]", async () => {
        const status = await refusal(() => newSession({ type: UserTokenType.Anonymous }));
        assert.match(status, /BadIdentityToken(Rejected|Invalid)|anonymous/i);
    });

    proves("a wrong password and an unknown user are refused in the same words [opcua-1.2]", async () => {
        const right = clients.identity("operator");
        const wrongPassword = await refusal(() => newSession({ ...right, password: "wrong" }));
        const unknownUser = await refusal(() => newSession({ ...right, userName: "nobody" }));
        assert.match(wrongPassword, /BadUserAccessDenied|BadIdentityTokenRejected/);
        assert.equal(unknownUser, wrongPassword);
    });

    proves("an unknown client certificate is refused and kept for review [opcua-1.2]", async () => {
        const stranger = await makeApplicationCertificate(path.join(plant.folder, "stranger"), "stranger",
            plant.connect.opcua.applicationUri);
        const rejected = path.join(plant.data, "edge", "rejected");
        const before = fs.readdirSync(rejected);
        const status = await refusal(() => newSession("operator",
            { certificateFile: stranger.certificate, privateKeyFile: stranger.key }));
        assert.notEqual(status, "it was allowed");
        const kept = await until("the certificate in edge/rejected", () =>
            fs.readdirSync(rejected).find((name) => !before.includes(name)));
        assert.deepEqual(fs.readFileSync(path.join(rejected, kept)), fs.readFileSync(stranger.certificateDer));
    });

    // ---- what there is to see

    proves("the namespaces of the station and of its types are there [opcua-2.1]", async () => {
        const names = await (await viewer()).session.readNamespaceArray();
        assert.ok(names.includes(NAMESPACE));
        assert.ok(names.some((name) => name.startsWith("urn:serverless-plc:lib:")));
    });

    proves("all 26 signals are found by browsing from Objects, at the NodeId that is their path [opcua-2.1] [opcua-2.3]", async () => {
        const session_ = await viewer();
        const found = await pathsBelow(session_, await session_.node(""), "");
        for (const one of signalPaths) {
            assert.equal(found.get(one)?.nodeClass, NodeClass.Variable, `${one} is not there`);
            assert.equal(found.get(one).nodeId, await session_.node(one));
        }
        const station = (await session_.children("i=85")).find((child) => child.name === STATION);
        assert.equal(station.nodeId, await session_.node(""));
    });

    proves("types are there with their inheritance, and objects are of them [opcua-2.2]", async () => {
        const session_ = await viewer();
        const lib = await session_.namespace((await session_.session.readNamespaceArray()).find((name) =>
            name.startsWith("urn:serverless-plc:lib:")));
        const motor = (await session_.children(await session_.node("mps_conveyor"))).find((child) => child.name === "motor");
        assert.equal(motor.typeDefinition, `ns=${lib};s=MotorType`);
        const button = await session_.session.browse({
            nodeId: `ns=${lib};s=IlluminatedButtonType`, referenceTypeId: "HasSubtype", browseDirection: 1, resultMask: 63,
        });
        assert.equal(button.references[0].nodeId.toString(), `ns=${lib};s=ButtonType`);
    });

    proves("signals are Booleans with good quality and the source time of a scan [opcua-2.7]", async () => {
        const session_ = await viewer();
        for (const one of signalPaths) {
            const read = await session_.read(one);
            assert.equal(read.statusCode.name, "Good", one);
            assert.equal(read.value.dataType, DataType.Boolean, one);
            const age = Date.now() - read.sourceTimestamp.getTime();
            assert.ok(age > -1000 && age < 600_000, `${one} has source time ${read.sourceTimestamp.toISOString()}`);
        }
    });

    proves("actuators say which call a desired value means [opcua-2.3]", async () => {
        const session_ = await viewer();
        assert.equal(await session_.value("mps_conveyor/motor/direction/left/state/OnTrue"), "setDirection(-1)");
        assert.equal(await session_.value("mps_conveyor/motor/direction/left/state/OnFalse"), "setDirection(0)");
        const sensor = await session_.children(await session_.node(sensorPaths[0]));
        assert.deepEqual(sensor.filter(({ name }) => name.startsWith("On")), []);
    });

    proves("variables with names, ranges and units say so [opcua-2.4]", async () => {
        const session_ = await viewer();
        const motion = await session_.value("mps_magazine/ejector/Motion/EnumStrings");
        assert.deepEqual([...motion].map((text) => text.text ?? text),
            ["unknown", "retracted", "extending", "extended", "retracting", "fault"]);
        const range = await session_.value("mps_conveyor/motor/CommandedSpeed/EURange");
        assert.deepEqual([range.low, range.high], [-0.077, 0.077]);
        const unit = await session_.value("mps_conveyor/motor/CommandedSpeed/EngineeringUnits");
        assert.equal(unit.displayName.text, "m/s");
    });

    proves("channels are objects below their I/O module: Name is the signal wired to it, Value the state of the pin [opcua-2.6]", async () => {
        const session_ = await viewer();
        assert.equal(await session_.value("mps_plc/RevPiDI/I_14/Name"), "mps_magazine/lightBarrier_magazineEmpty/state");
        assert.equal(typeof (await session_.value("mps_plc/RevPiDI/I_14/Value")), "boolean");
    });

    proves("a change is brought by a subscription, with the time of the scan that saw it [opcua-2.7]", async () => {
        const session_ = await operator();
        const started = Date.now();
        const changes = await subscribed(session_, "mps_hmi/actuator_reset/state");
        await until("the first value", () => changes.values.length > 0);
        assert.equal((await session_.call("mps_simulation/press", [DataType.String, "reset"])).status, "Good");
        await until("pressed and released", () => changes.values.length >= 3);
        const [first, pressed, released] = changes.values.map((change) => change.value.value);
        assert.deepEqual([first, pressed, released], [false, true, false]);
        const times = changes.values.slice(1).map((change) => change.sourceTimestamp.getTime());
        assert.ok(times[0] >= started - 1000);
        assert.ok(times[1] - times[0] >= 200, `a press lasts 0.3 s of plant time, here ${times[1] - times[0]} ms`);
        await changes.end();
    });

    // ---- what may be done

    proves("no variable can be written, least of all an output [opcua-3.3]", async () => {
        const session_ = await operator();
        for (const one of [...actuatorPaths, sensorPaths[0], "mps_plc/RevPiDO/O_1/Value", "mps_plc/State"]) {
            const status = await session_.session.write({
                nodeId: await session_.node(one), attributeId: AttributeIds.Value,
                value: { value: { dataType: one.endsWith("State") ? DataType.String : DataType.Boolean, value: one.endsWith("State") ? "run" : true } },
            });
            assert.match(status.name, /^Bad(NotWritable|UserAccessDenied)$/, one);
        }
        for (const one of actuatorPaths) assert.equal(await session_.value(one), false, one);
    });

    proves("methods say their arguments with names and types, and Reason at the end [opcua-2.5]", async () => {
        const session_ = await viewer();
        const inputs = await session_.value("mps_conveyor/motor/setDirection/InputArguments");
        assert.deepEqual(inputs.map((one) => [one.name, one.dataType.value]), [["Direction", DataType.Int32]]);
        assert.match(inputs[0].description.text, /left/);
        const outputs = await session_.value("mps_conveyor/motor/setDirection/OutputArguments");
        assert.equal(outputs.at(-1).name, "Reason");
    });

    proves("a viewer may read and may not command [opcua-1.3] [opcua-3.2]", async () => {
        const session_ = await viewer();
        const { status, reason } = await session_.call("mps_conveyor/motor/setDirection", [DataType.Int32, 1]);
        assert.equal(status, "BadUserAccessDenied");
        if (reason !== "") assert.match(reason, /operator/);
        assert.equal((await session_.call("mps_conveyor/motor/getDirection")).status, "Good");
        const lock = await session_.lock();
        assert.ok(lock.status !== "Good" || lock.outputs[0] === -3, JSON.stringify(lock));
    });

    proves("a commanding method is refused without the control authority, and says what to do [opcua-4.1] [opcua-2.5]", async () => {
        const session_ = await operator();
        const { status, reason } = await session_.call("mps_conveyor/motor/setDirection", [DataType.Int32, 1]);
        assert.equal(status, "BadUserAccessDenied");
        assert.match(reason, /control authority/);
        assert.equal(await session_.value("mps_conveyor/motor/direction/right/state"), false);
    });

    proves("while the gateway holds the control authority nobody else gets it [opcua-4.1]", async () => {
        const session_ = await operator();
        assert.equal(await session_.value("Lock/Locked"), true);
        assert.deepEqual((await session_.lock()).outputs, [-1]);
    });

    proves("a holder that falls silent loses it to whoever asks, and each grant raises the epoch [opcua-4.2] [opcua-4.3]", async () => {
        const session_ = await operator();
        const epoch = await session_.value("Lock/Epoch");
        process.kill(plant.process("gateway").pid, "SIGSTOP");
        await until("the soft time-out", async () => (await session_.lock()).outputs[0] === 0);
        assert.equal(await session_.value("Lock/Locked"), true);
        assert.ok((await session_.value("Lock/Epoch")) > epoch);
        assert.ok((await session_.value("Lock/RemainingLockTime")) > 0);
    });

    proves("a method with typed arguments moves the output, and the answer has an empty reason [opcua-3.1]", async () => {
        const session_ = await operator();
        const result = await commanding(session_, "mps_conveyor/motor/setDirection", [DataType.Int32, 1]);
        assert.deepEqual([result.status, result.reason], ["Good", ""]);
        await until("the output", () => session_.value("mps_conveyor/motor/direction/right/state"));
        assert.equal((await session_.call("mps_conveyor/motor/getDirection")).outputs[0], 1);
        await commanding(session_, "mps_conveyor/motor/setDirection", [DataType.Int32, -1]);
        await until("the other output", () => session_.value("mps_conveyor/motor/direction/left/state"));
        assert.equal(await session_.value("mps_conveyor/motor/direction/right/state"), false);
        await commanding(session_, "mps_conveyor/motor/setDirection", [DataType.Int32, 0]);
    });

    proves("arguments of the wrong type, out of range, missing or too many are refused [opcua-3.2]", async () => {
        const session_ = await operator();
        const method = "mps_conveyor/motor/setDirection";
        const wrongType = await commanding(session_, method, [DataType.String, "1"]);
        assert.match(wrongType.status, /^Bad(InvalidArgument|TypeMismatch)$/);
        const outOfRange = await commanding(session_, method, [DataType.Int32, 2]);
        assert.equal(outOfRange.status, "BadOutOfRange");
        assert.match(outOfRange.reason, /-1 to 1/);
        assert.match((await commanding(session_, method)).status, /^BadArgumentsMissing$/);
        const tooMany = await commanding(session_, method, [DataType.Int32, 1], [DataType.Int32, 1]);
        assert.match(tooMany.status, /^BadTooManyArguments$|^BadInvalidArgument$/);
        assert.equal((await session_.call("mps_conveyor/motor/getDirection")).outputs[0], 0);
    });

    proves("every lamp of the panel follows its method", async () => {
        const session_ = await operator();
        for (const one of ACTUATORS.mps_hmi) {
            const lamp = `mps_hmi/${one.replace(/\/state$/, "")}`;
            for (const on of [true, false]) {
                assert.equal((await commanding(session_, `${lamp}/setState`, [DataType.Boolean, on])).status, "Good");
                await until(`${lamp} ${on}`, async () => (await session_.value(`mps_hmi/${one}`)) === on);
            }
        }
    });

    proves("a holder gives the control authority back, and the gateway takes it again [opcua-4.3]", async () => {
        const session_ = await operator();
        await commanding(session_, "mps_conveyor/motor/setDirection", [DataType.Int32, 0]);
        assert.deepEqual((await session_.call("Lock/ExitLock")).outputs, [0]);
        process.kill(plant.process("gateway").pid, "SIGCONT");
        await plant.until("the gateway to hold it again", () => plant.isReady());
    });

    /// Calls with the control authority, renewed before: between two calls of a slow test it may have run out.
    async function commanding(session_, ...call) {
        const renewed = await session_.call("Lock/RenewLock");
        if (renewed.outputs[0] !== 0) assert.deepEqual((await session_.lock()).outputs, [0]);
        return session_.call(...call);
    }
});

/// Every node below, by its path: {path: {nodeId, nodeClass}}.
async function pathsBelow(session, nodeId, prefix, found = new Map()) {
    for (const child of await session.children(nodeId)) {
        const below = prefix + child.name;
        if (found.has(below)) continue;
        found.set(below, child);
        if (child.nodeClass === NodeClass.Object) await pathsBelow(session, child.nodeId, `${below}/`, found);
    }
    return found;
}

/// Changes of one variable, as they come.
async function subscribed(session, below) {
    const subscription = ClientSubscription.create(session.session, {
        requestedPublishingInterval: 20, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 50,
        maxNotificationsPerPublish: 100, publishingEnabled: true, priority: 1,
    });
    const item = ClientMonitoredItem.create(subscription, { nodeId: await session.node(below), attributeId: AttributeIds.Value },
        { samplingInterval: 0, queueSize: 100, discardOldest: false }, TimestampsToReturn.Both);
    const values = [];
    item.on("changed", (change) => values.push(change));
    return { values, end: () => subscription.terminate() };
}
