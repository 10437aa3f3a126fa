// The name and the pin of one sensor are changed in plant.aml, and the plant is started again. Nothing else is edited.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import { at, withoutFunctions } from "./support/mps.mjs";
import { OpcuaClients } from "./support/opcua.mjs";
import { copyOfPlant, edit, temporaryFolder, withPlant } from "./support/plant.mjs";
import { splc } from "./support/splc.mjs";
import { until } from "./support/until.mjs";

const OLD = { name: "sensor_inductive", channel: "I_4", channelId: "483104ee-4ff1-5c32-a250-a08c52f7b810" };
const NEW = { name: "sensor_metal", channel: "I_16", channelId: "e2133e10-2faf-5f87-a20d-64e5875f628b", address: "12.7" };

/// What every part of the plant says of the sensor.
async function seen(plant, folder) {
    const clients = new OpcuaClients(plant.connect.opcua, plant.folder);
    const session = await clients.session("viewer");
    const children = await session.children(await session.node("mps_ejector"));
    const wire = async (channel) => (await session.value(`mps_plc/RevPiDI/${channel}/Name`)) ?? "";
    const opcua = { nodes: children.map((child) => child.name), wires: { [OLD.channel]: await wire(OLD.channel), [NEW.channel]: await wire(NEW.channel) } };
    await clients.closeAll();
    const twin = await plant.reported("mps_ejector");
    const { body } = await plant.http("/v1/plant");
    const modules = body.things.find((thing) => thing.name === "mps_ejector").modules;
    const text = async (format) => (await splc(["model", "export", folder, "--format", format])).stdout;
    return {
        opcua, twin, modules, openapi: await text("openapi"), page: await text("html"), picture: await text("svg"),
        list: parse(await text("io-csv"), { columns: true }),
    };
}

test("a sensor that is renamed and wired to another pin is so everywhere after a restart", { timeout: 120_000 }, async (t) => {
    const place = temporaryFolder();
    t.after(() => fs.rmSync(place, { recursive: true, force: true }));
    const folder = copyOfPlant(place, withoutFunctions);
    const data = path.join(place, "data");
    const model = path.join(folder, "plant.aml");

    const before = await withPlant({ plant: folder, data }, (plant) => seen(plant, folder));
    assert.ok(before.opcua.nodes.includes(OLD.name));
    assert.equal(typeof at(before.twin, `${OLD.name}/state`), "boolean");

    edit(model, `Name="${OLD.name}"`, `Name="${NEW.name}"`);
    edit(model, new RegExp(`(RefPartnerSideA="d64db998[^"]*" RefPartnerSideB=")${OLD.channelId}`), `$1${NEW.channelId}`);

    const after = await withPlant({ plant: folder, data }, async (plant) => {
        await until("the old leaf to leave the twin", async () => at(await plant.reported("mps_ejector"), OLD.name) === undefined);
        return seen(plant, folder);
    });

    assert.ok(after.opcua.nodes.includes(NEW.name) && !after.opcua.nodes.includes(OLD.name), "OPC UA");
    assert.deepEqual(after.opcua.wires, { [OLD.channel]: "", [NEW.channel]: `mps_ejector/${NEW.name}/state` }, "pin table");
    assert.equal(typeof at(after.twin, `${NEW.name}/state`), "boolean", "twin");
    assert.equal(at(after.twin, OLD.name), undefined, "twin");

    const module = after.modules.find((one) => one.name === NEW.name);
    assert.equal(module?.signals[0].channel, NEW.channel, "console");
    assert.ok(!after.modules.some((one) => one.name === OLD.name), "console");

    const api = JSON.parse(after.openapi);
    const reported = api.components.schemas["mps_ejector.twin"].properties.state.properties.reported.properties;
    assert.ok(NEW.name in reported && !(OLD.name in reported), "OpenAPI");
    assert.ok(after.openapi.includes(`${NEW.name}/getState`) && !after.openapi.includes(OLD.name), "OpenAPI");

    for (const [what, document] of [["documentation", after.page], ["picture", after.picture]]) {
        assert.ok(document.includes(NEW.name) && !document.includes(OLD.name), what);
    }
    const row = after.list.find((one) => one.Module === NEW.name);
    assert.deepEqual([row.Channel, row.Address], [NEW.channel, NEW.address], "I/O list");
});
