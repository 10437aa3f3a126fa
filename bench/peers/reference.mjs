// The reference: a gateway of node-opcua and mqtt.js, as one writes it. It monitors variables of a thing and sends each
// change as an update of a twin, with the token that carries its source time. A process of its own, asked by messages.
import { createRequire } from "node:module";
import { OpcuaClients } from "../../tests/system/support/opcua.mjs";
import { credentials } from "../../tests/system/support/mqtt.mjs";
import { nested } from "../../tests/system/support/mps.mjs";

const require = createRequire(new URL("../../tests/package.json", import.meta.url));
const mqtt = require("mqtt");
const { ClientSubscription, ClientMonitoredItem, TimestampsToReturn, AttributeIds } = require("node-opcua-client");

const { connect, folder, thing, paths, twin } = JSON.parse(process.argv[2]);
const clients = new OpcuaClients(connect.opcua, folder);
const device = await mqtt.connectAsync(connect.mqtt.url, { ...credentials(connect.mqtt, thing), clientId: `${thing}-reference` });
device.stream.setNoDelay?.(true);
const session = await clients.session("operator", { transportTimeout: 60_000 });

/// Microseconds since 1970: OPC UA counts 100 ns, JavaScript's Date milliseconds.
const microseconds = (data) => data.sourceTimestamp.getTime() * 1000 + Math.round((data.sourcePicoseconds ?? 0) / 1e6) % 1000;

async function monitor({ sampling, publishing }) {
    const subscription = ClientSubscription.create(session.session, {
        requestedPublishingInterval: publishing, requestedLifetimeCount: 10_000, requestedMaxKeepAliveCount: 500,
        maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 10,
    });
    await new Promise((resolve) => subscription.once("started", resolve));
    for (const path of paths) {
        const item = ClientMonitoredItem.create(subscription,
            { nodeId: await session.node(`${thing}/${path}`), attributeId: AttributeIds.Value },
            { samplingInterval: sampling, discardOldest: true, queueSize: 10 }, TimestampsToReturn.Source);
        item.on("changed", (data) => device.publish(`${twin}/update`, JSON.stringify({
            state: { reported: nested(path, data.value.value) }, clientToken: `c:${microseconds(data)}`,
        }), { qos: 0 }));
        await new Promise((resolve) => item.once("initialized", resolve));
    }
    return subscription;
}

let subscription = null;
process.on("message", async (parameters) => {
    await subscription?.terminate();
    subscription = parameters === null ? null : await monitor(parameters);
    process.send("done");
});
process.on("disconnect", () => process.exit(0));
process.send("done");
