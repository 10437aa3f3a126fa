// node-opcua, a client that knows nothing of us: what it can do, UaExpert and others can.
import fs from "node:fs";
import path from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import {
    AttributeIds, DataType, MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType,
} from "node-opcua-client";
import { NAMESPACE, STATION } from "./mps.mjs";

/// Clients of one plant: they trust its edge's certificate and no other.
export class OpcuaClients {
    /// @param connect  part `opcua` of connect.json
    /// @param folder   for the client's own certificate store; removed by the caller
    constructor(connect, folder) {
        this.connect = connect;
        this.folder = path.join(folder, "opcua-client");
        this.open = new Set();
    }

    async store() {
        if (this.manager) return this.manager;
        this.manager = new OPCUACertificateManager({ rootFolder: this.folder, automaticallyAcceptUnknownCertificate: false });
        await this.manager.initialize();
        await this.manager.trustCertificate(fs.readFileSync(this.connect.serverCertificate));
        return this.manager;
    }

    /// A client that has a secure channel, or throws. Options of node-opcua may be replaced.
    async channel(options = {}) {
        const client = OPCUAClient.create({
            applicationName: "system test",
            applicationUri: this.connect.applicationUri,
            securityMode: MessageSecurityMode[this.connect.securityMode],
            securityPolicy: SecurityPolicy[this.connect.securityPolicy],
            certificateFile: pem(this.connect.clientCertificate),
            privateKeyFile: pem(this.connect.clientKey),
            clientCertificateManager: await this.store(),
            endpointMustExist: false,
            keepSessionAlive: true,
            connectionStrategy: { maxRetry: 0, initialDelay: 50, maxDelay: 100 },
            transportTimeout: 10_000,
            ...options,
        });
        this.open.add(client);
        await client.connect(options.url ?? this.connect.url);
        return client;
    }

    /// A session of a user of connect.json ("operator", "viewer") or of anyone: {user, password}.
    /// `locales`: the languages that it asks for, which node-opcua has no option for.
    async session(who, { locales = [], ...options } = {}) {
        const client = await this.channel(options);
        if (locales.length > 0) askFor(client, locales);
        const session = await client.createSession(typeof who === "string" ? this.identity(who) : who);
        return new Session(client, session);
    }

    identity(name) {
        const { user, passwordFile } = this.connect[name];
        return { type: UserTokenType.UserName, userName: user, password: fs.readFileSync(passwordFile, "utf8").trim() };
    }

    async closeAll() {
        for (const client of this.open) await client.disconnect().catch(() => {});
        this.open.clear();
        await this.manager?.dispose();
    }
}

function askFor(client, locales) {
    const perform = client.performMessageTransaction;
    client.performMessageTransaction = function (request, ...rest) {
        if (request.constructor.name === "ActivateSessionRequest") request.localeIds = locales;
        return perform.call(this, request, ...rest);
    };
}

/// A session and the station's names. Node ids are string paths, so nothing has to be looked up.
export class Session {
    constructor(client, session) {
        this.client = client;
        this.session = session;
    }

    async namespace(uri = NAMESPACE) {
        return (await this.session.readNamespaceArray()).indexOf(uri);
    }

    /// The NodeId of a path below the station; "" is the station.
    async node(below) {
        this.index ??= await this.namespace();
        return `ns=${this.index};s=${[STATION, below].filter(Boolean).join("/")}`;
    }

    /// @return node-opcua's DataValue
    async read(below, attributeId = AttributeIds.Value) {
        return this.session.read({ nodeId: await this.node(below), attributeId });
    }

    async value(below) {
        return (await this.read(below)).value.value;
    }

    /// @return [{name, nodeId, nodeClass, typeDefinition}]
    async children(nodeId) {
        const result = await this.session.browse({
            nodeId, referenceTypeId: "HierarchicalReferences", browseDirection: 0, includeSubtypes: true, resultMask: 63,
        });
        return result.references.map((reference) => ({
            name: reference.browseName.name, nodeId: reference.nodeId.toString(), nodeClass: reference.nodeClass,
            typeDefinition: reference.typeDefinition?.toString(),
        }));
    }

    /// Calls the method "mps_conveyor/motor/setDirection" with [type, value] each.
    /// @return {status: "Good", outputs: [...], reason: the last output, of a commanding method}
    async call(method, ...typed) {
        const object = method.slice(0, Math.max(0, method.lastIndexOf("/")));
        const result = await this.session.call({
            objectId: await this.node(object), methodId: await this.node(method),
            inputArguments: typed.map(([dataType, value]) => ({ dataType, value })),
        });
        const outputs = (result.outputArguments ?? []).map((argument) => argument.value);
        return { status: result.statusCode.name, outputs, reason: outputs.at(-1) ?? "" }; // no text is an empty text
    }

    lock(context = "system test") {
        return this.call("Lock/InitLock", [DataType.String, context]);
    }

    async close() {
        await this.session.close().catch(() => {});
        await this.client.disconnect();
    }
}

/// node-opcua reads keys as PEM only.
function pem(file) {
    return file.endsWith(".der") ? file.slice(0, -4) + ".pem" : file;
}

export { AttributeIds, DataType, MessageSecurityMode, SecurityPolicy, UserTokenType };
