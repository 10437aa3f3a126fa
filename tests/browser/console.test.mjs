// The console in headless Chromium, against a whole plant: what a person at the station sees, and what happens to it when
// a part of the cascade goes away.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { silence, unattended } from "../system/support/mps.mjs";
import { CHECKOUT, plantSuite } from "../system/support/plant.mjs";
import { until } from "../system/support/until.mjs";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) => fs.existsSync(file));
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];

/// A page that is logged in; what it complains of is kept.
class Console {
    static async open(plant, { locale = "en-US", width = 1280, height = 720, browser } = {}) {
        const it = new Console();
        it.complaints = [];
        it.foreign = [];
        it.context = await browser.newContext({ viewport: { width, height }, locale });
        it.page = await it.context.newPage();
        it.page.on("pageerror", (error) => it.complaints.push(error.message));
        it.page.on("console", (message) => message.type() === "error" && it.complaints.push(message.text()));
        it.page.on("request", (request) => {
            if (!request.url().startsWith(`${plant.connect.http.url}/`)) it.foreign.push(request.url());
        });
        await it.page.goto(`${plant.connect.http.url}/?token=${plant.token()}`);
        await it.page.locator("#picture svg").waitFor();
        return it;
    }

    text(selector) {
        return this.page.locator(selector).textContent();
    }

    /// What a module shows: its word, or "stale", "bad", "warning", "alarm".
    state(thing, module) {
        return this.page.locator(`#module-${thing}-${module}`).getAttribute("data-state");
    }

    kind(tier) {
        return this.page.locator(`#tier-${tier}`).getAttribute("data-kind");
    }

    count(key) {
        return this.page.locator(`[data-count="${key}"]`).textContent().then(Number);
    }

    hand(name) {
        return this.page.locator(`[data-hand="${name}"]`);
    }

    row(key) {
        return this.text(`#production [data-key="${key}"]`);
    }

    staleBanner() {
        return this.page.locator("#stale").isVisible();
    }

    isLive() {
        return this.staleBanner().then(async (stale) => !stale && (await this.page.locator(".frame.stale").count()) === 0);
    }

    close() {
        return this.context.close();
    }
}

function withBrowser() {
    const shared = {};
    before(async () => {
        assert.ok(CHROMIUM, "no Chromium: tools/install-packages test installs it");
        shared.browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS });
    });
    after(() => shared.browser?.close());
    return shared;
}

/// A service that the test halts is left alone.
const haltable = (folder) => silence(folder, 600);

/// Slower than other tests: beside a browser the cascade has less of the machine, and a late step is a fault.
const SPEED = 2;

plantSuite("The console of a producing station", { press: ["automatic", "start"], speed: SPEED, change: haltable }, (proves, plant) => {
    const shared = withBrowser();
    let page;
    before(async () => (page = await Console.open(plant, shared)));
    after(() => page?.close());

    proves("the log-in link leaves no token in the address, and the cookie opens the page again", async () => {
        assert.equal(page.page.url(), `${plant.connect.http.url}/`);
        const again = await page.context.newPage();
        const answer = await again.goto(`${plant.connect.http.url}/`);
        assert.equal(answer.status(), 200);
        assert.match(answer.headers()["content-security-policy"], /default-src 'self'/);
        await again.close();
    });

    proves("without a log-in there is only the log-in page", async () => {
        const context = await shared.browser.newContext();
        const stranger = await context.newPage();
        const answer = await stranger.goto(plant.connect.http.url);
        assert.equal(answer.status(), 401);
        assert.equal(await stranger.locator("input[name=token]").count(), 1);
        assert.equal(await stranger.locator("svg").count(), 0);
        await stranger.locator("input[name=token]").fill(plant.token());
        await stranger.locator("button").click();
        await stranger.locator("#picture svg").waitFor();
        await context.close();
    });

    proves("every core module of the model is in the picture", async () => {
        const { body } = await plant.http("/v1/plant");
        for (const thing of body.things) {
            assert.equal(await page.page.locator(`#thing-${thing.name}`).count(), 1, thing.name);
            for (const module of thing.modules)
                assert.equal(await page.page.locator(`#module-${thing.name}-${module.name}`).count(), 1, module.name);
        }
    });

    proves("it is live: counts follow production, the belt runs, tiers are in order", async () => {
        await until("live values", () => page.isLive());
        await until("the belt to run", () => page.page.locator(".belt.running").count());
        await until("counts to follow", async () => {
            const truth = await plant.truth();
            return truth.fed > 1 && (await page.count("simulated-fed")) === truth.fed;
        }, 60);
        await until("the function's own count", async () => (await page.count("counted-fed")) > 0);
        assert.equal(await page.row("mode"), "automatic");
        for (const tier of ["edge", "gateway", "twins", "functions", "api"])
            await until(`${tier} to be good`, async () => (await page.kind(tier)) === "good");
        assert.match(await page.text("#tier-cloud"), /not configured/);
    });

    proves("the picture fits into 1280 × 720 without scrolling, and so do larger ones", async () => {
        for (const [width, height] of [[1280, 720], [1920, 1080]]) {
            await page.page.setViewportSize({ width, height });
            const overflow = await page.page.evaluate(() => [document.documentElement.scrollWidth - innerWidth,
                document.documentElement.scrollHeight - innerHeight]);
            assert.deepEqual(overflow.map((pixels) => pixels > 0), [false, false], `${width} × ${height}`);
            const { y, height: tall } = await page.page.locator("#hands").boundingBox();
            assert.ok(y + tall <= height, "the simulated panel is cut off");
        }
        await page.page.setViewportSize({ width: 1280, height: 720 });
    });

    proves("names are German for a German browser", async () => {
        const german = await Console.open(plant, { ...shared, locale: "de-DE" });
        assert.equal(await german.text("#plant"), "MPS-Station");
        assert.match(await german.text("#thing-mps_magazine"), /Stapelmagazin/);
        await until("German words", async () => (await german.row("mode")) === "Automatik");
        assert.match(await german.text("#thing-mps_hmi ~ #module-mps_hmi-indicator_Q1, #module-mps_hmi-indicator_Q1"), /Magazin leer/);
        await until("a message in German, by its code", async () => /Werkstück|Band|Zylinder|Ausschieber/.test(await german.row("message")));
        assert.match(await german.text("#events"), /Befehlsgewalt erteilt/);
        await german.close();
    });

    for (const name of ["gateway", "twins", "api", "edge"]) {
        proves(`${name} stopped: nothing old is shown as live; it recovers by itself when ${name} goes on`, async () => {
            await until("live values", () => page.isLive(), 60);
            const frozen = plant.process(name);
            process.kill(frozen.pid, "SIGSTOP"); // silent, with its sockets open
            try {
                await until("the page to say so", () => page.staleBanner(), 30);
                assert.match(await page.text("#stale"), /not current.*\(last change .*\)|not current/);
                assert.ok((await page.page.locator(".frame.stale").count()) >= 5, "frames are greyed");
                assert.equal(await page.page.locator(".module:not(.stale)").count(), 0, "a module is shown as live");
                assert.ok(await page.hand("actuator_start").isDisabled(), "hands are off");
            } finally {
                process.kill(frozen.pid, "SIGCONT");
            }
            await until("live values again", () => page.isLive(), 60);
        });
    }

    proves("functions stopped: what the function says is greyed, the station stays live", async () => {
        const frozen = plant.process("functions");
        process.kill(frozen.pid, "SIGSTOP");
        try {
            await until("mode and counts to be greyed", () => page.page.locator('dd.stale[data-key="mode"]').count(), 30);
            assert.equal(await page.page.locator('td.stale[data-count="counted-fed"]').count(), 1);
            assert.equal(await page.kind("functions"), "alarm");
            assert.ok(await page.isLive());
        } finally {
            process.kill(frozen.pid, "SIGCONT");
        }
        await until("the mode to be current", async () => (await page.page.locator("dd.stale").count()) === 0);
    });

    proves("nothing went wrong in the page, and it asked no other host", () => {
        const expected = /Failed to load resource|ERR_/; // what the browser itself logs while the server is stopped
        assert.deepEqual(page.complaints.filter((complaint) => !expected.test(complaint)), []);
        assert.deepEqual(page.foreign, []);
    });
});

plantSuite("Hands on the simulated station, in the browser", { change: unattended, speed: SPEED }, (proves, plant) => {
    const shared = withBrowser();
    let page;
    before(async () => (page = await Console.open(plant, shared)));
    after(() => page?.close());

    proves("the key switch is turned and shows it", async () => {
        for (const turned of ["manual", "automatic"]) {
            await until("the other word on the button", async () => (await page.hand("switch_opMode").textContent()).endsWith(turned));
            await page.hand("switch_opMode").click();
            await until(turned, async () => (await page.state("mps_hmi", "switch_opMode")) === turned);
        }
    });

    proves("start, pressed with the keyboard, starts production", async () => {
        await until("production", async () => {
            await page.hand("actuator_start").press("Enter");
            return (await plant.truth()).fed > 0;
        }, 60);
        await until("the belt to run", () => page.page.locator(".belt.running").count(), 60);
    });

    proves("the emergency stop is an alarm by shape and word, and the controller says why it does not run", async () => {
        await page.hand("emergency_stop").click();
        await until("the alarm", async () => (await page.state("mps_conveyor", "emergency_stop")) === "alarm");
        assert.match(await page.text("#module-mps_conveyor-emergency_stop"), /active/);
        assert.ok(await page.page.locator("#module-mps_conveyor-emergency_stop .mark.shown .octagon").isVisible());
        await until("the safe state", async () => (await page.row("controller")) === "safe");
        assert.match(await page.row("cause"), /emergency stop/i);
        await until("an event about it", async () => /emergency|safe/i.test(await page.text("#events")));
        assert.equal(await page.page.locator(".belt.running").count(), 0);
    });

    proves("released and reset, it runs again", async () => {
        await page.hand("emergency_stop").click();
        await until("no alarm", async () => (await page.state("mps_conveyor", "emergency_stop")) !== "alarm");
        await until("the safe state to be left", async () => {
            await page.hand("actuator_reset").click();
            return (await page.row("controller")) === "run";
        });
    });
});

plantSuite("The console of the mixing vessel", { plant: path.join(CHECKOUT, "plants/mixer"), speed: 20 }, (proves, plant) => {
    const shared = withBrowser();
    let page;
    before(async () => (page = await Console.open(plant, shared)));
    after(() => page?.close());
    const module = (name) => page.page.locator(`#module-mixer_vessel-${name}`);

    proves("the tank is filled as its level says, and the values have their units", async () => {
        await plant.until("the level", async () => /^6(\.0)? l$/.test(await module("level").locator(".value").textContent()));
        const [liquid, tank] = await Promise.all([" .liquid", " > .wall"].map(async (part) =>
            Number(await page.page.locator(`.vessel${part}`).last().getAttribute("height"))));
        assert.ok(Math.abs(liquid / tank - 0.1) < 0.02, `${liquid} of ${tank} px for 6 of 60 l`);
    });

    proves("there is nothing about workpieces", async () => {
        await plant.until("no counts", async () => !(await page.page.locator("text=Workpieces").isVisible()));
        assert.equal(await page.page.locator("[data-hand=refill]").isVisible(), false);
    });
});
