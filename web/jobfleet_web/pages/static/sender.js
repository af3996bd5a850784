// Files on their way to the server: four at a time, each tried again with the same key.

import { ask, newKey, pause, send } from "./api.js";
import { Row } from "./batch.js";

// A browser opens six connections to one server: two are left for pictures and news.
const AT_A_TIME = 4;

// After so many tries in a row the person decides.
const TRIES_MAX = 6;

// It has an address of its own.
const STATS = "stats";

const WAIT_FIRST_MS = 1000;
const WAIT_MAX_MS = 30000;

export class Sender {
  /** `notices` is told of what holds up all uploads, `begin` gives the batch its id before the first. */
  constructor(batch, notices, begin) {
    Object.assign(this, { batch, notices, begin });
    this._line = [];
    this._active = 0;
    this._heldUntil = 0;
  }

  get isBusy() {
    return this._active > 0 || this._line.length > 0;
  }

  /** Send files with one operation; return their rows. */
  addFiles(files, operation, parameters) {
    const rows = files.map(({ file, name }) => new Row({ file, name, operation, parameters, key: newKey() }));
    return this._add(rows);
  }

  addNumbers(text, operation, parameters) {
    const file = new File([text], "typed numbers.txt", { type: "text/plain" });
    return this.addFiles([{ file, name: file.name }], operation, parameters);
  }

  /** Try again: an upload under its old key, a job that failed as a new one with the same stored input. */
  async again(row) {
    if (!row.job) {
      row.tries = 0;
      row.problem = null;
      row.sent = 0;
      row.enter("queued");
      this.batch.tell([row]);
      this._push([row]);
      return;
    }
    row.enter("waiting");
    this.batch.tell([row]);
    try {
      const answer = await ask(row.job.links.retry || `/api/v1/jobs/${row.job.id}/retry`, {
        method: "POST", headers: { "Idempotency-Key": newKey() },
      });
      this.batch.replace(row, answer.job || answer);
    } catch (problem) {
      row.enter("failed");
      this.notices.show("retry", { text: `${row.name} could not be sent again. ${problem.message}`, mend: problem.mend });
      this.batch.tell([row]);
    }
  }

  _add(rows) {
    this.batch.add(rows);
    this._push(rows);
    return rows;
  }

  _push(rows) {
    this._line.push(...rows);
    this._go();
  }

  async _go() {
    if (!this._line.length || this._active >= AT_A_TIME) return;
    if (!this.batch.id) {
      this._begun ??= this._begin();
      await this._begun;
      if (!this.batch.id) return;
    }
    while (this._line.length && this._active < AT_A_TIME) this._one(this._line.shift());
  }

  /** Have a batch made. What cannot be sent says so in its row, with a button to try again. */
  async _begin() {
    try {
      await this.begin();
      this.notices.clear("begin");
    } catch (problem) {
      const rows = this._line.splice(0);
      for (const row of rows) this._giveUp(row, problem);
      this.batch.tell(rows);
    } finally {
      this._begun = null;
    }
  }

  async _one(row) {
    this._active += 1;
    row.tries += 1;
    row.enter("uploading");
    this.batch.tell([row]);
    try {
      const answer = await this._upload(row);
      row.sent = 1;
      this.batch.tie(row, answer.jobs?.[0] ?? answer.job ?? answer);
      this.notices.clear("sending");
    } catch (problem) {
      await this._failed(row, problem);
    } finally {
      this._active -= 1;
      this.batch.settle();
      this._go();
    }
  }

  async _upload(row) {
    const wait = this._heldUntil - performance.now();
    if (wait > 0) await pause(wait);
    const headers = { Prefer: "respond-async", "Idempotency-Key": row.key };
    const onProgress = (sent) => {
      row.sent = sent;
      this.batch.tell([row]);
    };
    const form = new FormData();
    if (row.operation !== STATS) form.append("operation", row.operation);
    form.append("batch", this.batch.id);
    for (const [name, value] of Object.entries(asTexts(row.parameters))) form.append(name, value);
    form.append("file", row.file, row.name);
    const path = row.operation === STATS ? "/api/v1/stats" : "/api/v1/upload";
    return send(path, form, { headers, onProgress });
  }

  /** Put a row back in line if it may succeed later, and hold all others as long. */
  async _failed(row, problem) {
    // An upload that is told what became of it in the same answer was not refused: the job is there.
    const job = problem.body?.jobs?.[0] ?? problem.body?.job;
    if (job) {
      this.batch.tie(row, job);
      return;
    }
    if (!problem.passes || row.tries >= TRIES_MAX) {
      this._giveUp(row, problem);
      this.batch.tell([row]);
      return;
    }
    const wait = problem.retryAfter === null
      ? Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** (row.tries - 1))
      : Math.min(WAIT_MAX_MS, problem.retryAfter * 1000);
    this._heldUntil = performance.now() + wait;
    row.sent = 0;
    row.enter("queued");
    this.batch.tell([row]);
    this.notices.show("sending", { text: problem.message, mend: problem.mend, until: this._heldUntil });
    await pause(wait);
    this._line.unshift(row);
  }

  _giveUp(row, problem) {
    row.problem = problem;
    row.enter("failed");
    if (problem.status === 401) this.notices.show("token", { text: problem.message, mend: problem.mend });
  }
}

function asTexts(parameters) {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}
