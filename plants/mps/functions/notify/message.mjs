// Pure: what is sent. `text` is what chats show; the rest is for programs.
export function message({ time, severity, source, message: words }) {
    return { text: `${severity >= 700 ? "Failure" : "Warning"} in ${source}: ${words}`, time, severity, source };
}
