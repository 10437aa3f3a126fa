// @NAME@: counts its events in a twin of its own.
import { update } from "./twin.mjs";

/// The part that can be tested without a plant: what the twin is to report after an event.
export function next(reported, event) {
    return { events: (reported.events ?? 0) + 1, last: event.thing ?? "invocation" };
}

export async function handler(event) {
    const reported = await update("@NAME@", (before) => next(before, event));
    console.log(`event ${reported.events}: ${reported.last}`);
    return reported;
}
