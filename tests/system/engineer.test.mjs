// What an engineer does at a running plant, with a client of another maker: forces points, changes the pin map, reads the
// diagnostics buffer. docs/spec/edge.md, pins.md, diagnostics.md, proven with node-opcua.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { withoutFunctions } from "./support/mps.mjs";
import { AttributeIds, DataType, OpcuaClients, UserTokenType } from "./support/opcua.mjs";
import { plantSuite } from "./support/plant.mjs";
import { splc } from "./support/splc.mjs";
import { until } from "./support/until.mjs";

const BARRIER = "mps_conveyor/lightBarrier_entry/state";
const LAMP = "mps_hmi/indicator_Q1/state"; // at O_5; O_6 is free
const GOOD_LOCAL_OVERRIDE = 0x00960000;

plantSuite("An engineer at the plant", { speed: 1, change: withoutFunctions }, (proves, plant) => {
    let clients;
    const sessions = {};

    plant.prepare = () => {
        clients = new OpcuaClients(plant.connect.opcua, plant.folder);
    };
    plant.finish = async () => {
        await clients?.closeAll();
        process.kill(plant.process("gateway").pid, "SIGCONT"); // what stands still does not end when it is told to
    };

    async function session(who) {
        const password = fs.readFileSync(path.join(plant.data, "secrets", `opcua-${who}`), "utf8").trim();
        sessions[who] ??= await clients.session({ type: UserTokenType.UserName, userName: who, password });
        return sessions[who];
    }

    const text = (value) => [DataType.String, value];

    async function draft(session_, channel, signal) {
        const status = await session_.session.write({
            nodeId: await session_.node(`mps_plc/RevPiDO/${channel}/Draft`), attributeId: AttributeIds.Value,
            value: { value: { dataType: DataType.String, value: signal } },
        });
        return status.name;
    }

    /// The gateway holds the control authority; it is held still until the engineer has it.
    async function holdLock(session_) {
        process.kill(plant.process("gateway").pid, "SIGSTOP");
        await until("the control authority", async () => (await session_.lock()).outputs[0] === 0);
    }

    proves("an input is forced, listed, counted, and marked as overridden; afterwards it is its own again [edge-6.1] [opcua-8.1]", async () => {
        const engineer = await session("engineer");
        const before = await engineer.value(BARRIER);
        assert.equal((await engineer.call("Forcing/Force", text(BARRIER), text(String(!before)))).status, "Good");
        await until("the forced value", async () => (await engineer.value(BARRIER)) === !before);
        assert.equal((await engineer.read(BARRIER)).statusCode.value, GOOD_LOCAL_OVERRIDE);
        await until("the count", async () => (await engineer.value("Forcing/ForcesActive")) === 1);
        const [line, ...others] = await engineer.value("Forcing/Forces");
        assert.deepEqual(others, []);
        assert.match(line, new RegExp(`^${BARRIER} = ${!before}, engineer, 20\\d\\d-`));
        assert.equal((await engineer.call("Forcing/Unforce", text(BARRIER))).status, "Good");
        await until("the value of the terminal", async () => (await engineer.value(BARRIER)) === before);
        assert.equal(await engineer.value("Forcing/ForcesActive"), 0);
        assert.equal((await engineer.value("Forcing/Forces")).length, 0);
    });

    proves("nobody else may force, and nobody forces the emergency stop [edge-6.2] [opcua-8.1]", async () => {
        const operator = await session("operator");
        const refused = await operator.call("Forcing/Force", text(BARRIER), text("true"));
        assert.equal(refused.status, "BadUserAccessDenied");
        assert.match(refused.reason, /engineer/);
        const engineer = await session("engineer");
        const stop = await engineer.call("Forcing/Force", text("mps_conveyor/emergency_stop/state"), text("false"));
        assert.equal(stop.status, "BadNotSupported");
        assert.match(stop.reason, /emergency stop/);
        const output = await engineer.call("Forcing/Force", text(LAMP), text("true"));
        assert.equal(output.status, "BadUserAccessDenied", "an output needs the control authority");
    });

    proves("only an engineer drafts pins, and a draft changes nothing [opcua-10.1] [pins-1.1]", async () => {
        const operator = await session("operator");
        assert.match(await draft(operator, "O_6", LAMP), /^Bad(NotWritable|UserAccessDenied)$/);
        const engineer = await session("engineer");
        assert.equal(await draft(engineer, "O_6", "mps_hmi/no/such/signal"), "BadOutOfRange");
        assert.equal(await draft(engineer, "O_6", LAMP), "Good");
        assert.equal(await engineer.value("mps_plc/RevPiDO/O_6/Draft"), LAMP);
        assert.equal(await engineer.value("Pins/Differences"), 1);
        assert.equal((await engineer.value("mps_plc/RevPiDO/O_6/Name")) ?? "", "");
        const checked = await engineer.call("Pins/Validate");
        assert.equal(checked.status, "BadOutOfRange");
        assert.match(checked.reason, /two channels/);
    });

    proves("a map takes effect as a whole for who holds the control authority, and is kept [pins-1.4] [pins-1.7] [opcua-10.2]", async () => {
        const engineer = await session("engineer");
        assert.equal(await draft(engineer, "O_5", ""), "Good");
        assert.equal((await engineer.call("Pins/Validate")).status, "Good");
        assert.equal((await engineer.call("Pins/Apply")).status, "BadUserAccessDenied");
        await holdLock(engineer);
        const applied = await engineer.call("Pins/Apply");
        assert.deepEqual([applied.status, applied.reason ?? ""], ["Good", ""]);
        assert.equal(await engineer.value("mps_plc/RevPiDO/O_6/Name"), LAMP);
        await engineer.lock();
        assert.equal((await engineer.call("mps_hmi/indicator_Q1/setState", [DataType.Boolean, true])).status, "Good");
        await until("the lamp at its new pin", () => engineer.value("mps_plc/RevPiDO/O_6/Value"));
        assert.equal(await engineer.value("mps_plc/RevPiDO/O_5/Value"), false);
        const kept = fs.readFileSync(path.join(plant.data, "edge/pins"), "utf8");
        assert.match(kept, /^mps_plc\/RevPiDO\/O_6 mps_hmi\/indicator_Q1\/state$/m);
        assert.equal(fs.statSync(path.join(plant.data, "edge/pins")).mode & 0o777, 0o600);
    });

    proves("what happened is in the diagnostics buffer, over OPC UA and on the command line [opcua-9.1] [diagnostics-1.1]", async () => {
        const viewer = await session("viewer");
        const named = (name) => (entry) => entry.name === name;
        const shown = await until("the entries", async () => {
            const entries = (await viewer.value("Diagnostics/Buffer")).map((line) => JSON.parse(line));
            return entries.some(named("PinsApplied")) ? entries : null;
        });
        assert.match(shown.find(named("Forced")).text, /^engineer: forced mps_conveyor\/lightBarrier_entry\/state/);
        assert.equal(shown.find(named("Started")).code, 101);
        const printed = await splc(["edge", "diagnostics", "--json", "--data", plant.data]);
        assert.equal(printed.status, 0, printed.stderr);
        const { entries, damaged } = JSON.parse(printed.stdout);
        assert.equal(damaged, 0);
        assert.ok(entries.some(named("PinsApplied")));
        assert.match(await viewer.value("Diagnostics/ModelHash"), /^[0-9a-f]{64}$/);
        assert.match(await viewer.value("Diagnostics/ProgramHash"), /^[0-9a-f]{64}$/);
    });

    proves("who forced and who changed the pins is in the audit log [opcua-8.1] [opcua-10.2]", async () => {
        const lines = fs.readFileSync(path.join(plant.data, "edge/audit.log"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
        const by = (action, outcome) => lines.filter((line) => line.action === action && line.outcome === outcome);
        assert.ok(by("force", "Good").every((line) => line.user === "engineer") && by("force", "Good").length >= 2);
        assert.ok(by("force", "BadUserAccessDenied").some((line) => line.user === "operator"));
        assert.ok(by("pins", "Good").some((line) => line.user === "engineer" && line.object.startsWith("Apply")));
    });
});
