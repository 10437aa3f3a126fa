// An address space as one can browse it, whoever holds it: a server, or node-opcua that has loaded a NodeSet. What is not
// of the standard comes out as a map from "uri|identifier" to what the node says of itself; live values do not.
import { AttributeIds, NodeClass } from "node-opcua-client";

const ATTRIBUTES = ["BrowseName", "DisplayName", "Description", "DataType", "ValueRank", "AccessLevel"];
const STANDARD = "http://opcfoundation.org/UA/";
const BATCH = 400; // nodes in one request

/// @param session     of node-opcua: of a client, or a PseudoSession
/// @param namespaces  its namespace array
export async function addressSpace(session, namespaces, station) {
    const nodes = new Map();
    const uriOf = (index) => namespaces[index] ?? `namespace ${index}`;
    const name = (id) => `${uriOf(id.namespace)}|${id.value}`;
    // Of the specifications of others a server holds what it uses, a tool all of it.
    const isOurs = (id) => uriOf(id.namespace).startsWith("urn:serverless-plc:");
    const references = async (ids) => {
        const results = await session.browse(ids.map((nodeId) => ({
            nodeId, referenceTypeId: "References", browseDirection: 0, includeSubtypes: true, nodeClassMask: 0, resultMask: 63,
        })));
        return results.map((result) => result.references);
    };
    const top = (await references(["i=85", "i=58"])).flat();
    let found = top.filter((one) => isOurs(one.nodeId) && (one.nodeClass === NodeClass.ObjectType || one.browseName.name === station));
    const seen = new Set();
    while (found.length > 0) {
        const batch = found.splice(0, BATCH).filter((one) => !seen.has(name(one.nodeId)));
        for (const one of batch) seen.add(name(one.nodeId));
        if (batch.length === 0) continue;
        const all = await references(batch.map((one) => one.nodeId));
        for (const [i, one] of batch.entries()) {
            nodes.set(name(one.nodeId), { id: one.nodeId, class: NodeClass[one.nodeClass], references: all[i].map((to) => `${to.referenceTypeId.value} ${name(to.nodeId)}`).sort() });
            found.push(...all[i].filter((to) => isOurs(to.nodeId)));
        }
    }
    const list = [...nodes.values()];
    for (let at = 0; at < list.length; at += 100) await readAttributes(session, list.slice(at, at + 100), uriOf);
    return nodes;
}

async function readAttributes(session, nodes, uriOf) {
    const wanted = nodes.flatMap((node) => [...ATTRIBUTES, "Value"].map((attribute) => ({ nodeId: node.id, attributeId: AttributeIds[attribute] })));
    const values = await session.read(wanted);
    for (const [i, node] of nodes.entries()) {
        const mine = values.slice(i * (ATTRIBUTES.length + 1));
        for (const [j, attribute] of ATTRIBUTES.entries()) {
            if (mine[j].statusCode.isGood()) node[attribute] = plain(mine[j].value.value, uriOf);
        }
        if (node.class === "Method") delete node.Description; // node-opcua does not read it from a NodeSet
        // Properties and the names of channels never change, but for the lock's, which have a history; what the plant says
        // now is no part of the address space.
        const HISTORY_READ = 4;
        const isProperty = node.references.some((reference) => reference === `40 ${STANDARD}|68`) && (node.AccessLevel & HISTORY_READ) === 0;
        const isChannelName = /\/Name$/.test(String(node.id.value));
        if (isProperty || isChannelName) node.value = plain(mine[ATTRIBUTES.length].value.value, uriOf);
        delete node.id;
    }
}

/// Numbers of namespaces differ from server to server, and an absent text is as good as an empty one.
function plain(value, uriOf) {
    if (value === null || value === undefined) return "";
    if (Array.isArray(value)) return value.map((one) => plain(one, uriOf));
    if (typeof value !== "object") return value;
    if ("namespaceIndex" in value && "name" in value) return `${uriOf(value.namespaceIndex)}:${value.name}`;
    if ("identifierType" in value) return `${uriOf(value.namespace)}|${value.value}`;
    if ("locale" in value && "text" in value) return value.text ?? "";
    if ("unitId" in value) return { unitId: value.unitId, displayName: plain(value.displayName), namespaceUri: value.namespaceUri };
    if ("low" in value && "high" in value) return { low: value.low, high: value.high };
    if ("valueRank" in value && "dataType" in value)
        return { name: value.name, dataType: plain(value.dataType, uriOf), valueRank: value.valueRank, description: plain(value.description) };
    return String(value);
}
