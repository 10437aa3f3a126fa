// Functions as AWS's own client manages them: the stock SDK against the plant's Lambda interface.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {
    CreateAliasCommand, CreateEventSourceMappingCommand, CreateFunctionCommand, CreateFunctionUrlConfigCommand,
   
    DeleteAliasCommand, DeleteEventSourceMappingCommand, DeleteFunctionCommand, DeleteFunctionConcurrencyCommand,
    DeleteFunctionUrlConfigCommand, GetFunctionUrlConfigCommand,
    GetAliasCommand, GetEventSourceMappingCommand, GetFunctionCommand,
    GetFunctionConcurrencyCommand, GetFunctionConfigurationCommand, InvokeCommand,
    LambdaClient, ListAliasesCommand, ListEventSourceMappingsCommand, ListFunctionsCommand, ListVersionsByFunctionCommand,
    PublishVersionCommand, PutFunctionConcurrencyCommand, UpdateAliasCommand, UpdateEventSourceMappingCommand,
    UpdateFunctionCodeCommand, UpdateFunctionConfigurationCommand, waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { edit, plantSuite } from "./support/plant.mjs";
import { splc as runSplc } from "./support/splc.mjs";
import { zip } from "./support/zip.mjs";

const ROLE = "arn:aws:iam::000000000000:role/any";

function declaration(name, more = "") {
    return `name: ${name}\nruntime: nodejs20.x\nmemory: 512\n${more}`;
}

/// A function that answers with its version's word, its event and what it sees of its surroundings.
function speaker(word) {
    return zip({
        "index.mjs": `
            export async function handler(event, context) {
                console.log("said ${word}");
                if (event.fail) throw new TypeError("it was to fail");
                return { word: "${word}", event, version: context.functionVersion, colour: process.env.COLOUR, left: context.getRemainingTimeInMillis() };
            }`,
        "function.yaml": declaration("speaker", "canary: {errors: 2, of: 50}\n"),
    });
}

plantSuite("Functions for AWS's own client", { speed: 1 }, (proves, plant) => {
    let lambda;
    function client(credentials) {
        process.env.AWS_SHARED_CREDENTIALS_FILE = plant.connect.lambda.credentialsFile;
        return new LambdaClient({ endpoint: plant.connect.lambda.url, region: "eu-central-1", maxAttempts: 1, credentials });
    }
    const send = (command) => (lambda ??= client()).send(command);

    async function invoke(more = {}) {
        const { event, ...rest } = more;
        const answer = await send(new InvokeCommand({ FunctionName: "speaker", Payload: JSON.stringify(event ?? { n: 1 }), ...rest }));
        const text = Buffer.from(answer.Payload ?? []).toString();
        return { ...answer, payload: text === "" ? undefined : JSON.parse(text) };
    }

    proves("the plant's own function is in the list, as version 1 of the alias live", async () => {
        const { Functions } = await send(new ListFunctionsCommand({}));
        assert.deepEqual(Functions.map((one) => [one.FunctionName, one.Runtime, one.Timeout]), [["automatic", "provided.al2023", 3]]);
        assert.equal((await send(new GetAliasCommand({ FunctionName: "automatic", Name: "live" }))).FunctionVersion, "1");
    });

    proves("who does not sign with a key of the plant is refused", async () => {
        const stranger = client({ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" });
        await assert.rejects(stranger.send(new ListFunctionsCommand({})), { name: "AccessDeniedException" });
        assert.equal((await fetch(`${plant.connect.lambda.url}/2015-03-31/functions`)).status, 403);
    });

    proves("a package is created, active, invoked, and looked at", async () => {
        const package1 = speaker("one");
        const created = await send(new CreateFunctionCommand({
            FunctionName: "speaker", Runtime: "nodejs20.x", Handler: "index.handler", Role: ROLE, Timeout: 5, MemorySize: 512,
            Description: "speaks", Environment: { Variables: { COLOUR: "red" } }, Code: { ZipFile: package1 },
        }));
        assert.equal(created.CodeSha256, createHash("sha256").update(package1).digest("base64"));
        assert.deepEqual([created.Version, created.State, created.MemorySize, created.CodeSize], ["$LATEST", "Active", 512, package1.length]);
        await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 5 }, { FunctionName: "speaker" });
        const answer = await invoke({ LogType: "Tail" });
        assert.equal(answer.FunctionError, undefined, JSON.stringify(answer.payload));
        assert.deepEqual([answer.StatusCode, answer.ExecutedVersion], [200, "$LATEST"]);
        const { left, ...said } = answer.payload;
        assert.deepEqual(said, { word: "one", event: { n: 1 }, version: "$LATEST", colour: "red" });
        assert.ok(left > 0 && left <= 5000, String(left));
        assert.match(Buffer.from(answer.LogResult, "base64").toString(), /said one/);
        const seen = await send(new GetFunctionCommand({ FunctionName: created.FunctionArn }));
        assert.equal(seen.Configuration.Description, "speaks");
        assert.deepEqual(seen.Configuration.Environment.Variables, { COLOUR: "red" });
    });

    proves("an error of the function is told as Lambda tells it", async () => {
        const answer = await invoke({ event: { fail: true } });
        assert.equal(answer.FunctionError, "Unhandled");
        assert.deepEqual([answer.payload.errorType, answer.payload.errorMessage], ["TypeError", "it was to fail"]);
        assert.ok(answer.payload.trace[0].startsWith("TypeError: it was to fail"));
        await assert.rejects(send(new InvokeCommand({ FunctionName: "speaker", Payload: "{" })), { name: "InvalidRequestContentException" });
        await assert.rejects(send(new InvokeCommand({ FunctionName: "nobody" })), { name: "ResourceNotFoundException" });
    });

    proves("an event is queued, a dry run does nothing", async () => {
        assert.equal((await invoke({ InvocationType: "Event" })).StatusCode, 202);
        assert.equal((await invoke({ InvocationType: "DryRun" })).StatusCode, 204);
    });

    proves("versions never change, an alias moves at once", async () => {
        const first = await send(new PublishVersionCommand({ FunctionName: "speaker", Description: "the first" }));
        assert.deepEqual([first.Version, first.Description], ["1", "the first"]);
        await send(new CreateAliasCommand({ FunctionName: "speaker", Name: "live", FunctionVersion: "1" }));
        const updated = await send(new UpdateFunctionCodeCommand({ FunctionName: "speaker", ZipFile: speaker("two"), Publish: true }));
        assert.equal(updated.Version, "2");
        await send(new UpdateFunctionConfigurationCommand({ FunctionName: "speaker", Timeout: 7, Environment: { Variables: { COLOUR: "blue" } } }));
        assert.equal((await send(new GetFunctionConfigurationCommand({ FunctionName: "speaker", Qualifier: "1" }))).Timeout, 5);
        assert.equal((await send(new GetFunctionConfigurationCommand({ FunctionName: "speaker" }))).Timeout, 7);
        assert.equal((await invoke({ Qualifier: "live" })).payload.word, "one");
        assert.equal((await invoke({ Qualifier: "2" })).payload.word, "two");
        const moved = await send(new UpdateAliasCommand({ FunctionName: "speaker", Name: "live", FunctionVersion: "2" }));
        assert.deepEqual([(await invoke({ FunctionName: "speaker:live" })).payload.word, moved.FunctionVersion], ["two", "2"]);
        const { Versions, NextMarker } = await send(new ListVersionsByFunctionCommand({ FunctionName: "speaker", MaxItems: 2 }));
        assert.deepEqual(Versions.map(({ Version }) => Version), ["$LATEST", "1"]);
        const rest = await send(new ListVersionsByFunctionCommand({ FunctionName: "speaker", Marker: NextMarker }));
        assert.deepEqual(rest.Versions.map(({ Version }) => Version), ["2"]);
        await assert.rejects(send(new DeleteFunctionCommand({ FunctionName: "speaker", Qualifier: "2" })), { name: "ResourceConflictException" });
        await assert.rejects(send(new UpdateFunctionConfigurationCommand({ FunctionName: "speaker", Timeout: 8, RevisionId: first.RevisionId })),
            { name: "PreconditionFailedException" });
    });

    proves("a canary that fails is taken back, which the event stream tells", async () => {
        const routed = await send(new UpdateAliasCommand({
            FunctionName: "speaker", Name: "live", FunctionVersion: "1", RoutingConfig: { AdditionalVersionWeights: { 2: 0.9 } },
        }));
        assert.deepEqual(routed.RoutingConfig.AdditionalVersionWeights, { 2: 0.9 });
        await plant.until("the canary to be taken back", async () => {
            await invoke({ Qualifier: "live", event: { fail: true } });
            const alias = await send(new GetAliasCommand({ FunctionName: "speaker", Name: "live" }));
            return alias.RoutingConfig === undefined && alias.FunctionVersion === "1";
        });
        assert.equal((await send(new ListAliasesCommand({ FunctionName: "speaker" }))).Aliases.length, 1);
    });

    proves("packages that could do harm or cannot run are refused with the reason", async () => {
        const code = (files, programs) => send(new UpdateFunctionCodeCommand({ FunctionName: "speaker", ZipFile: zip(files, programs) }));
        await assert.rejects(code({ "main.mjs": "" }), { name: "InvalidParameterValueException", message: /none of 'index\.js', '\.mjs' and '\.cjs'/ });
        await assert.rejects(code({ "../index.mjs": "" }), { message: /leads upwards/ });
        await assert.rejects(code({ "index.mjs": "", "function.yaml": declaration("other") }), { message: /name: 'other', but the function is called 'speaker'/ });
        await assert.rejects(send(new CreateFunctionCommand({
            FunctionName: "python", Runtime: "python3.12", Handler: "a.b", Role: ROLE, Code: { ZipFile: zip({ "a.py": "" }) },
        })), { name: "InvalidParameterValueException", message: /does not run here/ });
        await assert.rejects(send(new CreateFunctionCommand({
            FunctionName: "speaker", Runtime: "nodejs20.x", Handler: "index.handler", Role: ROLE, Code: { ZipFile: speaker("x") },
        })), { name: "ResourceConflictException" });
        const dry = await send(new UpdateFunctionCodeCommand({ FunctionName: "speaker", ZipFile: speaker("three"), DryRun: true }));
        assert.notEqual(dry.CodeSha256, createHash("sha256").update(speaker("three")).digest("base64"));
    });

    proves("concurrency is reserved, and 0 lets nothing run", async () => {
        await send(new PutFunctionConcurrencyCommand({ FunctionName: "speaker", ReservedConcurrentExecutions: 0 }));
        await assert.rejects(invoke(), { name: "TooManyRequestsException" });
        assert.equal((await send(new GetFunctionConcurrencyCommand({ FunctionName: "speaker" }))).ReservedConcurrentExecutions, 0);
        await send(new DeleteFunctionConcurrencyCommand({ FunctionName: "speaker" }));
        assert.equal((await invoke()).StatusCode, 200);
    });

    proves("an event source mapping starts it when a twin changes", async () => {
        const arn = "arn:aws:iot:local:000000000000:thing/mapped/reported/n";
        await assert.rejects(send(new CreateEventSourceMappingCommand({ FunctionName: "speaker", EventSourceArn: "arn:aws:sqs:eu-central-1:1:q" })),
            { name: "InvalidParameterValueException" });
        const mapping = await send(new CreateEventSourceMappingCommand({ FunctionName: "speaker", EventSourceArn: arn }));
        const log = `${plant.data}/functions/speaker/log`;
        const before = fs.readFileSync(log, "utf8").length;
        let n = 0;
        await plant.until("the mapped twin to start it", async () => {
            await plant.http("/things/mapped/shadow", { method: "POST", body: { state: { reported: { n: ++n } } } });
            return fs.readFileSync(log, "utf8").slice(before).includes("said one");
        });
        const changed = await send(new UpdateEventSourceMappingCommand({ UUID: mapping.UUID, Enabled: false }));
        assert.equal(changed.EventSourceArn, arn);
        assert.equal((await send(new GetEventSourceMappingCommand({ UUID: mapping.UUID }))).State, "Disabled");
        assert.equal((await send(new ListEventSourceMappingsCommand({ FunctionName: "speaker" }))).EventSourceMappings.length, 1);
        await send(new DeleteEventSourceMappingCommand({ UUID: mapping.UUID }));
        await assert.rejects(send(new GetEventSourceMappingCommand({ UUID: mapping.UUID })), { name: "ResourceNotFoundException" });
    });

    // ---- splc function, as a newcomer types it

    const splc = (...words) => runSplc(["function", ...words, ...(words[0] === "new" ? [] : ["--data", plant.data])], { folder: plant.folder });
    async function done(...words) {
        const { status, stdout, stderr } = await splc(...words);
        assert.equal(status, 0, `splc function ${words.join(" ")}: ${stderr}`);
        return stdout;
    }
    const type = (command, ...words) => execFileSync(command, words, { cwd: plant.folder, encoding: "utf8", stdio: "pipe" });

    proves("a project in C is written, built, tested, deployed, called, looked at and rolled back", async () => {
        await done("new", "jam");
        type("make", "-C", "jam");
        assert.match(type("make", "-C", "jam", "test"), /2 tests passed/);
        assert.equal(await done("deploy", "jam"), "jam: version 1 is live\n");
        assert.equal(await done("deploy", "jam"), "jam: version 1 is live already: nothing is new\n");
        assert.deepEqual(JSON.parse(await done("invoke", "jam")), { events: 1 });
        edit(path.join(plant.folder, "jam/count.c"), "events + 1", "events + 10");
        type("make", "-C", "jam");
        assert.equal(await done("deploy", "jam"), "jam: version 2 is live\n");
        assert.deepEqual(JSON.parse(await done("invoke", "jam", '{"n":1}')), { events: 11 });
        assert.match(await done("logs", "jam"), / 2 [0-9a-f-]{36} counted: \{"events":11\}\n$/);
        assert.match(await done("show", "jam"), /\n {4}2 +live /);
        assert.equal(await done("rollback", "jam"), "jam: version 1 is live\n");
        assert.deepEqual(JSON.parse(await done("invoke", "jam")), { events: 12 });
        assert.match((await splc("rollback", "jam")).stderr, /there is no version before 1 of jam/);
        assert.deepEqual((await plant.reported("jam")), { events: 12 });
    });

    proves("a project in JavaScript, too; what is wrong is said", async () => {
        await done("new", "statistics", "--runtime", "nodejs");
        type(process.execPath, "--test", "statistics/");
        await done("deploy", "statistics");
        assert.deepEqual(JSON.parse(await done("invoke", "statistics")), { events: 1, last: "invocation" });
        assert.match(await done("list"), /statistics +nodejs20\.x +1/);
        assert.match((await splc("new", "jam")).stderr, /jam is there already/);
        assert.match((await splc("invoke", "jm")).stderr, /there is no function jm: 'splc function list' shows/);
        assert.match((await splc("deploy", path.join(plant.folder, "data"))).stderr, /has no function\.yaml|more than|is neither/);
        assert.match((await splc("deploy", "nowhere")).stderr, /nowhere: no such folder or file/);
        for (const name of ["jam", "statistics"]) await done("delete", name);
    });

    proves("a function with a URL answers HTTP requests", async () => {
        const code = zip({
            "index.mjs": `
                export async function handler(event) {
                    if (event.rawPath === "/fail") throw new Error("no");
                    if (event.rawPath === "/plain") return { seen: event.requestContext.http.method };
                    const body = event.rawPath + "?" + event.rawQueryString + " " + event.body + " " + event.headers["content-type"];
                    return { statusCode: 418, headers: { "content-type": "text/plain", "x-part": "7" }, body };
                }`,
            "function.yaml": "name: page\nruntime: nodejs20.x\nmemory: 512\npinned: false\ntriggers:\n  - url: true\n",
        });
        await send(new CreateFunctionCommand({
            FunctionName: "page", Runtime: "nodejs20.x", Handler: "index.handler", Role: ROLE, MemorySize: 512, Code: { ZipFile: code },
        }));
        const token = fs.readFileSync(plant.connect.http.tokenFile, "utf8").trim();
        const get = (path, more = {}) => fetch(`${plant.connect.lambda.url}/url/${path}`,
            { ...more, headers: { authorization: `Bearer ${token}`, ...more.headers } });
        const teapot = await get("page/a/b?c=1", { method: "POST", body: "hello", headers: { "content-type": "text/x" } });
        assert.deepEqual([teapot.status, teapot.headers.get("x-part"), await teapot.text()], [418, "7", "/a/b?c=1 hello text/x"]);
        const plain = await get("page/plain");
        assert.deepEqual([plain.status, await plain.json()], [200, { seen: "GET" }]);
        assert.equal((await get("page/fail")).status, 502);
        assert.equal((await get("speaker/")).status, 403, "one without a URL");
        assert.equal((await get("nobody/")).status, 404);
        assert.equal((await fetch(`${plant.connect.lambda.url}/url/page/plain`)).status, 403, "nobody knows who asks");
        await send(new DeleteFunctionCommand({ FunctionName: "page" }));
    });

    proves("a function URL is given and taken away", async () => {
        await assert.rejects(send(new GetFunctionUrlConfigCommand({ FunctionName: "speaker" })), { name: "ResourceNotFoundException" });
        const { FunctionUrl } = await send(new CreateFunctionUrlConfigCommand({ FunctionName: "speaker", AuthType: "AWS_IAM" }));
        assert.equal((await send(new GetFunctionUrlConfigCommand({ FunctionName: "speaker" }))).FunctionUrl, FunctionUrl);
        const headers = { authorization: `Bearer ${plant.token()}` };
        const answer = await fetch(`${FunctionUrl}a/b?c=d`, { headers });
        assert.equal(answer.status, 200);
        assert.equal((await answer.json()).event.rawPath, "/a/b");
        assert.equal((await fetch(FunctionUrl)).status, 403);
        await send(new DeleteFunctionUrlConfigCommand({ FunctionName: "speaker" }));
        assert.equal((await fetch(FunctionUrl, { headers })).status, 403);
    });

    proves("a function is deleted with all that belongs to it", async () => {
        await send(new DeleteAliasCommand({ FunctionName: "speaker", Name: "live" }));
        await send(new DeleteFunctionCommand({ FunctionName: "speaker", Qualifier: "1" }));
        await send(new DeleteFunctionCommand({ FunctionName: "speaker" }));
        await assert.rejects(invoke(), { name: "ResourceNotFoundException" });
        assert.deepEqual((await send(new ListFunctionsCommand({ MaxItems: 1 }))).Functions.map((one) => one.FunctionName), ["automatic"]);
    });
});
