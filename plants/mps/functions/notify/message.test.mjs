// node --test
import assert from "node:assert/strict";
import { test } from "node:test";
import { message } from "./message.mjs";

test("people read what happened, and where", () => {
    const sent = message({ time: "t", severity: 700, source: "functions/jam", message: "cannot start" });
    assert.equal(sent.text, "Failure in functions/jam: cannot start");
    assert.equal(message({ severity: 500, source: "mps", message: "m" }).text, "Warning in mps: m");
});
