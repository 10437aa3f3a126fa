// The command line as a person types it.
import { spawn } from "node:child_process";
import path from "node:path";
import { BIN } from "./plant.mjs";

/// Runs a command to its end.
/// @return {status, signal, stdout, stderr}
export function run(program, args = [], { environment = {}, folder, input, seconds = 30 } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...environment } });
        const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
        child.on("error", reject);
        child.on("close", (status, signal) => {
            clearTimeout(timer);
            resolve({ status, signal, stdout, stderr });
        });
        child.stdin.on("error", () => {}); // it may have ended before it read anything
        child.stdin.end(input ?? "");
    });
}

export function splc(args, options) {
    return run(path.join(BIN, "splc"), args, options);
}
