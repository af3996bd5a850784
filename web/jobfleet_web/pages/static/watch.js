// News of a batch: events from the server, and asking again and again where no events come.

import { ask, at, serverNow } from "./api.js";

const BACKOFF_FIRST_MS = 2000;
const BACKOFF_MAX_MS = 30000;

// An event stream that breaks off is opened again by the browser. One that fails so often is left for polling.
const BROKEN_MAX = 3;

export class Watch {
  constructor(batch, notices) {
    Object.assign(this, { batch, notices });
    this._source = null;
    this._timer = null;
    this._broken = 0;
    this._wait = BACKOFF_FIRST_MS;
    document.addEventListener("visibilitychange", () => this._seen());
    addEventListener("online", () => this.now());
  }

  /** Begin to watch; the batch has its id. */
  start() {
    this.now();
  }

  /** Read everything at once, then go on by events. */
  async now() {
    if (!this.batch.id || this._reading) return;
    clearTimeout(this._timer);
    this._reading = true;
    try {
      await this._readAll();
      this._wait = BACKOFF_FIRST_MS;
      this.notices.clear("connection");
      if (this._broken < BROKEN_MAX) this._listen();
      else this._later(BACKOFF_FIRST_MS * 2);
    } catch (problem) {
      this._stop();
      this._tellOf(problem);
      if (problem.status !== 404) this._later(this._wait, problem);
      this._wait = Math.min(BACKOFF_MAX_MS, this._wait * 2);
    } finally {
      this._reading = false;
    }
  }

  async _readAll() {
    let next = at(`/api/v1/batches/${this.batch.id}?limit=1000`);
    while (next) {
      const page = await ask(next);
      for (const job of page.jobs) this._take(job);
      next = page.next ? at(`/api/v1/batches/${this.batch.id}?limit=1000&after=${encodeURIComponent(page.next)}`) : null;
    }
    this.batch.wasRead = true;
    this.batch.tell([]);
  }

  _take(job) {
    const submitted = Date.parse(job.submitted_at || "");
    this.batch.take(job, Number.isNaN(submitted) ? null : Math.max(0, serverNow() - submitted));
  }

  _listen() {
    if (this._source || document.hidden) return;
    const source = new EventSource(at(`/api/v1/batches/${this.batch.id}/events`));
    this._source = source;
    source.addEventListener("job", (event) => this._take(JSON.parse(event.data)));
    let opened = false;
    source.addEventListener("open", () => {
      this._broken = 0;
      this.notices.clear("connection");
      // What happened while the stream was broken off was not heard.
      if (opened) this.now();
      opened = true;
    });
    source.addEventListener("error", () => {
      this._broken += 1;
      this._stop();
      this._later(this._wait);
    });
  }

  _stop() {
    this._source?.close();
    this._source = null;
  }

  _later(milliseconds, problem = null) {
    const wait = problem?.retryAfter ? problem.retryAfter * 1000 : milliseconds;
    clearTimeout(this._timer);
    // Tabs out of sight ask seldom.
    this._timer = setTimeout(() => this.now(), document.hidden ? wait * 10 : wait);
    if (problem) this._tellOf(problem, performance.now() + wait);
  }

  _tellOf(problem, until = null) {
    this.notices.show("connection", {
      text: problem.message, mend: problem.mend, until,
      action: { label: "Try now", run: () => this.now() },
    });
  }

  _seen() {
    if (document.hidden) {
      this._stop();
      clearTimeout(this._timer);
      return;
    }
    this._broken = 0;
    this.now();
  }
}
