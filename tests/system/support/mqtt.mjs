// mqtt.js as a device: certificate of the thing, MQTT 3.1.1, the topics of AWS IoT.
import fs from "node:fs";
import mqtt from "mqtt";
import { until } from "./until.mjs";

let requests = 0;

export class Device {
    /// @param part  part `mqtt` of connect.json
    static async connect(part, thing, options = {}) {
        const device = new Device();
        device.thing = thing;
        device.received = [];
        device.client = mqtt.connect(part.url, { ...credentials(part, thing), ...options });
        // Before it is connected: what a session has kept comes at once.
        device.client.on("message", (topic, payload) => device.received.push({ topic, payload: parsed(payload) }));
        await device.connected();
        return device;
    }

    async connected() {
        try {
            await new Promise((resolve, reject) => {
                this.client.once("connect", resolve);
                this.client.once("error", reject);
                this.client.once("close", () => reject(new Error("closed by the broker")));
            });
        } catch (error) {
            this.client.end(true);
            throw error;
        }
    }

    topic(operation, { thing = this.thing, shadow } = {}) {
        return `$aws/things/${thing}/shadow${shadow ? `/name/${shadow}` : ""}/${operation}`;
    }

    /// True when the broker grants it.
    async subscribe(topic, qos = 0) {
        try {
            const granted = await this.client.subscribeAsync(topic, { qos });
            return granted.every((one) => one.qos < 128);
        } catch {
            return false;
        }
    }

    publish(topic, body, qos = 0) {
        return this.client.publishAsync(topic, typeof body === "string" ? body : JSON.stringify(body), { qos });
    }

    /// Publishes a shadow request and waits for its answer, which is told from others by the token.
    /// @return {accepted, document}
    async request(operation, body, where = {}) {
        const topic = this.topic(operation, where);
        const seen = this.received.length;
        const token = typeof body === "object" && body.clientToken === undefined ? `request-${++requests}` : undefined;
        await this.publish(topic, token ? { ...body, clientToken: token } : body);
        const answer = await until(`an answer on ${topic}`, () => this.received.slice(seen).find((message) =>
            [`${topic}/accepted`, `${topic}/rejected`].includes(message.topic) && (!token || message.payload.clientToken === token)));
        if (token) delete answer.payload.clientToken; // ours
        return { accepted: answer.topic.endsWith("/accepted"), document: answer.payload };
    }

    /// The next message on a topic after the first `skip` ones that were received in all.
    message(topic, skip = 0) {
        return until(`a message on ${topic}`, () => this.received.slice(skip).find((message) => message.topic === topic));
    }

    /// Everything that came on a topic.
    on(topic) {
        return this.received.filter((message) => message.topic === topic).map((message) => message.payload);
    }

    end() {
        return this.client.endAsync();
    }
}

export function credentials(part, thing) {
    const { certificate, key } = part.devices[thing];
    return {
        ca: fs.readFileSync(part.ca), cert: fs.readFileSync(certificate), key: fs.readFileSync(key),
        clientId: thing, protocolVersion: 4, clean: true, reconnectPeriod: 0, connectTimeout: 10_000, rejectUnauthorized: true,
    };
}

function parsed(payload) {
    try {
        return JSON.parse(payload.toString());
    } catch {
        return payload.toString();
    }
}
