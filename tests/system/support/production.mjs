// What production must look like, whoever asks.
import assert from "node:assert/strict";

/// Every metal workpiece on the slide and only those; none lost. `truth` is the twin of the simulation.
export function assertSortedRight(truth) {
    assert.equal(truth.lost, 0, "lost");
    assert.equal(truth.metalPassed, 0, "metal that passed");
    assert.equal(truth.plasticSorted, 0, "plastic on the slide");
    assert.equal(truth.metalSorted, truth.sorted);
    assert.equal(truth.plasticPassed, truth.passed);
    assert.equal(truth.fed, truth.sorted + truth.passed + truth.onBelt, "fed and never seen again");
}

/// What the automatic mode counted itself, without knowing the simulator.
export async function ownCounts(plant) {
    return plant.reported("mps_automatic");
}
