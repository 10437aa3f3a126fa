// Processes as /proc shows them. A process is known by its id and its start time, so that a reused id is no match.
import fs from "node:fs";

/// @return {pid, parent, started, state, command: [words]} or null when there is no such process
export function processOf(pid) {
    try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
        return { pid: Number(pid), state: fields[0], parent: Number(fields[1]), started: fields[19], command };
    } catch {
        return null;
    }
}

export function allProcesses() {
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(processOf).filter(Boolean);
}

/// Children, their children and so on.
export function descendantsOf(pid) {
    const all = allProcesses();
    const found = [];
    const parents = [Number(pid)];
    while (parents.length > 0) {
        const parent = parents.shift();
        for (const process of all.filter((candidate) => candidate.parent === parent)) {
            found.push(process);
            parents.push(process.pid);
        }
    }
    return found;
}

/// Still there and not a zombie that only waits for its parent.
export function isAlive({ pid, started }) {
    const now = processOf(pid);
    return now !== null && now.started === started && now.state !== "Z";
}

/// Every process that names `folder` in its command line or its working folder: nobody escapes by another parent.
export function processesOf(folder) {
    return allProcesses().filter(({ pid, command, state }) => {
        if (pid === process.pid || state === "Z") return false;
        if (command.some((word) => word.includes(folder))) return true;
        try {
            return fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
        } catch {
            return false;
        }
    });
}

/// Resident memory in KiB.
export function memoryOf(pid) {
    const line = fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB$/m);
    return line ? Number(line[1]) : 0;
}
