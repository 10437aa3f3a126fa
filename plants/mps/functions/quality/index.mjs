// Statistics of the sorted parts, kept in the twin mps_quality by AWS's own SDK, as the same code does in the cloud.
import { GetThingShadowCommand, IoTDataPlaneClient, UpdateThingShadowCommand } from "@aws-sdk/client-iot-data-plane";
import { next } from "./statistics.mjs";

const TWIN = "mps_quality", ATTEMPTS = 10;
const client = new IoTDataPlaneClient({}); // address and credentials: its environment

async function read() {
    try {
        const { payload } = await client.send(new GetThingShadowCommand({ thingName: TWIN }));
        return JSON.parse(Buffer.from(payload).toString());
    } catch (error) {
        if (error.name === "ResourceNotFoundException") return { state: {} };
        throw error;
    }
}

/// False when somebody else has changed it meanwhile.
async function write(reported, version) {
    const payload = JSON.stringify({ state: { reported }, ...(version !== undefined && { version }) });
    try {
        await client.send(new UpdateThingShadowCommand({ thingName: TWIN, payload }));
        return true;
    } catch (error) {
        if (error.name === "ConflictException") return false;
        throw error;
    }
}

export async function handler(event) {
    const counts = event.current?.reported;
    if (counts === undefined) return null;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const before = await read();
        const reported = next(before.state.reported, counts, Date.now());
        if (reported === null || (await write(reported, before.version))) return reported;
    }
    throw new Error(`${TWIN}: others were faster ${ATTEMPTS} times`);
}
