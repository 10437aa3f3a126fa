// The server as a person of OPC UA would look at it, with node-opcua: docs/spec/opcua.md, what the standard has beside
// values and methods.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {
    AttributeIds, BrowseDirection, ClientMonitoredItem, ClientSubscription, constructEventFilter, DataType, HistoryReadRequest,
    NodeClass, ReadRawModifiedDetails, SecurityPolicy, TimestampsToReturn,
} from "node-opcua-client";
import { NAMESPACE, withoutFunctions } from "./support/mps.mjs";
import { OpcuaClients } from "./support/opcua.mjs";
import { plantSuite } from "./support/plant.mjs";
import { until } from "./support/until.mjs";

const DI = "http://opcfoundation.org/UA/DI/";
const MACHINERY = "http://opcfoundation.org/UA/Machinery/";
const TYPES = "urn:serverless-plc:lib:SplcSystemUnitClassLib";
const POLICIES = ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"];

plantSuite("The OPC UA server by its standards", { speed: 5, change: withoutFunctions }, (proves, plant) => {
    let clients, viewer, operator;

    plant.prepare = async () => {
        clients = new OpcuaClients(plant.connect.opcua, plant.folder);
        viewer = await clients.session("viewer");
        operator = await clients.session("operator");
    };
    plant.finish = () => clients?.closeAll();

    const valueOf = async (nodeId) => (await viewer.session.read({ nodeId, attributeId: AttributeIds.Value })).value.value;
    const uri = async (of) => (await viewer.session.readNamespaceArray()).indexOf(of);
    const references = async (nodeId, referenceTypeId, browseDirection = BrowseDirection.Forward) =>
        (await viewer.session.browse({ nodeId, referenceTypeId, browseDirection, includeSubtypes: true, resultMask: 63 })).references;

    // ---- connection

    for (const policy of POLICIES) {
        proves(`a session over ${policy} [opcua-1.1]`, async () => {
            const session = await clients.session("viewer", { securityPolicy: SecurityPolicy[policy] });
            assert.equal(session.client.securityPolicy, SecurityPolicy[policy]);
            assert.equal(await session.value("mps_plc/State"), "run");
            await session.close();
        });
    }

    proves("these three are offered, signed and encrypted, and nothing else [opcua-1.1]", async () => {
        const endpoints = await viewer.client.getEndpoints();
        assert.deepEqual(endpoints.map((one) => one.securityPolicyUri).sort(), POLICIES.map((one) => SecurityPolicy[one]).sort());
        assert.ok(endpoints.every((one) => one.securityMode === 3));
    });

    proves("sessions are limited, and the limit is told [opcua-1.4]", async () => {
        const max = await valueOf("i=24095");
        const more = [];
        let refused = "";
        while (refused === "" && more.length <= max) {
            await clients.session("viewer").then((one) => more.push(one), (error) => { refused = error.message; });
        }
        assert.match(refused, /BadTooManySessions/);
        await Promise.all(more.map((one) => one.close()));
        await (await clients.session("viewer")).close();
    });

    proves("subscriptions of a session are limited, and the limit is told [opcua-1.4]", async () => {
        const max = await valueOf("i=24098");
        const session = await clients.session("viewer");
        const request = { requestedPublishingInterval: 1000, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 10, publishingEnabled: true };
        for (let i = 0; i < max; i++) await session.session.createSubscription2(request);
        await assert.rejects(session.session.createSubscription2(request), /BadTooManySubscriptions/);
        await session.close();
    });

    // ---- what the server says of itself

    proves("capabilities and limits are told [opcua-1.4]", async () => {
        const limits = { MaxSessions: "i=24095", MaxSubscriptions: "i=24096", MaxMonitoredItems: "i=24097",
            MaxSubscriptionsPerSession: "i=24098", MaxMonitoredItemsPerSubscription: "i=24104", MaxMonitoredItemsQueueSize: "i=31916",
            MaxNodesPerRead: "i=11705", MaxNodesPerMethodCall: "i=11709", MaxNodesPerHistoryReadData: "i=12165" };
        for (const [name, nodeId] of Object.entries(limits)) {
            assert.ok((await valueOf(nodeId)) > 0, name);
            assert.equal((await viewer.session.read({ nodeId, attributeId: AttributeIds.BrowseName })).value.value.name, name);
        }
        assert.deepEqual(await valueOf("i=2271"), ["en", "de"]);
        assert.equal(await valueOf("i=11193"), true, "AccessHistoryDataCapability");
    });

    proves("each namespace has its metadata [opcua-2.8]", async () => {
        const found = new Map((await references("i=11715", "HasComponent")).map((one) => [one.browseName.name, one.nodeId]));
        for (const namespace of [NAMESPACE, TYPES, DI, MACHINERY]) {
            assert.ok(found.has(namespace), namespace);
            const properties = new Map((await references(found.get(namespace), "HasProperty")).map((one) => [one.browseName.name, one.nodeId]));
            assert.deepEqual([...properties.keys()].sort(), ["IsNamespaceSubset", "NamespacePublicationDate", "NamespaceUri",
                "NamespaceVersion", "StaticNodeIdTypes", "StaticNumericNodeIdRange", "StaticStringNodeIdPattern"]);
            assert.equal(await valueOf(properties.get("NamespaceUri")), namespace);
            assert.match(await valueOf(properties.get("NamespaceVersion")), /^\d+\.\d+\.\d+$/);
            assert.equal(await valueOf(properties.get("IsNamespaceSubset")), namespace.startsWith("http"));
        }
    });

    // ---- types

    proves("types declare their members with modelling rules, descriptions, ranges and units [opcua-2.9]", async () => {
        const ns = await uri(TYPES);
        const members = new Map((await references(`ns=${ns};s=MotorType`, "Aggregates")).map((one) => [one.browseName.name, one]));
        for (const name of ["setDirection", "getDirection", "CommandedSpeed"]) assert.ok(members.has(name), name);
        for (const [name, member] of members) {
            const rules = await references(member.nodeId, "HasModellingRule");
            const wanted = member.nodeClass === NodeClass.Method || name === "CommandedSpeed" ? "Mandatory" : "Optional";
            assert.deepEqual(rules.map((one) => one.browseName.name), [wanted], name);
        }
        const speed = members.get("CommandedSpeed");
        assert.equal(speed.typeDefinition.toString(), "ns=0;i=17570"); // AnalogUnitRangeType
        const properties = (await references(speed.nodeId, "HasProperty")).map((one) => one.browseName.toString()).sort();
        assert.deepEqual(properties, ["EURange", "EngineeringUnits"]);
        for (const one of await references(speed.nodeId, "HasProperty"))
            assert.equal((await references(one.nodeId, "HasModellingRule"))[0].browseName.name, "Mandatory");
        const input = (await references(members.get("setDirection").nodeId, "HasProperty")).find((one) => one.browseName.name === "InputArguments");
        assert.match((await valueOf(input.nodeId))[0].description.text, /left/);
    });

    proves("an instance has the variable type of its declaration, its range, and a unit of UNECE [opcua-2.4]", async () => {
        const nodeId = await viewer.node("mps_conveyor/motor/CommandedSpeed");
        assert.equal((await references(nodeId, "HasTypeDefinition"))[0].nodeId.toString(), "ns=0;i=17570");
        const unit = await viewer.value("mps_conveyor/motor/CommandedSpeed/EngineeringUnits");
        assert.deepEqual([unit.displayName.text, unit.unitId, unit.namespaceUri],
            ["m/s", 0x4d5453, "http://www.opcfoundation.org/UA/units/un/cefact"]); // "MTS"
        const range = await viewer.value("mps_conveyor/motor/CommandedSpeed/EURange");
        assert.ok(range.low < range.high);
    });

    proves("names are there in English and in German [opcua-2.4]", async () => {
        const name = async (session) => (await session.session.read({ nodeId: await session.node("mps_plc"), attributeId: AttributeIds.DisplayName })).value.value;
        assert.deepEqual({ ...(await name(viewer)) }, { locale: "en", text: "Controller" });
        const german = await clients.session("viewer", { locales: ["de"] });
        assert.deepEqual({ ...(await name(german)) }, { locale: "de", text: "Steuerung" });
        await german.close();
    });

    proves("the lock is a LockingServicesType of DI [opcua-4.1]", async () => {
        const di = await uri(DI);
        const lock = await viewer.node("Lock");
        assert.equal((await references(lock, "HasTypeDefinition"))[0].nodeId.toString(), `ns=${di};i=6388`);
        const members = (await references(lock, "Aggregates")).map((one) => one.browseName.toString());
        for (const name of ["Locked", "LockingClient", "LockingUser", "RemainingLockTime", "InitLock", "RenewLock", "ExitLock", "BreakLock"])
            assert.ok(members.includes(`${di}:${name}`), name);
        const type = await viewer.read("Lock/RemainingLockTime", AttributeIds.DataType);
        assert.equal(type.value.value.toString(), "ns=0;i=290"); // Duration
        const inherited = await references(`ns=${di};i=6388`, "Aggregates");
        assert.deepEqual(inherited.map((one) => one.nodeId.value).sort(), [6390, 6391, 6392, 6393, 6396, 6398, 6400, 6534]);
    });

    proves("the controller has the nameplate of OPC UA for Machinery [opcua-2.10]", async () => {
        const di = await uri(DI), machinery = await uri(MACHINERY);
        const plate = (await references(await viewer.node("mps_plc"), "HasAddIn"))[0];
        assert.equal(plate.browseName.toString(), `${di}:Identification`);
        assert.equal(plate.typeDefinition.toString(), `ns=${machinery};i=1005`);
        const texts = new Map();
        for (const one of await references(plate.nodeId, "HasProperty")) texts.set(one.browseName.toString(), await valueOf(one.nodeId));
        assert.equal(texts.get(`${di}:Manufacturer`).text, "Kunbus");
        assert.match(texts.get(`${di}:Model`).text, /RevPi/);
        assert.ok(texts.get(`${di}:SerialNumber`).length > 0);
        assert.match(texts.get(`${di}:ProductInstanceUri`), /^urn:/);
        assert.match(texts.get(`${di}:SoftwareRevision`), /^\d/);
    });

    // ---- events

    proves("events have a type, a source and a severity, and one can ask for a type [opcua-5.1]", async () => {
        const ns = await uri(TYPES);
        const all = await listen("i=2253", "BaseEventType");
        const station = await listen(await viewer.node(""), "BaseEventType");
        await operator.call("mps_simulation/turn", [DataType.String, "emergency_stop"], [DataType.Boolean, true]);
        const named = (events, name) => events.find((one) => one.type === `ns=${ns};s=${name}EventType`);
        const tripped = await until("Tripped", () => named(all.events, "Tripped"));
        assert.equal(tripped.source, `ns=${await uri(NAMESPACE)};s=MPS/mps_conveyor/emergency_stop`);
        assert.equal(tripped.severity, 900);
        const safe = await until("SafeStateEntered", () => named(all.events, "SafeStateEntered"));
        assert.ok(safe.severity >= 800 && safe.message.length > 0);
        await until("the same from the station", () => named(station.events, "Tripped"));
        await operator.call("mps_conveyor/motor/setDirection", [DataType.Int32, 1]);
        await until("CommandRefused", () => named(all.events, "CommandRefused"));
        await operator.call("mps_simulation/turn", [DataType.String, "emergency_stop"], [DataType.Boolean, false]);
        await until("reset", async () => (await operator.call("mps_plc/reset")).status === "Good");
        await until("SafeStateLeft", () => named(all.events, "SafeStateLeft"));
        await all.end();
        await station.end();
        const types = await references(`ns=${ns};s=StationEventType`, "HasSubtype");
        assert.ok(types.length > 10);
        const raised = await references(`ns=${ns};s=PneumaticCylinderType`, "GeneratesEvent");
        assert.deepEqual(raised.map((one) => one.browseName.name), ["PositionTimeoutEventType"]);
    });

    async function listen(nodeId, type) {
        const subscription = ClientSubscription.create(viewer.session, {
            requestedPublishingInterval: 20, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 50, publishingEnabled: true,
        });
        const fields = ["EventType", "SourceNode", "SourceName", "Severity", "Message"];
        assert.equal(type, "BaseEventType");
        const item = ClientMonitoredItem.create(subscription, { nodeId, attributeId: AttributeIds.EventNotifier },
            { samplingInterval: 0, queueSize: 100, discardOldest: true, filter: constructEventFilter(fields) }, TimestampsToReturn.Both);
        const events = [];
        item.on("changed", ([eventType, sourceNode, , severity, message]) => events.push({
            type: eventType.value.toString(), source: sourceNode.value.toString(), severity: severity.value, message: message.value.text,
        }));
        await new Promise((resolve, reject) => { item.on("initialized", resolve); item.on("err", reject); });
        return { events, end: () => subscription.terminate() };
    }

    // ---- history

    proves("what a variable was can be read, page by page, forwards and backwards [opcua-6.1] [opcua-6.3]", async () => {
        const nodeId = await viewer.node("mps_plc/Clock");
        await until("some history", async () => (await history({ nodeId, startTime: new Date(1e12), endTime: new Date() })).values.length > 8);
        const endTime = new Date();
        const whole = await history({ nodeId, startTime: new Date(1e12), endTime });
        assert.equal(whole.status, "Good");
        for (let i = 1; i < whole.values.length; i++) assert.ok(whole.values[i].sourceTimestamp >= whole.values[i - 1].sourceTimestamp);
        const paged = [];
        for (let from; ;) {
            const page = await history({ nodeId, startTime: new Date(1e12), endTime, numValuesPerNode: 3, continuationPoint: from });
            assert.ok(page.values.length <= 3);
            paged.push(...page.values);
            from = page.continuationPoint;
            if (!from?.length) break;
        }
        const clocks = (values) => values.map((one) => one.value.value);
        assert.deepEqual(clocks(paged), clocks(whole.values));
        const back = [];
        for (let from; ;) {
            const page = await history({ nodeId, startTime: endTime, endTime: new Date(1e12), numValuesPerNode: 4, continuationPoint: from });
            back.push(...page.values);
            from = page.continuationPoint;
            if (!from?.length) break;
        }
        assert.deepEqual(clocks(back), clocks(whole.values).reverse());
    });

    proves("a bound that does not exist is said not to, and nothing is no data [opcua-6.3]", async () => {
        const nodeId = await viewer.node("mps_plc/State");
        const bounded = await history({ nodeId, startTime: new Date(1e12), endTime: new Date(), returnBounds: true });
        assert.equal(bounded.values[0].statusCode.name, "BadBoundNotFound");
        assert.equal(bounded.values.at(-1).statusCode.name, "BadBoundNotFound");
        assert.equal(bounded.values.at(-2).value.value, "run");
        const none = await history({ nodeId, startTime: new Date(1e12), endTime: new Date(1e12 + 1000) });
        assert.deepEqual([none.status, none.values.length], ["GoodNoData", 0]);
    });

    proves("what is no history is refused [opcua-6.3]", async () => {
        const status = async (request) => (await history(request)).status;
        const span = { startTime: new Date(1e12), endTime: new Date() };
        const nodeId = await viewer.node("mps_plc/State");
        assert.equal(await status({ ...span, nodeId: await viewer.node("mps_plc") }), "BadHistoryOperationUnsupported");
        assert.equal(await status({ ...span, nodeId: await viewer.node("mps_plc/ID") }), "BadHistoryOperationUnsupported");
        assert.equal(await status({ ...span, nodeId: await viewer.node("mps_conveyor/motor/setDirection") }), "BadHistoryOperationUnsupported");
        assert.equal(await status({ ...span, nodeId: await viewer.node("nowhere") }), "BadNodeIdUnknown");
        assert.equal(await status({ startTime: new Date(1e12), nodeId }), "BadHistoryOperationInvalid");
        for (const garbage of [Buffer.from("x"), Buffer.alloc(16, 0xff), Buffer.alloc(1000, 7)])
            assert.equal(await status({ ...span, nodeId, continuationPoint: garbage }), "BadContinuationPointInvalid");
    });

    async function history({ nodeId, continuationPoint, ...details }) {
        const response = await viewer.session.historyRead(new HistoryReadRequest({
            nodesToRead: [{ nodeId, continuationPoint }],
            historyReadDetails: new ReadRawModifiedDetails({ isReadModified: false, numValuesPerNode: 0, returnBounds: false, ...details }),
            timestampsToReturn: TimestampsToReturn.Source,
            releaseContinuationPoints: false,
        }));
        const [result] = response.results;
        return { status: result.statusCode.name, values: result.historyData?.dataValues ?? [], continuationPoint: result.continuationPoint };
    }

    // ---- audit

    proves("who did what is in the audit log, and only its owner may read it [opcua-7.1]", async () => {
        const file = path.join(plant.data, "edge", "audit.log");
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        await operator.call("mps_conveyor/motor/setDirection", [DataType.Int32, 1]);
        const lines = fs.readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
        const call = lines.findLast((line) => line.object === "MPS/mps_conveyor/motor/setDirection(1)");
        assert.deepEqual([call.user, call.role, call.action, call.outcome], ["operator", "operator", "call", "BadUserAccessDenied"]);
        assert.ok(Math.abs(Date.now() - Date.parse(call.time)) < 60_000);
        assert.ok(lines.some((line) => line.action === "session opened" && line.user === "gateway"));
        assert.ok(lines.some((line) => line.action === "LockGranted" && line.user === "gateway"));
    });
});
