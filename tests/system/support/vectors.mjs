// The shadow sequences of lib/twin (shadow-vectors.json), for whoever can send a request and read its answer. What is
// published besides the answer is for the tests of the twin service.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { CHECKOUT } from "./plant.mjs";

export const { cases } = JSON.parse(fs.readFileSync(path.join(CHECKOUT, "lib/twin/tests/data/shadow-vectors.json"), "utf8"));

const CLOCKS_APART_S = 60;

/// One run of a case: what its placeholders are bound to.
export class Run {
    constructor(thing, shadow) {
        this.names = { thing, shadow };
        this.base = undefined;
        this.times = new Map();
    }

    /// The document of a request; undefined: none.
    body(step) {
        if (step.raw !== undefined) return step.raw;
        if (step.raw_b64 !== undefined) return Buffer.from(step.raw_b64, "base64");
        return step.payload === undefined ? undefined : JSON.stringify(this.expand(step.payload));
    }

    expand(value) {
        if (typeof value === "string") return value.startsWith("$v:") ? (this.base ?? 0) + Number(value.slice(3)) : this.named(value);
        if (Array.isArray(value)) return value.map((one) => this.expand(one));
        if (value === null || typeof value !== "object") return value;
        if (value.$repeat) return value.$repeat[0].repeat(value.$repeat[1]);
        if (value.$nest) {
            let nested = this.expand(value.$nest[1]);
            for (let level = value.$nest[0]; level > 0; level--) nested = { [`l${level}`]: nested };
            return nested;
        }
        return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.expand(one)]));
    }

    named(text) {
        return text.replaceAll("{thing}", this.names.thing).replaceAll("{shadow}", this.names.shadow ?? "");
    }

    check(actual, expected, where = "") {
        if (typeof expected === "string" && expected.startsWith("$")) return this.checkPlaceholder(actual, expected, where);
        if (expected?.$oneOf) return assert.ok(expected.$oneOf.some((one) => this.fits(actual, one)), `${where}: ${JSON.stringify(actual)}`);
        if (expected?.$repeat || expected?.$nest) return assert.deepEqual(actual, this.expand(expected), where);
        if (typeof expected === "string") return assert.equal(actual, this.named(expected), where);
        if (expected === null || typeof expected !== "object") return assert.equal(actual, expected, where);
        assert.ok(actual !== null && typeof actual === "object", `${where}: ${JSON.stringify(actual)}`);
        const optional = Object.keys(expected).filter((key) => key.endsWith("?")).map((key) => key.slice(0, -1));
        for (const key of Object.keys(actual))
            assert.ok(key in expected || optional.includes(key), `${where}/${key} is too much: ${JSON.stringify(actual[key])}`);
        for (const [key, one] of Object.entries(expected)) {
            const name = key.endsWith("?") ? key.slice(0, -1) : key;
            if (name !== key && !(name in actual)) continue;
            assert.ok(name in actual, `${where}/${name} is missing in ${JSON.stringify(actual)}`);
            this.check(actual[name], one, `${where}/${name}`);
        }
    }

    fits(actual, expected) {
        try {
            this.check(actual, expected);
            return true;
        } catch {
            return false;
        }
    }

    checkPlaceholder(actual, expected, where) {
        const said = `${where}: ${JSON.stringify(actual)} is not ${expected}`;
        const [, kind, sign, key] = /^\$(ts|v|any|str)(?:([:>])(.+))?$/.exec(expected);
        if (kind === "any") return;
        if (kind === "str") return assert.ok(typeof actual === "string" && actual !== "", said);
        assert.ok(Number.isInteger(actual), said);
        if (kind === "ts") return this.checkTime(actual, sign, key, said);
        if (this.base === undefined) this.base = actual - Number(key);
        assert.ok(sign === ":" ? actual === this.base + Number(key) : actual > this.base + Number(key), said);
    }

    checkTime(actual, sign, key, said) {
        assert.ok(Math.abs(actual - Date.now() / 1000) < CLOCKS_APART_S, said);
        if (sign === ":" && !this.times.has(key)) this.times.set(key, actual);
        if (sign === ":") assert.equal(actual, this.times.get(key), said);
        if (sign === ">" && this.times.has(key)) assert.ok(actual > this.times.get(key), said);
    }
}
