// One model, everything else generated: what `splc model export` writes, held against the plant that runs, each with a
// program that was not made by us.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { parse } from "csv-parse/sync";
import { AddressSpace, PseudoSession } from "node-opcua-address-space";
import { generateAddressSpace } from "node-opcua-address-space/nodeJS.js";
import { nodesets } from "node-opcua-nodesets";
import { addressSpace } from "./support/address-space.mjs";
import { NAMESPACE, signalPaths, STATION, unattended } from "./support/mps.mjs";
import { OpcuaClients } from "./support/opcua.mjs";
import { BIN, CHECKOUT, MPS, plantSuite, temporaryFolder, THINGS } from "./support/plant.mjs";
import { splc } from "./support/splc.mjs";
import { until } from "./support/until.mjs";

const aas = createRequire(import.meta.url)("@aas-core-works/aas-core3.0-typescript"); // its ES modules name files that Node.js does not find
const MIXER = path.join(CHECKOUT, "plants/mixer");
const NODE_MODULES = path.join(CHECKOUT, "tests/node_modules");

/// The document, as it comes from the command.
async function exported(format, plant = MPS, ...args) {
    const { status, stdout, stderr } = await splc(["model", "export", plant, "--format", format, ...args]);
    assert.equal(status, 0, stderr);
    return stdout;
}

/// In a file; removed at the end of the test.
async function exportedFile(t, format, plant = MPS, ...args) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, `plant.${format}`);
    await exported(format, plant, "-o", file, ...args);
    return file;
}

/// The parts of a package; python's zip reader knows nothing of ours.
async function unpacked(t, plant = MPS, ...args) {
    const file = await exportedFile(t, "aasx", plant, ...args);
    const folder = path.join(path.dirname(file), "unpacked");
    execFileSync("python3", ["-m", "zipfile", "-e", file, folder]);
    return { folder, environment: JSON.parse(fs.readFileSync(path.join(folder, "aasx/data.json"), "utf8")) };
}

/// {submodel idShort: {path of idShorts: element}}
function elementsOf(environment) {
    const walk = (list, before, into) => {
        for (const element of list) {
            into[[...before, element.idShort].join("/")] = element;
            if (element.modelType === "SubmodelElementCollection") walk(element.value, [...before, element.idShort], into);
        }
        return into;
    };
    return Object.fromEntries(environment.submodels.map((submodel) => [submodel.idShort, walk(submodel.submodelElements, [], {})]));
}

function ajv() {
    return new Ajv({ allErrors: true, strictTuples: false });
}

// ---------------------------------------------------------------- without a plant

test("the NodeSet of each plant is valid against the schema of OPC UA", async (t) => {
    for (const plant of [MPS, MIXER]) {
        const file = await exportedFile(t, "nodeset2", plant, "--simulated");
        execFileSync("xmllint", ["--noout", "--schema", path.join(NODE_MODULES, "node-opcua-nodesets/nodesets/UANodeSet.xsd"), file],
            { stdio: "pipe" });
    }
});

test("the NodeSet of the mixer loads in node-opcua, with units and ranges", async (t) => {
    const file = await exportedFile(t, "nodeset2", MIXER);
    const space = AddressSpace.create();
    t.after(() => space.dispose());
    await generateAddressSpace(space, [nodesets.standard, nodesets.di, nodesets.ia, nodesets.machinery, file]);
    const index = space.getNamespaceIndex("urn:serverless-plc:plant:mixer");
    const level = space.findNode(`ns=${index};s=MIXER/mixer_vessel/level/value`);
    assert.deepEqual([level.euRange.readValue().value.value.high, level.engineeringUnits.readValue().value.value.displayName.text], [60, "l"]);
});

for (const [plant, method] of [[MPS, /mps_conveyor\/motor\/setDirection/], [MIXER, /mixer_vessel\/outlet\/setOpen/]])
    test(`the NodeSet of ${path.basename(plant)} goes through the nodeset compiler of open62541`, async (t) => {
        const tools = "/usr/share/open62541";
        const compiler = path.join(tools, "nodeset_compiler/nodeset_compiler.py");
        if (!fs.existsSync(compiler)) return t.skip("libopen62541-1.4-tools is not installed");
        const file = await exportedFile(t, "nodeset2", plant);
        const out = path.join(path.dirname(file), "plant");
        const standards = [path.join(tools, "schema/Opc.Ua.NodeSet2.xml"), nodesets.di, nodesets.ia, nodesets.machinery];
        execFileSync("python3", [compiler, "--internal-headers", ...standards.flatMap((one) => ["--existing", one]), "--xml", file, out],
            { stdio: "pipe" });
        assert.match(fs.readFileSync(`${out}.c`, "utf8"), method);
    });

test("the I/O list has every channel once, wired to the signal that the plant names", async () => {
    const rows = parse(await exported("io-csv"), { columns: true });
    const wired = rows.filter((row) => row.Signal !== "").map((row) => `${row.Thing}/${row.Module}/${row.TwinPath}`);
    assert.deepEqual(wired.sort(), [...signalPaths].sort());
    assert.equal(new Set(rows.map((row) => `${row.Direction} ${row.Address}`)).size, rows.length);
    const beam = rows.find((row) => row.Channel === "I_9");
    assert.deepEqual([beam.Address, beam.Direction, beam.Module, beam.Designation], ["12.0", "input", "lightBarrier_entry", "1B1"]);
    assert.equal(rows.find((row) => row.Channel === "I_16").Signal, "");
});

test("the OpenAPI description is valid", async () => {
    const result = await new Validator().validate(JSON.parse(await exported("openapi")));
    assert.ok(result.valid, JSON.stringify(result.errors));
});

test("picture and page are well-formed, load nothing and run nothing", async () => {
    const picture = await exported("svg");
    const page = await exported("html");
    for (const text of [picture, page.replace("<!DOCTYPE html>", "")]) execFileSync("xmllint", ["--noout", "--nonet", "-"], { input: text });
    for (const text of [picture, page]) assert.doesNotMatch(text, /<script|href="http|src=|url\(http|@import/);
    for (const one of signalPaths) assert.ok(page.includes(`<code>${one}</code>`), `${one} among the wires`);
});

test("the Asset Administration Shell keeps the metamodel with its constraints, and says who made the station", async (t) => {
    const { environment } = await unpacked(t, MPS, "--simulated");
    const read = aas.jsonization.environmentFromJsonable(environment);
    assert.equal(read.error, null, read.error?.message);
    const found = [...aas.verification.verify(read.mustValue(), true)].map((error) => `${error.path}: ${error.message}`);
    assert.deepEqual(found, []);
    const { Nameplate, TechnicalData } = elementsOf(environment);
    assert.equal(Nameplate.ManufacturerName.value[0].text, "Festo Didactic");
    const motor = Object.entries(TechnicalData).find(([, element]) => element.idShort === "Path" && element.value === "mps_conveyor/motor");
    assert.equal(motor[0], "TechnicalProperties/mps_conveyor/Modules/motor/Path");
    const speed = TechnicalData[motor[0].replace(/Path$/, "NominalSpeed")];
    assert.deepEqual([speed.valueType, speed.value, speed.qualifiers[0].value], ["xs:double", "0.077", "m/s"]);
});

test("the package leads from its origin to the environment and to every file, as the Open Packaging Conventions want", async (t) => {
    const { folder, environment } = await unpacked(t);
    const targets = (file) => [...fs.readFileSync(path.join(folder, file), "utf8").matchAll(/Type="[^"]*\/([a-z-]+)" Target="([^"]*)"/g)];
    const [[, originType, origin]] = targets("_rels/.rels");
    const [[, specType, spec]] = targets("aasx/_rels/aasx-origin.rels");
    assert.deepEqual([originType, origin, specType, spec], ["aasx-origin", "/aasx/aasx-origin", "aas-spec", "/aasx/data.json"]);
    const supplements = targets("aasx/_rels/data.json.rels").map(([, , target]) => target).sort();
    const files = Object.values(elementsOf(environment).Documentation).map((element) => element.value).sort();
    assert.deepEqual(files, supplements);
    for (const file of [origin, spec, ...supplements]) assert.ok(fs.existsSync(path.join(folder, file)), file);
    const types = fs.readFileSync(path.join(folder, "[Content_Types].xml"), "utf8");
    for (const file of supplements) assert.ok(types.includes(`Extension="${file.split(".").at(-1)}"`), file);
});

test("elements of the shell are called as in the model, without numbers", async (t) => {
    for (const plant of [MPS, MIXER]) {
        const { environment } = await unpacked(t, plant);
        const names = Object.values(elementsOf(environment)).flatMap((elements) => Object.values(elements).map((element) => element.idShort));
        assert.ok(names.length > 200, `${names.length} elements`);
        for (const name of names) assert.match(name, /^[A-Za-z][A-Za-z0-9_]*$/);
        const model = fs.readFileSync(path.join(plant, "plant.aml"), "utf8");
        for (const name of names) if (/_\d+$/.test(name)) assert.ok(model.includes(`"${name}"`), `${name} is numbered`);
    }
});

test("what cannot be written to standard output is no success, of any verb", async () => {
    for (const words of [["show", MPS], ["check", MPS], ["check", "--json", MPS], ["export", MPS, "--format", "html"], ["diff", MPS, MPS],
        ["generate", "--points", "100"], ["convert", `${MPS}/plant.aml`], ["inspect", `${MPS}/plant.aml`], ["check", "--help"], ["--help"]]) {
        const full = fs.openSync("/dev/full", "w");
        const { status, stderr } = spawnSync(path.join(BIN, "splc"), ["model", ...words], { stdio: ["ignore", full, "pipe"], encoding: "utf8" });
        fs.closeSync(full);
        assert.equal(status, 1, words.join(" "));
        assert.match(stderr, /standard output/, words.join(" "));
    }
});

test("with --json a file that cannot be read is told as JSON", async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const list = path.join(folder, "tags.csv");
    fs.writeFileSync(list, "Name;Address\nx;%I0.9\n");
    for (const [words, place, line] of [[["check", "/nowhere"], "/nowhere/plant.aml", 0], [["import", "/nowhere"], "/nowhere", 0],
        [["inspect", "/nowhere"], "/nowhere", 0], [["import", list], list, 2], [["inspect", list], list, 1]]) {
        const { status, stdout, stderr } = await splc(["model", ...words, "--json"]);
        assert.equal(status, 1, words.join(" "));
        assert.equal(stderr, "", words.join(" "));
        const { file, ok, findings } = JSON.parse(stdout);
        assert.deepEqual([file, ok, findings[0].severity, findings[0].line], [place, false, "error", line], words.join(" "));
    }
});

test("import lists what is in a file, and writes the plant of it; as text and as JSON", async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const list = path.join(folder, "tags.csv"), made = path.join(folder, "press.aml");
    fs.writeFileSync(list, "Name;Type;Address;Unit;Low;High;Raw Low;Raw High\nlevel;Int;%IW64;l;0;200;0;27648\nlamp;Bool;%Q0.3\n");
    const listed = await splc(["model", "import", list]);
    assert.match(listed.stdout, /^input +16 bits 64 +level\noutput +1 bit +0\.3 +lamp\n2 tags; /);
    const { tags } = JSON.parse((await splc(["model", "import", list, "--json"])).stdout);
    assert.deepEqual(tags.map(({ name, bits, unit }) => [name, bits, unit]), [["level", 16, "l"], ["lamp", 1, ""]]);
    const plant = await splc(["model", "import", list, "--libraries", MIXER, "--station", "Press", "--output", made, "--json"]);
    assert.equal(plant.status, 0, plant.stderr);
    assert.deepEqual([JSON.parse(plant.stdout).ok, JSON.parse(plant.stdout).signals], [true, 2]);
    const rows = parse(await exported("io-csv", made), { columns: true });
    assert.deepEqual(rows.map((row) => [row.Module, row.Type, row.Unit, row.Low, row.High, row.Bits]),
        [["level", "Double", "l", "0", "200", "16"], ["lamp", "Boolean", "", "", "", "1"]]);
    const mixed = await splc(["model", "import", list, "--libraries", MIXER, "--json"]);
    assert.equal(mixed.status, 2);
    assert.match(mixed.stderr, /--output/);
});

test("every verb that writes a document takes --output FILE and -o FILE", async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const list = path.join(folder, "tags.csv");
    fs.writeFileSync(list, "Name;Address\nx;%I0.1\n");
    for (const words of [["export", MPS, "--format", "io-csv"], ["convert", `${MPS}/plant.aml`], ["generate", "--points", "32"],
        ["import", list, "--libraries", MPS]]) {
        const files = ["--output", "-o"].map((option) => [option, path.join(folder, `out${option}`)]);
        for (const [option, file] of files) assert.equal((await splc(["model", ...words, option, file])).status, 0, `${words[0]} ${option}`);
        const [one, other] = files.map(([, file]) => fs.readFileSync(file, "utf8"));
        assert.ok(one.length > 100 && one === other, words[0]);
        assert.match((await splc(["model", words[0], "--help"])).stdout, /--output FILE.*standard output\n +-o FILE/);
    }
});

test("an unknown format is refused with the list of formats, and a mistyped one with a hint", async () => {
    const unknown = await splc(["model", "export", MPS, "--format", "visio"]);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /no format "visio".*nodeset2, jsonschema, openapi, io-csv/);
    const near = await splc(["model", "export", MPS, "--format", "nodeset"]);
    assert.match(near.stderr, /did you mean nodeset2/);
    const none = await splc(["model", "export", MPS]);
    assert.match(none.stderr, /--format takes nodeset2/);
});

test("a plant that is not there, and one with errors, are refused with the place and the remedy", async (t) => {
    const absent = await splc(["model", "export", "/nowhere", "--format", "io-csv"]);
    assert.equal(absent.status, 1);
    assert.match(absent.stderr, /nowhere/);
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const broken = path.join(folder, "broken.aml");
    fs.writeFileSync(broken, fs.readFileSync(path.join(MPS, "plant.aml"), "utf8").replaceAll("SplcSystemUnitClassLib/Motor\"", "SplcSystemUnitClassLib/Moter\""));
    const refused = await splc(["model", "show", broken]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /broken\.aml:\d+: .*splc model check/);
    assert.match((await splc(["model", "check", broken])).stdout, /broken\.aml:\d+: error: .*did you mean 'Motor'/);
});

test("show names every signal with its pin, for people and as JSON", async () => {
    const text = (await splc(["model", "show", MPS])).stdout;
    assert.match(text, /lightBarrier_entry\/state +Boolean +input +mps_plc\/RevPiDI\/I_9 12\.0/);
    const { things } = JSON.parse((await splc(["model", "show", MPS, "--json"])).stdout);
    const paths = things.flatMap((thing) => thing.values.filter((value) => value.kind !== "variable").map((value) => `${thing.name}/${value.path}`));
    assert.deepEqual(paths.sort(), [...signalPaths].sort());
});

test("diff says what differs, what that means and why, and its exit status is the verdict", async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const original = fs.readFileSync(path.join(MPS, "plant.aml"), "utf8");
    const edited = (name, ...changes) => {
        const file = path.join(folder, `${name}.aml`);
        fs.writeFileSync(file, changes.reduce((text, [find, put]) => text.replace(find, put), original));
        return file;
    };
    const diff = (file, ...args) => splc(["model", "diff", MPS, file, ...args]);

    const same = await diff(edited("same"));
    assert.deepEqual([same.status, same.stdout], [0, "compatible: nothing differs\n"]);
    const words = await diff(edited("words", ["<Value>Belt motor</Value>", "<Value>Drive</Value>"]));
    assert.equal(words.status, 0);
    assert.match(words.stdout, /^compatible: MPS\/mps_conveyor\/motor\/DisplayName: .*"Belt motor" became "Drive"/);
    const moved = ["483104ee-4ff1-5c32-a250-a08c52f7b810\">", "e2133e10-2faf-5f87-a20d-64e5875f628b\">"];
    const pin = await diff(edited("pin", moved));
    assert.equal(pin.status, 3);
    assert.match(pin.stdout, /^needs a stop: .*sensor_inductive\/state: .*I_4 became RevPiDI\/I_16: the wire has to be moved/);
    const renamed = await diff(edited("renamed", ['Name="sensor_inductive"', 'Name="sensor_metal"'], moved), "--json");
    assert.equal(renamed.status, 4);
    const { verdict, differences } = JSON.parse(renamed.stdout);
    assert.equal(verdict, "breaking");
    assert.deepEqual(differences.map((one) => [one.rule, one.verdict]), [["renamed", "breaking"], ["wire", "needs a stop"]]);
    assert.equal((await diff("/nowhere")).status, 1);
    assert.equal((await splc(["model", "diff", MPS])).status, 2);
});

// ---------------------------------------------------------------- beside the plant

plantSuite("what is generated, and the plant that runs", { change: unattended }, (proves, plant) => {
    let clients;
    plant.prepare = () => {
        clients = new OpcuaClients(plant.connect.opcua, plant.folder);
    };
    plant.finish = () => clients?.closeAll();

    proves("the NodeSet is the address space of the edge, node by node [opcua-2.1] to [opcua-2.6]", async () => {
        const file = path.join(plant.folder, "plant.NodeSet2.xml");
        const text = await exported("nodeset2", MPS, "--simulated");
        // node-opcua keeps one display name of a node, the last; a session that asks for no language gets English.
        const english = text.replaceAll(/ *<DisplayName Locale="de">.*<\/DisplayName>\n/g, "");
        assert.notEqual(english, text);
        fs.writeFileSync(file, english);
        const space = AddressSpace.create();
        await generateAddressSpace(space, [nodesets.standard, nodesets.di, nodesets.ia, nodesets.machinery, file]);
        const fromFile = await addressSpace(new PseudoSession(space), space.getNamespaceArray().map((one) => one.namespaceUri), STATION);
        space.dispose();
        const { session } = await clients.session("viewer");
        const live = await addressSpace(session, await session.readNamespaceArray(), STATION);
        assert.ok(live.size > 400, `${live.size} nodes`);
        assert.deepEqual([...live.keys()].filter((id) => !fromFile.has(id)), [], "the server has more");
        assert.deepEqual([...fromFile.keys()].filter((id) => !live.has(id)), [], "the NodeSet has more");
        for (const [id, node] of live) assert.deepEqual(fromFile.get(id), node, id);
        assert.ok(live.has(`${NAMESPACE}|MPS/mps_conveyor/motor/direction/left/state`));
    });

    proves("the twins of the running plant are valid against their schemas, and wrong ones are not", async () => {
        const schema = JSON.parse(await exported("jsonschema", MPS, "--simulated"));
        const validator = ajv().addSchema(schema);
        const of = (thing) => validator.compile({ $ref: `${schema.$id}#/$defs/${thing}` });
        await plant.call("mps_simulation", "refill");
        for (const thing of THINGS) {
            const twin = await plant.twin(thing);
            const valid = of(thing);
            assert.ok(valid(twin), `${thing}: ${JSON.stringify(valid.errors)}`);
            assert.ok(!valid({ ...twin, version: "1" }), "a version that is a text");
            assert.ok(!valid({ ...twin, state: { reported: { nothing: { state: true } } } }), "a value that is not in the model");
        }
        const conveyor = of("mps_conveyor");
        const wish = (desired) => conveyor({ state: { desired }, version: 1 });
        const report = (reported) => conveyor({ state: { reported }, version: 1 });
        assert.ok(wish({ motor: { setDirection: [1], stop: { state: false } } }));
        assert.ok(!wish({ motor: { setDirection: [2] } }), "an argument out of range");
        assert.ok(!wish({ motor: { setDirection: [] } }), "too few arguments");
        assert.ok(!wish({ emergency_stop: { state: true } }), "nobody may wish a sensor");
        assert.ok(report({ motor: { CommandedSpeed: -0.04 } }));
        assert.ok(!report({ motor: { stop: { state: "true" } } }), "a text for a Boolean");
        assert.ok(!of("mps_plc")({ state: { reported: { State: "asleep" } }, version: 1 }), "a state that the controller has not");
    });

    proves("operational data lead to the live values, over HTTP and over OPC UA", async () => {
        const folder = path.join(plant.folder, "aasx");
        const where = ["--opcua-url", plant.connect.opcua.url, "--http-url", plant.connect.http.url];
        await exported("aasx", MPS, "--simulated", "-o", `${folder}.aasx`, ...where);
        execFileSync("python3", ["-m", "zipfile", "-e", `${folder}.aasx`, folder]);
        const elements = elementsOf(JSON.parse(fs.readFileSync(path.join(folder, "aasx/data.json"), "utf8")));
        const interfaces = elements.AssetInterfacesDescription;
        const { session } = await clients.session("viewer");
        const twins = new Map();
        let checked = 0;
        for (const element of Object.values(elements.OperationalData)) {
            if (element.modelType !== "ReferenceElement") continue;
            const [submodel, ...keys] = element.value.keys.map((key) => key.value);
            assert.ok(submodel.endsWith(":aas:interfaces"));
            const at = keys.join("/");
            const [base, href, key] = [`${keys[0]}/EndpointMetadata/base`, `${at}/forms/href`, `${at}/key`].map((one) => interfaces[one].value);
            if (element.idShort === "OverHTTP") {
                if (!twins.has(href)) twins.set(href, await (await fetch(base + href, { headers: { authorization: `Bearer ${plant.token()}` } })).json());
                assert.ok(key.split("/").reduce((node, name) => node?.[name], twins.get(href)) !== undefined, `${href} ${key}`);
            } else {
                assert.equal(base, plant.connect.opcua.url);
                const [, uri, identifier] = href.match(/^\/\?id=nsu=([^;]*);s=(.*)$/);
                const index = (await session.readNamespaceArray()).indexOf(uri);
                const value = await session.read({ nodeId: `ns=${index};s=${identifier}`, attributeId: 13 });
                assert.ok(value.statusCode.isGood(), `${identifier}: ${value.statusCode}`);
            }
            checked++;
        }
        assert.ok(checked > 100, `${checked} references`);
    });

    proves("every call of the OpenAPI description is answered, as it says", async () => {
        const description = JSON.parse(await exported("openapi", MPS, "--simulated"));
        const validator = ajv();
        validator.addKeyword({ keyword: "components", schemaType: "object" });
        validator.addSchema({ $id: "https://openapi.invalid/", components: description.components });
        const check = (response, operation, what) => {
            const answer = operation.responses[response.status];
            assert.ok(answer, `${what}: ${response.status} is not described`);
            const schema = answer.content?.["application/json"]?.schema;
            if (!schema) return;
            const resolved = JSON.parse(JSON.stringify(schema).replaceAll("#/components", "https://openapi.invalid/#/components"));
            const valid = validator.compile(resolved);
            assert.ok(valid(response.body), `${what}: ${JSON.stringify(valid.errors)}`);
        };
        let calls = 0;
        for (const [where, item] of Object.entries(description.paths)) {
            for (const [method, operation] of Object.entries(item)) {
                if (!operation.responses || where === "/v1/events") continue;
                const what = `${method} ${where}`;
                check(await plant.http(...harmless(method, where, operation, description)), operation, what);
                calls++;
            }
        }
        assert.ok(calls > 45, `${calls} calls`);
        const events = await fetch(`${plant.connect.http.url}/v1/events`, { headers: { authorization: `Bearer ${plant.token()}` } });
        assert.equal(events.headers.get("content-type").split(";")[0], "text/event-stream");
        await events.body.cancel();
    });

    proves("the OpenAPI description has every route of the api with its methods, and no other", async () => {
        const { paths } = JSON.parse(await exported("openapi", MPS, "--simulated"));
        for (const [where, item] of Object.entries(paths)) {
            if (where === "/") continue; // a page, beside others that it loads
            const refused = await plant.http(filled(where), { method: "PATCH" });
            const methods = Object.keys(item).filter((method) => method !== "parameters").map((method) => method.toUpperCase());
            assert.equal(refused.status, 405, where);
            assert.deepEqual(methods.sort(), refused.headers.get("allow").split(", ").sort(), where);
        }
        const served = ["services/api/src/routes.c", "services/api/src/publish.c", "services/dataplane/src/dataplane.c"].flatMap((file) =>
            [...fs.readFileSync(path.join(CHECKOUT, file), "utf8").matchAll(/[{] ?"(\/[A-Za-z0-9/]+)"/g)].map(([, literal]) => literal));
        assert.ok(served.length >= 10, `${served.length} routes`);
        for (const literal of served) assert.ok(Object.keys(paths).some((where) => where.includes(literal)), `${literal} is served, but not described`);
    });
});

/// A path with something in its places.
function filled(where) {
    return where.replace("{thing}", "nothing").replace("{topic}", "test%2Fopenapi").replace("{executionId}", "none");
}

/// Arguments of plant.http for a call that changes nothing: reads, an empty wish, a question, a delete of what is not there.
function harmless(method, template, operation, description) {
    const where = filled(template);
    if (method === "get") return [where];
    if (method === "delete") return [`${where}?name=nothing`, { method: "DELETE" }];
    if (where.endsWith("/shadow")) return [where, { method: "POST", body: { state: { desired: {} } } }];
    if (where.startsWith("/topics/")) return [where, { method: "POST", body: "nobody listens" }];
    const schema = description.components.schemas[operation.requestBody.content["application/json"].schema.$ref.split("/").at(-1)];
    const question = schema.oneOf.find((one) => one.properties.arguments.maxItems === 0) ?? schema.oneOf[0];
    return [where, { method: "POST", body: { method: question.properties.method.const, arguments: [] } }];
}
