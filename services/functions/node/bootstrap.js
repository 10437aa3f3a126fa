#!/bin/sh
":" //; command -v node >/dev/null || { echo "Node.js is missing: apt-get install nodejs, or take the function out of the plant" >&2; exit 127; }
":" //; exec node "$0"

// The runtime nodejs20.x: loads the handler's module and gives it one event after the other (AWS Lambda's Runtime API).
// First a shell script, which says what to do where there is no Node.js, then a program of it.
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? "").split(":");
process.env.HOME ??= "/tmp"; // some packages look for files of their own there, and fail where there is no such folder
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });

/// One call of the Runtime API; no time limit, as `next` waits for work.
function call(method, name, body, headers = {}) {
    return new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
        const request = http.request(
            { host, port, agent, method, path: `/2018-06-01/runtime/${name}`, headers: { ...headers, ...length } },
            (response) => {
                const pieces = [];
                response.on("data", (piece) => pieces.push(piece));
                response.on("error", reject);
                response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces).toString() }));
            });
        request.on("error", reject);
        request.end(body);
    });
}

// --- errors, in the shape that Lambda gives them ---

function describe(error) {
    if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

function tell(name, error) {
    const described = describe(error);
    console.error(described.trace.length > 0 ? described.trace.join("\n") : described.errorMessage);
    return call("POST", name, JSON.stringify(described), { "Lambda-Runtime-Function-Error-Type": described.errorType });
}

/// What nobody waited for, in the handler's own code: the event has failed, and the process is in no state to go on.
let current; // id of the event that is being worked on
async function endBecauseOf(error) {
    if (current === undefined) console.error(describe(error).trace.join("\n"));
    else await tell(`invocation/${current}/error`, error).catch(() => {});
    process.exit(1);
}
process.on("unhandledRejection", endBecauseOf);
process.on("uncaughtException", endBecauseOf);

class HandlerNotFound extends Error {
    name = "Runtime.HandlerNotFound";
}

class ImportModuleError extends Error {
    name = "Runtime.ImportModuleError";
}

// --- the handler: "src/index.handler" is the function `handler` of src/index.js, .mjs or .cjs ---

function findModule(root, module) {
    for (const ending of [".js", ".mjs", ".cjs"]) {
        const file = path.join(root, module + ending);
        if (fs.existsSync(file)) return file;
    }
    throw new ImportModuleError(`Error: Cannot find module '${module}'`);
}

async function loadHandler() {
    const root = process.env.LAMBDA_TASK_ROOT, written = process.env._HANDLER;
    const folder = path.dirname(written), [base, ...names] = path.basename(written).split(".");
    const file = findModule(root, path.join(folder, base));
    let found = await import(pathToFileURL(file).href);
    for (const name of names) found = found?.[name] ?? found?.default?.[name];
    if (typeof found !== "function") throw new HandlerNotFound(`${written} is undefined or not exported`);
    return found;
}

// --- one event ---

function parse(header) {
    return header === undefined ? undefined : JSON.parse(header);
}

function makeContext(headers) {
    const env = process.env, deadline = Number(headers["lambda-runtime-deadline-ms"]);
    return {
        awsRequestId: headers["lambda-runtime-aws-request-id"],
        invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
        functionName: env.AWS_LAMBDA_FUNCTION_NAME,
        functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
        memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
        logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
        clientContext: parse(headers["lambda-runtime-client-context"]),
        identity: parse(headers["lambda-runtime-cognito-identity"]),
        callbackWaitsForEmptyEventLoop: true,
        getRemainingTimeInMillis: () => deadline - Date.now(),
    };
}

/// Resolves with the answer, whether the handler returns a promise or calls back.
function run(handler, event, context) {
    return new Promise((resolve, reject) => {
        const callback = (error, answer) => (error === undefined || error === null ? resolve(answer) : reject(error));
        context.done = callback;
        context.succeed = (answer) => callback(null, answer);
        context.fail = (error) => callback(error ?? "handled");
        const result = handler(event, context, callback);
        if (typeof result?.then === "function") result.then(resolve, reject);
    });
}

async function handleOne(handler) {
    const next = await call("GET", "invocation/next");
    if (next.status !== 200) throw new Error(`the Runtime API answers with status ${next.status}`);
    const id = next.headers["lambda-runtime-aws-request-id"];
    current = id;
    process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
    try {
        const answer = await run(handler, JSON.parse(next.body), makeContext(next.headers));
        await call("POST", `invocation/${id}/response`, JSON.stringify(answer ?? null));
    } catch (error) {
        await tell(`invocation/${id}/error`, error);
    }
    current = undefined;
}

async function main() {
    if (!host || !port) throw new Error("AWS_LAMBDA_RUNTIME_API is not set: a function is started by a Lambda runtime, not by hand");
    let handler;
    try {
        handler = await loadHandler();
    } catch (error) {
        await tell("init/error", error);
        process.exit(1);
    }
    for (;;) await handleOne(handler);
}

main().catch((error) => {
    console.error(error.message);
    process.exit(1);
});
