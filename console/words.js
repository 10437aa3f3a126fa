// What people read, in English and German.

const german = {
    "Edge": "Edge", "Gateway": "Gateway", "Twins": "Zwillinge", "Functions": "Funktionen", "API": "API", "Cloud": "Cloud",
    "connected": "verbunden", "connecting": "verbindet", "lost": "verloren", "running": "läuft", "degraded": "gestört",
    "down": "ausgefallen", "not configured": "nicht eingerichtet", "unknown": "unbekannt",
    "Live": "Live", "Connecting": "Verbinde", "Not live": "Nicht aktuell",
    "no connection to the server": "keine Verbindung zum Server",
    "the twin service is down": "der Zwillingsdienst ist ausgefallen",
    "the functions service is down": "der Funktionsdienst ist ausgefallen",
    "the gateway is down": "das Gateway ist ausgefallen",
    "the connection to the edge is lost": "die Verbindung zur Edge ist verloren",
    "the edge is silent": "die Edge schweigt",
    "waiting for the first data": "warte auf die ersten Daten",
    "Values are not current": "Werte sind nicht aktuell",
    "last change": "letzte Änderung",
    "Production": "Produktion", "Mode": "Betriebsart", "State": "Zustand", "Message": "Meldung", "Cause": "Ursache",
    "Controller": "Steuerung",
    "automatic": "Automatik", "manual": "Hand", "producing": "produziert", "stopped": "gestoppt", "idle": "bereit",
    "stopping": "hält an", "interrupted": "unterbrochen", "starting": "startet", "fault": "Störung", "run": "läuft", "stop": "steht", "safe": "sicherer Zustand",
    "open": "offen",
    "closed": "zu",
    "opening": "öffnet",
    "closing": "schließt",
    "bad": "unbrauchbar",
    "moving": "fährt",
    "positioned": "in Stellung",
    "Workpieces": "Werkstücke", "fed": "zugeführt", "sorted": "ausgeschleust", "passed": "durchgelaufen",
    "lost pieces": "verloren", "onBelt": "auf dem Band",
    "counted": "gezählt", "simulated": "simuliert", "counted by the function": "von der Funktion gezählt",
    "true in the simulated plant": "wahr in der simulierten Anlage",
    "Simulated panel": "Simuliertes Bedienpult",
    "These are hands on the simulated station.": "Das sind Hände an der simulierten Station.",
    "Refill magazine": "Magazin füllen", "Empty slide": "Rutsche leeren",
    "Release emergency stop": "Not-Halt lösen",
    "refused": "abgewiesen", "done": "ausgeführt",
    "Events": "Ereignisse", "No events yet": "Noch keine Ereignisse",
    "urgent": "dringend", "warning": "Warnung", "note": "Hinweis",
    "connection lost": "Verbindung verloren", "connection restored": "Verbindung wieder da",
    "console": "Konsole",
    "Clock": "Anlagenzeit", "ScanCycles": "Zyklen", "ScanMissed": "Ausgelassen", "ScanTime": "Zyklus, Mittel", "ScanTimeMax": "Zyklus, längster",
    "empty": "leer", "full": "voll", "active": "betätigt", "bad quality": "schlechte Qualität",
    "retracted": "eingefahren", "extended": "ausgefahren", "extending": "fährt aus", "retracting": "fährt ein",
    "right": "rechts", "left": "links", "slow": "langsam", "fast": "schnell", "off": "aus", "on": "ein",
    "workpiece": "Werkstück", "free": "frei", "detected": "erkannt", "pressed": "gedrückt", "lit": "leuchtet", "dark": "dunkel",
    "log in again": "neu anmelden", "The log-in has expired": "Die Anmeldung ist abgelaufen",
};

export const language = navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
document.documentElement.lang = language;

const english = {
    Clock: "Plant time", ScanCycles: "Scan cycles", ScanMissed: "Missed scans", ScanTime: "Scan, mean", ScanTimeMax: "Scan, longest",
    onBelt: "on the belt", "Release emergency stop": "Release e-stop", "lost pieces": "lost" };

export function say(word) {
    return (language === "de" ? german[word] : english[word]) ?? word;
}

/// Names of the model that are not made for people: "ScanTimeMax" reads "scan time max", or as the words above say.
export function phrase(key) {
    const known = say(key);
    return known === key ? key.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/ [A-Z](?=[a-z])/g, (letter) => letter.toLowerCase()) : known;
}

/// "1:02:03"
export function duration(ms) {
    const seconds = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, "0");
    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/// Of {en, de}.
export function name(displayName) {
    return displayName?.[language] ?? displayName?.en ?? "";
}

export function number(value, digits = 0) {
    return value.toLocaleString(language, { maximumFractionDigits: digits });
}

/// "3 s", "2 min", "5 h"
export function age(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
    return `${Math.floor(seconds / 3600)} h`;
}

export function clock(ms) {
    return new Date(ms).toLocaleTimeString(language, { hour12: false });
}
