// The event stream of the server: comes back by itself, and knows when it is not live. Silence counts, not the state
// of a socket: the server says something every second.

const SILENT_MS = 3000; // not live any more
const DEAD_MS = 8000; // close it and open another
const RETRY_MS = 1000;

export class Stream {
    /// @param take  {twin(data), status(data), event(data), state(live)}: `state` on every change of `live`
    constructor(url, take) {
        this.url = url;
        this.take = take;
        this.live = false;
        this.heardAt = 0; // wall clock, ms; 0: never
        this.expired = false; // the log-in is not accepted any more
        this.open();
        setInterval(() => this.check(), 250);
    }

    open() {
        this.source?.close();
        this.openedAt = performance.now();
        this.source = new EventSource(this.url);
        for (const type of ["twin", "status", "event"])
            this.source.addEventListener(type, (message) => this.hear(type, JSON.parse(message.data)));
        this.source.onerror = () => this.fail();
    }

    hear(type, data) {
        this.heardTick = performance.now();
        this.heardAt = Date.now();
        if (!this.live) {
            this.live = true;
            this.expired = false;
            this.take.state(true);
        }
        this.take[type](data);
    }

    fail() {
        this.lose();
        // The browser tries again by itself unless the server refused: then we do.
        if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.openAgain(), RETRY_MS);
    }

    async openAgain() {
        const answer = await fetch("/v1/things").catch(() => null);
        this.expired = answer?.status === 401;
        this.open();
    }

    lose() {
        if (!this.live) return;
        this.live = false;
        this.take.state(false);
    }

    check() {
        const now = performance.now();
        if (this.live && now - this.heardTick > SILENT_MS) this.lose();
        if (!this.live && now - Math.max(this.heardTick ?? 0, this.openedAt) > DEAD_MS) this.open();
    }
}
