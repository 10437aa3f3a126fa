// Pure: what the statistics become when the counts of automatic mode have changed.
const HOUR_MS = 3_600_000;

/// @param before  what was reported; undefined at first
/// @param counts  of the twin mps_automatic: sorted (to the slide), passed (to the end of the belt)
/// @return what is to be reported; null: nothing is new
export function next(before, { sorted = 0, passed = 0 }, now) {
    const parts = sorted + passed;
    const anew = before === undefined || parts < before.parts; // it counts from 0 again
    const first = anew ? { parts: 0, since: now } : before;
    if (!anew && parts === first.parts) return null;
    const hours = (now - first.since) / HOUR_MS, counted = parts - (first.partsThen ?? (anew ? parts : 0));
    return {
        parts,
        sorted,
        passed,
        sortedShare: parts === 0 ? 0 : Number((sorted / parts).toFixed(3)),
        since: first.since,
        partsThen: anew ? parts : (first.partsThen ?? 0),
        perHour: hours > 0 ? Number((counted / hours).toFixed(1)) : 0,
        last: now,
    };
}
