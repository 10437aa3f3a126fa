// A port offset that nobody else uses, however many test files and checkouts run side by side.
import net from "node:net";

// Defaults of `splc up`, and one more that is held as long as the offset is taken: a lock that dies with its process.
export const DEFAULT_PORTS = { opcua: 4840, nats: 4222, mqtt: 8883, http: 8080, https: 8443, lambda: 8444 };
const LOCK_PORT = 4201;
// Of the ports that fetch and browsers refuse (Fetch Standard, port blocking) the only one above the defaults.
const UNFETCHABLE = [10080];
// No two of the ports differ by a multiple of the step, so two offsets never share a port. The highest stays below the
// range that the kernel gives to outgoing connections (from 32768 on).
const STEP = 50;
const COUNT = 470;

/// @return {offset, ports, release()}
export async function takePortOffset() {
    const first = Math.floor(Math.random() * COUNT);
    for (let i = 0; i < COUNT; i++) {
        const offset = (1 + ((first + i) % COUNT)) * STEP;
        if (UNFETCHABLE.some((port) => port - DEFAULT_PORTS.http === offset || port - DEFAULT_PORTS.https === offset)) continue;
        const lock = await listen(LOCK_PORT + offset).catch(() => null);
        if (lock === null) continue;
        const ports = Object.fromEntries(Object.entries(DEFAULT_PORTS).map(([name, port]) => [name, port + offset]));
        if (await allFree(Object.values(ports))) return { offset, ports, release: () => close(lock) };
        await close(lock);
    }
    throw new Error("no free port offset below 24000");
}

/// Occupies a port, as another program would.
export const occupy = listen;

function listen(port) {
    return new Promise((resolve, reject) => {
        const server = net.createServer((socket) => socket.destroy());
        server.once("error", reject);
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
            server.unref();
            resolve(server);
        });
    });
}

export function close(server) {
    return new Promise((resolve) => server.close(resolve));
}

async function allFree(ports) {
    for (const port of ports) {
        const server = await listen(port).catch(() => null);
        if (server === null) return false;
        await close(server);
    }
    return true;
}
