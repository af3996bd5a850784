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
    this.earlier = [];
    this.lostJob = null;
  }

  get isDone() {
    return DONE.includes(this.state);
  }

  /** Whether it waits for nothing: its request is in the queue no more. */
  get isLost() {
    return this.state === "waiting" && Boolean(this.job) && this.lostJob === this.job.id;
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
    if (!this._byJob.has(job.id) && !job.retry_of && this._mayBeOurs(job)) {
      this._early.set(job.id, job);
      return null;
    }
    const row = this._byJob.get(job.id) || this._byJob.get(job.retry_of) || this._newRow(job, sentAgo);
    this._byJob.set(job.id, row);
    // The try before this one may be told later: then this is its row, too.
    if (job.retry_of && !this._byJob.has(job.retry_of)) this._byJob.set(job.retry_of, row);
    if (isEarlierTry(job, row.job)) {
      putEarlier(row, job);
      this.tell([row]);
      return row;
    }
    if (row.job && row.job.id !== job.id) putEarlier(row, row.job);
    if (row.job?.id !== job.id || !isOlder(job, row.job)) {
      row.job = withFacts(job, row.job);
      row.problem = null;
      if (!row.file) row.name = job.name;
      row.enter(job.status);
      this.tell([row]);
    }
    return row;
  }

  /** Tie a row of this page to the job that came of its upload. */
  tie(row, job) {
    const other = this._byJob.get(job.id);
    const told = other?.job ?? this._early.get(job.id);
    // News of it that could be another's made a row, before the answer to its upload came.
    if (other && other !== row) this.rows = this.rows.filter((each) => each !== other);
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

  /** Mark the jobs that were sent before a time and wait: the fleet says that their requests are gone. */
  findLost(before) {
    const changed = [];
    for (const row of this.rows) {
      const isLost = Boolean(before) && row.state === "waiting" && Boolean(row.job) && sentAt(row.job) < Date.parse(before);
      if (isLost === row.isLost) continue;
      row.lostJob = isLost ? row.job.id : null;
      changed.push(row);
    }
    if (changed.length) this.tell(changed);
  }

  _mayBeOurs(job) {
    const fits = (row) => row.name === job.name || row.bytes === job.bytes;
    return this.rows.some((row) => row.state === "uploading" && row.operation === job.operation && fits(row));
  }

  tell(rows) {
    this.dispatchEvent(new CustomEvent("change", { detail: rows }));
  }

  _newRow(job, sentAgo) {
    const row = new Row({
      name: job.name, operation: job.operation, parameters: job.parameters,
    });
    row.since = performance.now() - (sentAgo || 0);
    row.state = job.status;
    this.rows.push(row);
    return row;
  }
}

/** Whether `job` is a try before `shown`, of the same row. Two who try again at a time make two of one. */
function isEarlierTry(job, shown) {
  if (!shown || shown.id === job.id || job.retry_of === shown.id) return false;
  return shown.retry_of === job.id || job.id < shown.id;
}

/** When a job's request was sent, in Unix milliseconds: its id is made when its body begins to come in. */
function sentAt(job) {
  return Date.parse(job.submitted_at) + 1000 * (job.times?.upload || 0);
}

function putEarlier(row, job) {
  row.earlier = [...row.earlier.filter((each) => each.id !== job.id), job];
}

/** A web host that did not send a job itself tells no size and no settings of it: keep what is known, also of the try before. */
function withFacts(job, known) {
  if (job.bytes !== null || !known || ![job.id, job.retry_of].includes(known.id)) return job;
  return { ...job, bytes: known.bytes, parameters: known.parameters };
}

/** Whether `job` was told before `known`: states go one way only. */
function isOlder(job, known) {
  const order = ["waiting", "working", "failed", "succeeded"];
  return Boolean(known) && order.indexOf(job.status) < order.indexOf(known.status);
}
