// State of a function: read a twin, change it, and begin again when somebody else was faster (409).
// AWS's SDK (@aws-sdk/client-iot-data-plane) does the same with GetThingShadow and UpdateThingShadow.
const ATTEMPTS = 10;

async function call(thing, method, body) {
    const { AWS_ENDPOINT_URL_IOT_DATA_PLANE: url, AWS_SESSION_TOKEN: token } = process.env;
    const response = await fetch(`${url}/things/${thing}/shadow`, { method, headers: { "X-Amz-Security-Token": token }, body });
    return { status: response.status, document: await response.json() };
}

/// `change(reported)` gives what is to be reported next. Returns it.
export async function update(thing, change) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const before = await call(thing, "GET");
        const known = before.status === 200;
        if (!known && before.status !== 404) throw new Error(`${thing}: ${before.status} ${before.document.message}`);
        const reported = change(known ? before.document.state.reported ?? {} : {});
        const state = { state: { reported }, ...(known && { version: before.document.version }) };
        const after = await call(thing, "POST", JSON.stringify(state));
        if (after.status === 200) return reported;
        if (after.status !== 409) throw new Error(`${thing}: ${after.status} ${after.document.message}`);
    }
    throw new Error(`${thing}: others were faster ${ATTEMPTS} times`);
}
