// node --test
import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "./statistics.mjs";

const HOUR = 3_600_000;

test("the first counts begin the statistics", () => {
    const first = next(undefined, { sorted: 3, passed: 1 }, 1000);
    assert.deepEqual([first.parts, first.sortedShare, first.perHour, first.since], [4, 0.75, 0, 1000]);
});

test("parts an hour are those since the beginning", () => {
    const first = next(undefined, { sorted: 3, passed: 1 }, 1000);
    const later = next(first, { sorted: 33, passed: 31 }, 1000 + HOUR / 2);
    assert.deepEqual([later.parts, later.perHour, later.since], [64, 120, 1000]);
});

test("counts that did not change are nothing new, counts that fell begin anew", () => {
    const first = next(undefined, { sorted: 3, passed: 1 }, 1000);
    assert.equal(next(first, { sorted: 3, passed: 1 }, 2000), null);
    assert.equal(next(first, { sorted: 0, passed: 1 }, 2000).since, 2000);
});
