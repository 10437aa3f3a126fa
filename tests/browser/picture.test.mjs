// The picture that is made of a model is that of the console: the same shapes in the same places, drawn by two programs.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { withoutFunctions } from "../system/support/mps.mjs";
import { CHECKOUT, MPS, plantSuite } from "../system/support/plant.mjs";
import { splc } from "../system/support/splc.mjs";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) => fs.existsSync(file));

/// In the page: what is drawn, without what the values of the moment change.
function shapes(root) {
    const round = (text) => text.replace(/-?\d+(\.\d+)?/g, (number) => String(Math.round(Number(number) * 1000) / 1000 || 0));
    const drawn = (node) => {
        const attributes = {};
        for (const { name, value } of node.attributes) {
            if (["class", "style", "data-state", "xmlns", "role"].includes(name) || value === "") continue;
            if (node.classList.contains("key-blade") && name === "transform") continue;
            if (node.classList.contains("liquid") && ["y", "height"].includes(name)) continue;
            if (node.classList.contains("bar") && name === "width") continue;
            attributes[name] = ["id", "clip-path", "fill"].includes(name) ? value : round(value);
        }
        const words = node.tagName === "text" && node.closest(".label, .title, .letter, .sign") ? node.textContent : undefined;
        const inner = node.tagName === "text" ? [] : [...node.children].filter((child) => !["style", "title"].includes(child.tagName)).map(drawn);
        return { tag: node.tagName, attributes, words, inner };
    };
    return drawn(root);
}

/// Plants that have every symbol between them.
const MIXER = path.join(CHECKOUT, "plants/mixer");
for (const [folder, options] of [[MPS, { change: withoutFunctions }], [MIXER, { plant: MIXER }]])
plantSuite(`the picture of ${path.basename(folder)}`, options, (proves, plant) => {
    let browser;
    before(async () => {
        browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
    });
    after(() => browser?.close());

    proves("the SVG of the model and the console draw the same", async () => {
        const context = await browser.newContext({ locale: "en-US" });
        let page = await context.newPage();
        await page.goto(`${plant.connect.http.url}/?token=${plant.token()}`);
        await page.locator("#picture svg .module").first().waitFor();
        const live = await page.locator("#picture svg").evaluate(shapes);
        const fill = await page.locator("#picture .ground").first().evaluate((node) => getComputedStyle(node).fill);
        const { stdout } = await splc(["model", "export", folder, "--format", "svg"]);
        page = await context.newPage(); // of its own, without the policy of the console
        await page.setContent(stdout.slice(stdout.indexOf("<svg")));
        const made = await page.locator("svg").evaluate(shapes);
        assert.equal(await page.locator(".ground").first().evaluate((node) => getComputedStyle(node).fill), fill);
        assert.equal(fill, "rgb(216, 219, 222)"); // of picture.css
        assert.deepEqual(made.attributes, live.attributes);
        assert.equal(made.inner.length, live.inner.length);
        for (const [i, part] of live.inner.entries()) assert.deepEqual(made.inner[i], part, part.attributes.id ?? part.tag);
        assert.ok(live.inner.filter((part) => part.attributes.id?.startsWith("module-")).length > 10);
    });
});
