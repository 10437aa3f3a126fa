// Sentences that services and functions say in English, in the language of the page. A message has a code, which is
// translated where it is known; everything else is found by its words. What is not known stays as it was said.
import { language } from "./words.js";

/// Codes of messages: of the automatic mode of the example plant, and of functions that use the same ones. `{}`: what the
/// sentence itself names.
const german = {
    clearing: "Das Band läuft, bis es leer ist.", homing: "Die Zylinder fahren zurück.",
    feeding: "Ein Werkstück wird zugeführt.", to_entry: "Ein Werkstück ist unterwegs.", to_sensor: "Ein Werkstück ist unterwegs.",
    at_sensor: "Ein Werkstück ist am Materialsensor.", stopping: "Ein Werkstück aus Metall hält vor dem Ausschieber.",
    back: "Ein Werkstück wird zum Materialsensor zurückgefahren.", ejecting: "Ein Werkstück aus Metall wird ausgeschleust.",
    returning: "Der Ausschieber fährt zurück.", to_exit: "Ein Werkstück ist unterwegs zum Auslauf.",
    running_out: "Das letzte Werkstück verlässt das Band.",
    press_start: "Start drücken.", go_on: "Start drücken, dann geht es weiter.",
    manual: "Der Schlüsselschalter steht auf Hand: auf Automatik drehen und Start drücken.",
    magazine_empty: "Das Magazin ist leer: auffüllen und Start drücken.",
    slide_full: "Die Rutsche ist voll: leeren und Start drücken.",
    emergency_stop: "Not-Halt. Lösen, Reset drücken, dann Start.",
    controller_stands: "Die Steuerung läuft nicht: {}. Reset drücken, dann Start.",
    controller_restarted: "Die Steuerung wurde neu gestartet. Start drücken.",
    command_refused: "Ein Befehl wurde abgewiesen: {}. Start drücken, dann geht es weiter.",
};

/// What stands for `{}` in a message, in English.
const named = {
    controller_stands: /^The controller does not run: (.*)\. Press reset, then start\.$/,
    command_refused: /^A command was refused: (.*)\. Press start to go on\.$/,
};

/// Parts of sentences, one after the other: of faults, causes and events.
const parts = [
    [/\. Look after it, then press reset and start\./, ". Nachsehen, dann Reset und Start drücken."],
    [/A cylinder did not return in time/, "Ein Zylinder ist nicht rechtzeitig zurückgefahren"],
    [/The magazine's cylinder did not reach its front end in time/, "Der Magazinzylinder hat sein vorderes Ende nicht rechtzeitig erreicht"],
    [/No workpiece arrived at the entry beam in time/, "Am Einlauf kam rechtzeitig kein Werkstück an"],
    [/The workpiece did not arrive at the material sensor in time/, "Das Werkstück kam nicht rechtzeitig am Materialsensor an"],
    [/The workpiece did not leave the material sensor in time/, "Das Werkstück hat den Materialsensor nicht rechtzeitig verlassen"],
    [/The belt did not stop in time/, "Das Band hielt nicht rechtzeitig an"],
    [/The workpiece did not come back to the material sensor in time/, "Das Werkstück kam nicht rechtzeitig zum Materialsensor zurück"],
    [/The ejector did not reach its front end in time/, "Der Ausschieber hat sein vorderes Ende nicht rechtzeitig erreicht"],
    [/The ejector did not return in time/, "Der Ausschieber ist nicht rechtzeitig zurückgefahren"],
    [/The workpiece did not pass the exit beam in time/, "Das Werkstück hat den Auslauf nicht rechtzeitig passiert"],
    [/the safe state is latched since: /, "der sichere Zustand hält seit: "],
    [/; remove the cause, then reset/, "; Ursache beseitigen, dann Reset"],
    [/emergency stop is active/, "Not-Halt ist betätigt"],
    [/the state of the emergency stop is unknown/, "der Zustand des Not-Halts ist unbekannt"],
    [/control authority lost: its holder did not renew it and nobody took it over/, "Befehlsgewalt verloren: nicht erneuert und von niemandem übernommen"],
    [/the I\/O driver does not answer/, "der E/A-Treiber antwortet nicht"],
    [/the controller was stopped/, "die Steuerung wurde angehalten"],
    [/(\S+) was pressed while nobody held the control authority/, "$1 wurde gedrückt, während niemand die Befehlsgewalt hatte"],
    [/End position not reached in time/, "Endlage nicht rechtzeitig erreicht"],
    [/Emergency stop active/, "Not-Halt betätigt"],
    [/Emergency stop released/, "Not-Halt gelöst"],
    [/Safe state entered/, "Sicherer Zustand eingenommen"],
    [/Safe state left/, "Sicherer Zustand verlassen"],
    [/^(\S+) refused: /, "$1 abgewiesen: "],
    [/Command refused/, "Befehl abgewiesen"],
    [/: Fault/, ": Störung"],
    [/Control authority granted/, "Befehlsgewalt erteilt"],
    [/Control authority given back/, "Befehlsgewalt zurückgegeben"],
    [/Control authority lost: not renewed in time, or its session ended/, "Befehlsgewalt verloren: nicht rechtzeitig erneuert, oder die Sitzung ist beendet"],
    [/Control authority broken by another session/, "Befehlsgewalt von einer anderen Sitzung gebrochen"],
    [/A workpiece left its path and is lost/, "Ein Werkstück hat seinen Weg verlassen und ist verloren"],
    [/The feed position is occupied: the pusher is blocked/, "Der Platz vor dem Schieber ist belegt: der Schieber steht an"],
    [/connected to the edge: (\d+) things, (\d+) values/, "mit der Edge verbunden: $1 Dinge, $2 Werte"],
    [/connection to the edge lost/, "Verbindung zur Edge verloren"],
    [/no connection to (\S+): /, "keine Verbindung zu $1: "],
    [/no answer from (\S+) (?:for|within) (\d+) s/, "keine Antwort von $1 seit $2 s"],
    [/Connection refused; is the server running\?/, "Verbindung abgewiesen; läuft der Server?"],
];

/// A sentence without a code.
export function sentence(text) {
    if (language !== "de") return text;
    return parts.reduce((said, [pattern, words]) => said.replace(pattern, words), text);
}

/// What a function says: `code` is for programs such as this one, `message` the sentence in English.
export function message(text, code) {
    const known = language === "de" ? german[code] : undefined;
    if (known === undefined) return sentence(text);
    if (!known.includes("{}")) return known;
    const detail = text.match(named[code])?.[1];
    return detail === undefined ? sentence(text) : known.replace("{}", () => sentence(detail));
}
