// The page: asks the model for the picture once, then lives from the event stream.
import { byId, setClass, setText } from "./dom.js";
import { Events, titleEvents } from "./events.js";
import { Picture } from "./picture.js";
import { Plant } from "./plant.js";
import { Hands, Production, Workpieces } from "./side.js";
import { Stream } from "./stream.js";
import { Tiers } from "./tiers.js";
import { age, clock, name, say } from "./words.js";

async function fetchPicture() {
    for (;;) {
        const answer = await fetch("/v1/plant").catch(() => null);
        if (answer?.ok) return answer.json();
        setText(byId("link"), answer?.status === 401 ? say("The log-in has expired") : say("no connection to the server"));
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
}

function showLink(plant, stream) {
    const stale = plant.stationStaleness();
    const link = byId("link");
    setText(link, stream.live ? `${say("Live")} ${clock(stream.heardAt)}` : stream.heardAt ? say("Not live") : say("Connecting"));
    setClass(link, "alarm", !stream.live && stream.heardAt > 0);
    const banner = byId("stale");
    banner.hidden = !stale || (!stream.heardAt && !stream.expired);
    if (banner.hidden) return;
    const since = stale.since ? ` (${say("last change")} ${clock(stale.since)}, ${age(Date.now() - stale.since)})` : "";
    const reason = stream.expired ? `${say("The log-in has expired")}: ${say("log in again")}` : stale.reason;
    setText(byId("stale-reason"), `${say("Values are not current")}: ${reason}`); // told once by a screen reader
    setText(byId("stale-age"), since);
}

async function main() {
    titleEvents(byId("events-title"));
    const plant = new Plant(await fetchPicture());
    const title = name(plant.picture.station.displayName);
    setText(byId("plant"), title);
    document.title = title;

    const events = new Events(document.querySelector("#events tbody"));
    const parts = [new Tiers(plant, byId("tiers")), new Picture(plant, byId("picture")), new Production(plant, byId("production")),
        new Workpieces(plant, byId("workpieces")), new Hands(plant, byId("hands"))];

    // Changes are drawn at most once per frame, however many arrive. Age alone changes things as well: twice a second.
    let drawn = true;
    const draw = () => {
        drawn = true;
        for (const part of parts) part.update();
        showLink(plant, stream);
    };
    const changed = () => {
        if (drawn) requestAnimationFrame(draw);
        drawn = false;
    };
    const stream = new Stream("/v1/events", {
        twin: (data) => { plant.takeTwin(data); changed(); },
        status: (data) => { plant.takeStatus(data); plant.linkHeardAt = stream.heardAt; changed(); },
        event: (data) => events.add(data),
        state: (live) => {
            if (plant.linkHeardAt || !live)
                events.add({ time: Date.now(), severity: live ? 300 : 700, source: say("console"), message: say(live ? "connection restored" : "connection lost") });
            plant.linkLive = live;
            plant.linkHeardAt = stream.heardAt;
            changed();
        },
    });
    setInterval(changed, 500);
    draw();
}

main();
