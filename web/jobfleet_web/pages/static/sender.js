// Files on their way to the server: four uploads at a time, each tried again with the same key.

import { ask, at, newKey, pause, send } from "./api.js";
import { Row } from "./batch.js";

// A browser opens six connections to one server: two are left for pictures and news.
const AT_A_TIME = 4;

// After so many tries in a row the person decides.
const TRIES_MAX = 6;

// It has an address of its own.
const STATS = "stats";

// Where many small files wait, one upload takes several: the way there and back costs more than they do.
const GROUP_FILES = 25;
const GROUP_BYTES = 4_000_000;

const WAIT_FIRST_MS = 1000;
const WAIT_MAX_MS = 30000;

/** One upload: its rows, and the key under which all its tries meet the same jobs. */
class Parcel {
  constructor(rows) {
    Object.assign(this, { rows, key: newKey(), tries: 0 });
    for (const row of rows) row.parcel = this;
  }

  get bytes() {
    return this.rows.reduce((sum, row) => sum + row.bytes, 0);
  }

  /** Tell each row how much of it has gone out. */
  progress(sent) {
    let left = sent * this.bytes;
    for (const row of this.rows) {
      row.sent = row.bytes ? Math.min(1, Math.max(0, left / row.bytes)) : sent;
      left -= row.bytes;
    }
  }

  enter(state) {
    for (const row of this.rows) row.enter(state);
  }
}

export class Sender {
  /** `notices` is told of what holds up all uploads, `begin` gives the batch its id before the first. */
  constructor(batch, notices, begin) {
    Object.assign(this, { batch, notices, begin });
    this._line = [];
    this._again = [];
    this._active = 0;
    this._heldUntil = 0;
  }

  get isBusy() {
    return this._active > 0 || this._line.length > 0 || this._again.length > 0;
  }

  /** Send files with one operation; return their rows. */
  addFiles(files, operation, parameters) {
    const rows = files.map(({ file, name }) => new Row({ file, name, operation, parameters }));
    this.batch.add(rows);
    this._line.push(...rows);
    this._go();
    return rows;
  }

  addNumbers(text, operation, parameters) {
    const file = new File([text], "typed numbers.txt", { type: "text/plain" });
    return this.addFiles([{ file, name: file.name }], operation, parameters);
  }

  /** Try again: an upload under its old key, a job that failed as a new one with the same stored input. */
  async again(row) {
    if (!row.job) {
      this._uploadAgain(row);
      return;
    }
    const tried = row.job.id;
    row.enter("waiting");
    this.batch.tell([row]);
    try {
      const answer = await ask(row.job.links.retry || at(`/api/v1/jobs/${row.job.id}/retry`), {
        method: "POST", headers: { "Idempotency-Key": newKey() },
      });
      this.batch.take(answer.job || answer);
    } catch (problem) {
      // Where the answer alone was lost, news have told of the next try.
      if (row.job.id === tried) row.enter("failed");
      this.notices.show("retry", { text: `${row.name} could not be sent again. ${problem.message}`, mend: problem.mend });
      this.batch.tell([row]);
    }
  }

  /** Send an upload again as it was, or what never left. */
  _uploadAgain(row) {
    const rows = row.parcel ? row.parcel.rows : [row];
    for (const each of rows) {
      each.problem = null;
      each.sent = 0;
      each.enter("queued");
    }
    if (row.parcel) {
      row.parcel.tries = 0;
      this._again.push(row.parcel);
    } else {
      this._line.push(row);
    }
    this.batch.tell(rows);
    this._go();
  }

  async _go() {
    if (!this.isBusy || this._active >= AT_A_TIME) return;
    if (!this.batch.id) {
      this._begun ??= this._begin();
      await this._begun;
      if (!this.batch.id) return;
    }
    while (this._active < AT_A_TIME) {
      const parcel = this._again.shift() || this._pack();
      if (!parcel) return;
      this._one(parcel);
    }
  }

  /** Take the next upload from the line: one file, or several small ones where many wait. */
  _pack() {
    const first = this._line.shift();
    if (!first) return null;
    const most = Math.min(GROUP_FILES, Math.floor(this._line.length / (2 * AT_A_TIME)));
    const rows = [first];
    let bytes = first.bytes;
    while (rows.length < most) {
      const next = this._line[0];
      if (next.parameters !== first.parameters || bytes + next.bytes > GROUP_BYTES) break;
      bytes += next.bytes;
      rows.push(this._line.shift());
    }
    return new Parcel(rows);
  }

  /** Have a batch made. What cannot be sent says so in its row, with a button to try again. */
  async _begin() {
    try {
      await this.begin();
    } catch (problem) {
      this._giveUp(this._line.splice(0), problem);
    } finally {
      this._begun = null;
    }
  }

  async _one(parcel) {
    this._active += 1;
    parcel.tries += 1;
    parcel.enter("uploading");
    this.batch.tell(parcel.rows);
    try {
      const answer = await this._upload(parcel);
      parcel.progress(1);
      this._arrived(parcel, answer.jobs);
      this.notices.clear("sending");
    } catch (problem) {
      await this._failed(parcel, problem);
    } finally {
      this._active -= 1;
      this.batch.settle();
      this._go();
    }
  }

  /** The answer tells the jobs in the order of the files. */
  _arrived(parcel, jobs) {
    for (const [place, row] of parcel.rows.entries()) this.batch.tie(row, jobs[place]);
  }

  async _upload(parcel) {
    const wait = this._heldUntil - performance.now();
    if (wait > 0) await pause(wait);
    const [{ operation, parameters }] = parcel.rows;
    const form = new FormData();
    if (operation !== STATS) form.append("operation", operation);
    form.append("batch", this.batch.id);
    for (const [name, value] of Object.entries(asTexts(parameters))) form.append(name, value);
    for (const row of parcel.rows) form.append("file", row.file, row.name);
    return send(at(operation === STATS ? "/api/v1/stats" : "/api/v1/upload"), form, {
      headers: { Prefer: "respond-async", "Idempotency-Key": parcel.key },
      onProgress: (sent) => {
        parcel.progress(sent);
        this.batch.tell(parcel.rows);
      },
    });
  }

  /** Put an upload back in line if it may succeed later, and hold all others as long. */
  async _failed(parcel, problem) {
    // Jobs in the answer are there, whatever became of them.
    if (problem.body?.jobs?.length === parcel.rows.length) {
      this._arrived(parcel, problem.body.jobs);
    } else if (problem.passes && parcel.tries < TRIES_MAX) {
      await this._hold(parcel, problem);
    } else if (!problem.passes && parcel.rows.length > 1 && problem.status !== 401) {
      // Nothing of a refused upload was stored. Alone, only those are refused that must be.
      for (const row of parcel.rows) this._again.push(new Parcel([row]));
    } else {
      this._giveUp(parcel.rows, problem);
    }
  }

  async _hold(parcel, problem) {
    const wait = problem.retryAfter === null
      ? Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** (parcel.tries - 1))
      : Math.min(WAIT_MAX_MS, problem.retryAfter * 1000);
    this._heldUntil = performance.now() + wait;
    parcel.progress(0);
    parcel.enter("queued");
    this.batch.tell(parcel.rows);
    this.notices.show("sending", { text: problem.message, mend: problem.mend, until: this._heldUntil });
    await pause(wait);
    this._again.unshift(parcel);
  }

  _giveUp(rows, problem) {
    for (const row of rows) {
      row.problem = problem;
      row.enter("failed");
    }
    if (problem.status === 401) this.notices.show("token", { text: problem.message, mend: problem.mend });
    this.batch.tell(rows);
  }
}

function asTexts(parameters) {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}
