// Runs without a plant: node --test
import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "./index.mjs";

test("every event is counted", () => {
    assert.deepEqual(next({}, { thing: "mps_conveyor" }), { events: 1, last: "mps_conveyor" });
    assert.deepEqual(next({ events: 4 }, {}), { events: 5, last: "invocation" });
});
