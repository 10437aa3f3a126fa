// A hand at the panel: turns a switch of the simulated plant, again and again, by a method of the edge. A process of its
// own, so that what it does costs those who are measured nothing but processor time.
import { DataType, OpcuaClients } from "../../tests/system/support/opcua.mjs";

const { connect, folder, name } = JSON.parse(process.argv[2]);
const clients = new OpcuaClients(connect.opcua, folder);
const session = await clients.session("operator", { transportTimeout: 60_000 });

let on = false;
async function turn() {
    on = !on;
    const { status } = await session.call("mps_simulation/turn", [DataType.String, name], [DataType.Boolean, on]);
    if (status !== "Good") throw new Error(`turn: ${status}`);
}

/// Apart by a time that has no step in common with any period of the plant or of a publisher.
process.on("message", async ({ changes, least_ms, most_ms }) => {
    for (let i = 0; i < changes; i++) {
        await turn();
        await new Promise((resolve) => setTimeout(resolve, least_ms + Math.random() * (most_ms - least_ms)));
    }
    process.send("done");
});
process.on("disconnect", () => process.exit(0));
process.send("done");
