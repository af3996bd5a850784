// The calls of the API, and its errors as sentences.

const UNREACHABLE = 0;

// This file is at BASE/static/api.js: BASE is empty, or the prefix under which a balancer has this host.
const BASE = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** Return where a path of this application is, such as `/api/v1/fleet`. Links in answers are whole already. */
export function at(path) {
  return BASE + path;
}

/** What a request got in place of an answer. `retryAfter` is in seconds, null if the server names none. */
export class Problem extends Error {
  constructor(status, { code = "", detail = "", mend = "", retryAfter = null, body = null } = {}) {
    super(detail || words(status));
    this.status = status;
    this.code = code;
    this.mend = mend || wayOut(status);
    this.retryAfter = retryAfter;
    this.body = body;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return [UNREACHABLE, 408, 425, 429, 500, 502, 503, 504].includes(this.status);
  }
}

function words(status) {
  if (status === UNREACHABLE) return "The server cannot be reached.";
  if (status === 401) return "The server does not accept the token.";
  if (status === 413) return "The file is larger than the server takes.";
  if (status === 429) return "The server has as much to do as it takes.";
  return `The server answered with ${status}.`;
}

function wayOut(status) {
  if (status === UNREACHABLE) return "Check your connection. What was sent is safe.";
  if (status === 401) return "Reload this page and enter the token again. “jobfleet web” prints it.";
  if (status === 429 || status === 503) return "It is tried again by itself.";
  return "";
}

/** Read the error in an answer; nginx and proxies between may send something else than JSON. */
function problemOf(status, text, retryAfter) {
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  const told = body && typeof body === "object" ? body : {};
  return new Problem(status, {
    code: String(told.type || "").replace("urn:jobfleet:problem:", ""),
    detail: typeof told.detail === "string" ? told.detail : "",
    mend: typeof told.mend === "string" ? told.mend : "",
    retryAfter: /^\d+$/.test(retryAfter || "") ? Number(retryAfter) : null,
    body,
  });
}

// How far this machine's clock is behind the server's, in milliseconds.
let clockOffset = 0;

export function serverNow() {
  return Date.now() + clockOffset;
}

/** Ask for JSON. Throws `Problem`. */
export async function ask(path, { method = "GET", body, headers = {} } = {}) {
  let answer;
  let text;
  try {
    answer = await fetch(path, { method, body, headers: { Accept: "application/json", ...headers } });
    text = await answer.text();
  } catch {
    throw new Problem(UNREACHABLE);
  }
  const date = Date.parse(answer.headers.get("Date") || "");
  if (!Number.isNaN(date)) clockOffset = date - Date.now();
  if (!answer.ok) throw problemOf(answer.status, text, answer.headers.get("Retry-After"));
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(UNREACHABLE);
  }
}

/** Send a form and report its progress from 0 to 1. Throws `Problem`. `begun` gets a function that breaks it off. */
export function send(path, body, { headers = {}, onProgress = () => {}, begun = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries({ Accept: "application/json", ...headers })) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status < 200 || request.status > 299) {
        reject(problemOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
        return;
      }
      try {
        resolve(JSON.parse(request.responseText));
      } catch {
        reject(new Problem(UNREACHABLE));
      }
    });
    for (const end of ["error", "timeout"]) {
      request.addEventListener(end, () => reject(new Problem(UNREACHABLE)));
    }
    request.addEventListener("abort", () => reject(new Problem(UNREACHABLE, { code: "aborted" })));
    begun(() => request.abort());
    request.send(body);
  });
}

/** A key that no other upload has. `crypto.randomUUID` is missing on pages without TLS. */
export function newKey() {
  const digits = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(digits, (digit) => digit.toString(16).padStart(2, "0")).join("");
}

/** Let so much time go by. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
