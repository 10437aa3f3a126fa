// An event of the plant becomes a POST to a web server. Where to stands in the twin mps_notify, desired.url.
import { message } from "./message.mjs";

const TIMEOUT_MS = 5000;

async function twin(method, state) {
    const { AWS_ENDPOINT_URL_IOT_DATA_PLANE: url, AWS_SESSION_TOKEN: token } = process.env;
    const response = await fetch(`${url}/things/mps_notify/shadow`, {
        method, headers: { "X-Amz-Security-Token": token }, body: state && JSON.stringify({ state }),
    });
    if (response.status === 404) return {};
    if (!response.ok) throw new Error(`the twin mps_notify: ${response.status} ${await response.text()}`);
    return response.json();
}

export async function handler({ event }) {
    const { state = {} } = await twin("GET");
    const url = state.desired?.url;
    if (url === undefined) return "nobody is to be told: mps_notify has no desired.url";
    const response = await fetch(url, {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify(message(event)), signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`${url} answers with ${response.status}`); // tried again, then given up
    const reported = { sent: (state.reported?.sent ?? 0) + 1, last: event.message };
    await twin("POST", { reported });
    return reported;
}
