// Certificates that nobody knows: self-signed, as a stranger or a test would bring them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { run } from "./splc.mjs";

/// An application instance certificate as OPC UA wants it, in all four forms that the data folder has.
/// @return {certificate, key, certificateDer, keyDer}: paths of FOLDER/NAME.pem, .key.pem, .der, .key.der
export async function makeApplicationCertificate(folder, name, applicationUri) {
    fs.mkdirSync(folder, { recursive: true });
    const file = (end) => path.join(folder, `${name}.${end}`);
    const made = { certificate: file("pem"), key: file("key.pem"), certificateDer: file("der"), keyDer: file("key.der") };
    await openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-subj", `/CN=${name}`,
        "-addext", `subjectAltName=URI:${applicationUri},DNS:localhost`,
        "-addext", "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyCertSign",
        "-addext", "extendedKeyUsage=clientAuth,serverAuth", "-keyout", made.key, "-out", made.certificate);
    await openssl("x509", "-in", made.certificate, "-outform", "der", "-out", made.certificateDer);
    await openssl("rsa", "-in", made.key, "-outform", "der", "-traditional", "-out", made.keyDer);
    fs.chmodSync(made.keyDer, 0o600);
    return made;
}

async function openssl(...args) {
    // node-opcua leaves that in the environment, where openssl takes it for the name of a file.
    if (process.env.OPENSSL_CONF === "undefined") delete process.env.OPENSSL_CONF;
    const { status, stderr } = await run("openssl", args);
    assert.equal(status, 0, `openssl ${args.join(" ")}: ${stderr}`);
}
