// A plant of another kind, with the same programs: nothing in them knows the station of the other tests.
import assert from "node:assert/strict";
import path from "node:path";
import { CHECKOUT, plantSuite } from "./support/plant.mjs";
import { splc } from "./support/splc.mjs";

const MIXER = path.join(CHECKOUT, "plants/mixer");

plantSuite("The mixing vessel", { plant: MIXER, speed: 20 }, (proves, plant) => {
    const vessel = () => plant.reported("mixer_vessel");
    const storage = () => plant.reported("mixer_storage");

    async function call(thing, method, ...args) {
        return splc(["call", "--data", plant.data, thing, method, ...args.map(String)]);
    }

    async function done(...command) {
        const { status, stdout, stderr } = await call(...command);
        assert.equal(status, 0, `${command.join(" ")}: ${stdout}${stderr}`);
    }

    async function refused(says, ...command) {
        const { status, stderr } = await call(...command);
        assert.notEqual(status, 0, command.join(" "));
        assert.match(stderr, says);
    }

    proves("values come in their units, with the alarms of their limits", async () => {
        const { level, temperature, homogeneity } = await plant.until("values", vessel);
        assert.ok(Math.abs(level.value - 6) < 0.2, `level ${level.value} l`);
        assert.ok(Math.abs(temperature.value - 20) < 1, `temperature ${temperature.value} °C`);
        assert.equal(homogeneity.Alarm, "normal");
        await plant.until("the alarm of a low level", async () => (await vessel()).level.Alarm === "L");
        assert.ok(Math.abs((await storage()).level.value - 150) < 1);
    });

    proves("an interlock refuses, with its name and its condition", async () => {
        await refused(/interlock Dry: level\/value below 10/, "mixer_vessel", "heater/setPosition", 50);
    });

    proves("a value out of range is refused, with the range", async () => {
        await refused(/from 0 to 100 %/, "mixer_vessel", "water/setPosition", 130);
    });

    proves("the level is controlled: filled to the set-point, the valve closes", async () => {
        await done("mixer_vessel", "filling/setSetpoint", 40);
        await done("mixer_vessel", "filling/setMode", true);
        await plant.until("the level", async () => Math.abs((await vessel()).level.value - 40) < 1, 60);
        await plant.until("the water valve to close", async () => (await vessel()).water.setpoint < 5, 60);
        assert.equal((await vessel()).level.Alarm, "normal");
    });

    proves("in automatic nobody else moves the valve", async () => {
        await refused(/filling/, "mixer_vessel", "water/setPosition", 20);
    });

    proves("the temperature is controlled, and the agitator makes it homogeneous", async () => {
        await done("mixer_vessel", "agitator/setRun", true);
        await done("mixer_vessel", "heating/setSetpoint", 35);
        await done("mixer_vessel", "heating/setMode", true);
        await plant.until("the temperature", async () => Math.abs((await vessel()).temperature.value - 35) < 1, 60);
        await plant.until("homogeneity", async () => (await vessel()).homogeneity.value > 95, 60);
    });

    proves("drawing product keeps level and temperature", async () => {
        await done("mixer_vessel", "outlet/setOpen", true);
        const before = await plant.until("the valve's own report", async () => {
            const { outlet } = await vessel();
            return outlet.Position === "open" && outlet.position.opened.state ? plant.reported("mixer_plc") : null;
        });
        await plant.until("a minute of plant time", async () => (await plant.reported("mixer_plc")).Clock > before.Clock + 60000, 60);
        await plant.until("level and temperature where they were", async () => {
            const { level, temperature } = await vessel();
            return Math.abs(level.value - 40) < 3 && Math.abs(temperature.value - 35) < 3;
        }, 60);
        await done("mixer_vessel", "outlet/setOpen", false);
    });

    proves("the pump doses from the storage", async () => {
        const before = (await storage()).level.value;
        await done("mixer_storage", "pump/setRun", true);
        await plant.until("less in the storage", async () => (await storage()).level.value < before - 3, 60);
        await done("mixer_storage", "pump/setRun", false);
    });

    proves("the emergency stop closes valves, ends automatic, and says so; reset alone starts nothing", async () => {
        await done("mixer_simulation", "turn", "emergency_stop", true);
        await plant.until("the safe state", async () => {
            const { water, heater, agitator, filling, heating } = await vessel();
            return water.setpoint === 0 && heater.setpoint === 0 && agitator.run.state === false &&
                filling.Mode === "manual" && heating.Mode === "manual";
        });
        assert.match((await plant.reported("mixer_plc")).Cause, /emergency stop/);
        await done("mixer_simulation", "turn", "emergency_stop", false);
        await done("mixer_simulation", "press", "reset");
        await plant.until("the controller to run", async () => (await plant.reported("mixer_plc")).State === "run");
        const { agitator, filling } = await vessel();
        assert.equal(agitator.run.state, false);
        assert.equal(filling.Mode, "manual");
    });

    proves("there are no workpieces to count", async () => {
        assert.equal((await plant.reported("mixer_simulation")).fed, undefined);
        await refused(/refill/, "mixer_simulation", "refill");
    });
});
