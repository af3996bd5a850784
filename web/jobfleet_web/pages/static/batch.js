// The jobs of a batch as this page knows them, whether sent from here or read from the server.

const DONE = ["succeeded", "failed"];

/**
 * One row: a file of this page, a job of the server, or both.
 *
 * `state` is queued, uploading, waiting, working, succeeded or failed; `since` is when it began, in
 * milliseconds of the page's clock. `sent` is 0 to 1. `problem` is why an upload ended without a job.
 */
export class Row {
  constructor({ file = null, name, operation, parameters }) {
    Object.assign(this, { file, name, operation, parameters });
    this.state = "queued";
    this.since = performance.now();
    this.sent = 0;
    this.parcel = null;
    this.job = null;
    this.problem = null;
    this.isAskedAgain = false;
    this.earlier = [];
  }

  get isDone() {
    return DONE.includes(this.state);
  }

  get isOnItsWay() {
    return this.state === "queued" || this.state === "uploading";
  }

  get bytes() {
    return this.file?.size ?? this.job?.bytes ?? null;
  }

  enter(state) {
    if (this.state === state) return;
    this.state = state;
    this.since = performance.now();
  }
}

export class Batch extends EventTarget {
  constructor(id = "") {
    super();
    this.id = id;
    this.rows = [];
    this._byJob = new Map();
    this._failed = new Map();
    this._early = new Map();
  }

  counts() {
    const counts = { all: this.rows.length, underWay: 0, succeeded: 0, failed: 0, toSend: 0, outputs: 0 };
    for (const row of this.rows) {
      if (row.state === "succeeded") counts.succeeded += 1;
      else if (row.state === "failed") counts.failed += 1;
      else counts.underWay += 1;
      if (row.isOnItsWay) counts.toSend += 1;
      if (row.job?.output) counts.outputs += 1;
    }
    return counts;
  }

  add(rows) {
    this.rows.push(...rows);
    this.tell(rows);
  }

  /** Take what the server says of a job. */
  take(job, sentAgo = null) {
    // News may come before the answer to the upload: then it is kept until that says whose it is.
    if (!this._byJob.has(job.id) && this._mayBeOurs(job)) {
      this._early.set(job.id, job);
      return null;
    }
    const row = this._byJob.get(job.id) || this._adopt(job) || this._newRow(job, sentAgo);
    if (row.job?.id !== job.id || !isOlder(job, row.job)) {
      row.job = withFacts(job, row.job);
      row.problem = null;
      if (!row.file) row.name = job.name;
      row.enter(job.status);
      if (job.status === "failed") this._failed.set(signsOf(job), row);
      this.tell([row]);
    }
    return row;
  }

  /** Tie a row of this page to the job that came of its upload. */
  tie(row, job) {
    const other = this._byJob.get(job.id);
    const told = other?.job ?? this._early.get(job.id);
    if (other && other !== row) this._untie(other);
    this._byJob.set(job.id, row);
    if (told && !isOlder(told, job)) this.take(told);
    else this.take(job);
  }

  /** Take what was kept back, after an upload has ended: with the next answer it may be another's. */
  settle() {
    for (const [id, job] of [...this._early]) {
      this._early.delete(id);
      if (!this._byJob.has(id)) this.take(job);
    }
  }

  _mayBeOurs(job) {
    const fits = (row) => row.name === job.name || row.bytes === job.bytes;
    const sent = (row) => row.state === "uploading" || row.isAskedAgain;
    return this.rows.some((row) => sent(row) && row.operation === job.operation && fits(row));
  }

  /** Undo what news of a job made of it before the answer to its upload came. */
  _untie(row) {
    if (row.earlier.length) {
      row.job = row.earlier.pop();
      row.enter(row.job.status);
      this.tell([row]);
    } else {
      this.rows = this.rows.filter((each) => each !== row);
    }
  }

  /** Put a job's next try in its place. */
  replace(row, job) {
    if (row.job) row.earlier.push(row.job);
    row.job = null;
    this.tie(row, job);
  }

  tell(rows) {
    this.dispatchEvent(new CustomEvent("change", { detail: rows }));
  }

  /** A job that is the next try of one that failed takes its row: the same file, and the same to be done. */
  _adopt(job) {
    const before = this._failed.get(signsOf(job));
    if (before?.state !== "failed" || !before.job || !isSameWork(job, before.job)) return null;
    before.earlier.push(before.job);
    this._byJob.set(job.id, before);
    return before;
  }

  _newRow(job, sentAgo) {
    const row = new Row({
      name: job.name, operation: job.operation, parameters: job.parameters,
    });
    row.since = performance.now() - (sentAgo || 0);
    row.state = job.status;
    this._byJob.set(job.id, row);
    this.rows.push(row);
    return row;
  }
}

function signsOf(job) {
  return JSON.stringify([job.name, job.operation]);
}

/** Whether two jobs did the same to the same file, as far as that is known of both. */
function isSameWork(one, other) {
  const settings = (job) => JSON.stringify(Object.entries(job.parameters || {}).sort());
  if (one.bytes === null || other.bytes === null) return true;
  return one.bytes === other.bytes && settings(one) === settings(other);
}

/** A web host that did not send a job itself tells no size and no settings of it: keep what is known. */
function withFacts(job, known) {
  if (job.bytes !== null || known?.id !== job.id) return job;
  return { ...job, bytes: known.bytes, parameters: known.parameters };
}

/** Whether `job` was told before `known`: states go one way only. */
function isOlder(job, known) {
  const order = ["waiting", "working", "failed", "succeeded"];
  return Boolean(known) && order.indexOf(job.status) < order.indexOf(known.status);
}
