// ZIP archives as Lambda takes them: files with their permissions, stored.
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
});

function crc32(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
    return (crc ^ 0xffffffff) >>> 0;
}

/// @param files {name: text}; a name in `programs` may be executed
export function zip(files, programs = ["bootstrap"]) {
    const parts = [], directory = [];
    let offset = 0;
    for (const [name, text] of Object.entries(files)) {
        const bytes = Buffer.from(text), crc = crc32(bytes), nameBytes = Buffer.from(name);
        const local = Buffer.alloc(30), central = Buffer.alloc(46);
        local.writeUInt32LE(0x04034b50, 0);
        central.writeUInt32LE(0x02014b50, 0);
        central.writeUInt16LE(0x0314, 4); // made on Unix
        for (const [header, at] of [[local, 4], [central, 6]]) {
            header.writeUInt16LE(20, at);
            header.writeUInt16LE(0x21, at + 8); // 1980-01-01
            header.writeUInt32LE(crc, at + 10);
            header.writeUInt32LE(bytes.length, at + 14);
            header.writeUInt32LE(bytes.length, at + 18);
            header.writeUInt16LE(nameBytes.length, at + 22);
        }
        central.writeUInt32LE(((0o100000 | (programs.includes(name) ? 0o755 : 0o644)) << 16) >>> 0, 38);
        central.writeUInt32LE(offset, 42);
        parts.push(local, nameBytes, bytes);
        directory.push(central, nameBytes);
        offset += local.length + nameBytes.length + bytes.length;
    }
    const central = Buffer.concat(directory), end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Object.keys(files).length, 8);
    end.writeUInt16LE(Object.keys(files).length, 10);
    end.writeUInt32LE(central.length, 12);
    end.writeUInt32LE(offset, 16);
    return Buffer.concat([...parts, central, end]);
}
