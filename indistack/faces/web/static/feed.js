// The stream of states. It is opened again after sleep, and when nothing has come for a while.
const SILENT_MS = 20000;

export class Feed {
  constructor(take, change) {
    this.take = take;       // gets every state
    this.change = change;   // is told whether the connection is there
    this.heard = Date.now();
    this.state = null;
    this.open();
    setInterval(() => this.check(), 2000);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.again()));
    addEventListener("online", () => this.again());
    addEventListener("pageshow", (event) => event.persisted && this.again());
  }

  open() {
    const source = new EventSource("/api/v1/events");
    this.source = source;
    source.addEventListener("state", (event) => this.got(JSON.parse(event.data)));
    source.addEventListener("beat", () => this.alive());
    source.onerror = () => source === this.source && this.change(false);
  }

  close() {
    if (this.source) this.source.close();
    this.source = null;
  }

  alive() {
    this.heard = Date.now();
    this.change(true);
  }

  got(state) {
    this.alive();
    if (this.state && state.run === this.state.run && state.number < this.state.number) return;
    this.state = state;
    this.take(state);
  }

  check() {
    if (document.hidden || Date.now() - this.heard < SILENT_MS) return;
    this.change(false);
    this.again();
  }

  // A new stream, and the state once without it: some networks hold streams back.
  async again() {
    this.close();
    this.open();
    this.heard = Date.now();
    try {
      const answer = await fetch("/api/v1/status", { cache: "no-store" });
      if (answer.status === 401) location.reload();  // the code is asked for again
      if (answer.ok) this.got(await answer.json());
    } catch { /* the next check tries again */ }
  }
}
