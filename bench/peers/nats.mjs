// As much of a NATS client as it takes to listen: TLS, user and password, subscriptions.
import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";

/// @param part  `nats` of connect.json
/// @param take  (subject, payload) => ... for every message, at once
export async function listen(part, subjects, take) {
    const url = new URL(part.url);
    const plain = net.connect(Number(url.port), url.hostname);
    await new Promise((resolve, reject) => plain.once("data", resolve).once("error", reject)); // INFO
    const socket = tls.connect({ socket: plain, ca: fs.readFileSync(part.ca), servername: "localhost" });
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    socket.setNoDelay(true);
    const user = { user: part.user, pass: fs.readFileSync(part.passwordFile, "utf8").trim() };
    const ready = receive(socket, take);
    socket.write(`CONNECT ${JSON.stringify({ ...user, verbose: false, pedantic: false, tls_required: true, lang: "js", version: "0" })}\r\n`);
    subjects.forEach((subject, i) => socket.write(`SUB ${subject} ${i + 1}\r\n`));
    socket.write("PING\r\n");
    await ready;
    return { close: () => socket.destroy() };
}

/// @return a promise of the first PONG: what was sent before it has been taken
function receive(socket, take) {
    let rest = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
        socket.on("error", reject);
        socket.on("data", (bytes) => {
            rest = Buffer.concat([rest, bytes]);
            for (let end; (end = rest.indexOf("\r\n")) >= 0;) {
                const line = rest.toString("utf8", 0, end), words = line.split(" ");
                if (words[0] === "-ERR") reject(new Error(line));
                if (words[0] === "PONG") resolve();
                if (words[0] === "PING") socket.write("PONG\r\n");
                const size = words[0] === "MSG" ? Number(words.at(-1)) : -2;
                if (rest.length < end + 2 + size + 2) return; // the payload is still to come
                if (size >= 0) take(words[1], rest.subarray(end + 2, end + 2 + size));
                rest = rest.subarray(end + 2 + size + 2);
            }
        });
    });
}
