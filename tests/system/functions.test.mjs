// The example functions in JavaScript, listed in the site file: statistics by the stock AWS SDK, notification by HTTP.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { CHECKOUT, edit, plantSuite } from "./support/plant.mjs";

const MODULES = path.join(CHECKOUT, "tests/node_modules");

/// The SDK of the tests goes into the package, as `npm install` in the function's folder would put it there.
function addSdk(folder) {
    const names = new Set(), todo = ["@aws-sdk/client-iot-data-plane"];
    while (todo.length > 0) {
        const name = todo.pop();
        if (names.has(name)) continue;
        names.add(name);
        const { dependencies = {} } = JSON.parse(fs.readFileSync(path.join(MODULES, name, "package.json"), "utf8"));
        todo.push(...Object.keys(dependencies));
    }
    const isCode = (file) => fs.statSync(file).isDirectory() ? !/dist-(es|types)$/.test(file) : !/\.(md|map|ts)$/.test(file);
    for (const name of names) fs.cpSync(path.join(MODULES, name), path.join(folder, "node_modules", name), { recursive: true, filter: isCode });
}

function change(folder) {
    edit(path.join(folder, "site.yaml"), "    - functions/automatic", "    - functions/automatic\n    - functions/quality\n    - functions/notify");
    addSdk(path.join(folder, "functions/quality"));
}

plantSuite("Example functions in JavaScript", { change, press: ["automatic", "start"] }, (proves, plant) => {
    proves("their own tests pass, without a plant", () => {
        const folders = ["quality", "notify"].map((name) => path.join(CHECKOUT, "plants/mps/functions", name) + "/");
        execFileSync(process.execPath, ["--test", ...folders], { stdio: "pipe" });
    });

    proves("quality counts what automatic mode sorts, with the stock AWS SDK", async () => {
        const statistics = await plant.until("two parts in the statistics", async () => {
            const { status, body } = await plant.http("/things/mps_quality/shadow");
            return status === 200 && body.state.reported?.parts >= 2 && body.state.reported;
        });
        assert.equal(statistics.parts, statistics.sorted + statistics.passed);
        assert.ok(statistics.last >= statistics.since);
    });

    proves("notify tells a web server what goes wrong", async () => {
        const heard = [];
        const server = http.createServer((request, response) => {
            let text = "";
            request.on("data", (piece) => (text += piece)).on("end", () => {
                heard.push(JSON.parse(text));
                response.end();
            });
        });
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
        try {
            await plant.desire("mps_notify", { url: `http://127.0.0.1:${server.address().port}/` });
            process.kill(plant.process("bootstrap").pid, "SIGKILL"); // of automatic mode: worth a warning
            const told = await plant.until("the web server to be told", () => heard.find(({ source }) => source === "functions/automatic"));
            assert.match(told.text, /^Warning in functions\/automatic: /);
        } finally {
            server.close();
        }
    });
});
