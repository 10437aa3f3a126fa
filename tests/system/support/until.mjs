// Waiting is for conditions, never for time: a deadline here is generous and only there to end a test that has failed.
import { setTimeout as pause } from "node:timers/promises";

const INTERVAL_MS = 20;

/// Asks `probe` again and again until it answers with something true, and returns that. What it throws counts as "not yet".
/// @param what  the sentence that a failure says: "waited 20 s for ..."
export async function until(what, probe, seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    let last;
    for (;;) {
        try {
            last = await probe();
            if (last) return last;
        } catch (error) {
            if (error instanceof Hopeless) throw error;
            last = error;
        }
        if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}; last: ${brief(last)}`);
        await pause(INTERVAL_MS);
    }
}

/// Thrown by a probe when no waiting will help.
export class Hopeless extends Error {}

function brief(value) {
    if (value instanceof Error) return value.message;
    return JSON.stringify(value)?.slice(0, 600);
}
