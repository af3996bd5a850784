// The strip that shows the fleet live: who works, what is in line, and what to do if nothing moves.

import { ask } from "./api.js";
import { element, icon } from "./dom.js";
import { many } from "./words.js";

const EVERY_MS = 10000;
const HIDDEN_EVERY_MS = 120000;

export class Fleet {
  constructor(place, notices) {
    Object.assign(this, { place, notices });
    this._shown = "";
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  async now() {
    clearTimeout(this._timer);
    let wait = document.hidden ? HIDDEN_EVERY_MS : EVERY_MS;
    try {
      this._show(await ask("/api/v1/fleet"));
    } catch (problem) {
      if (problem.retryAfter) wait = Math.max(wait, problem.retryAfter * 1000);
      this._draw("unknown", ["Fleet not heard from"], problem.message);
    }
    this._timer = setTimeout(() => this.now(), wait);
  }

  _show(fleet) {
    const { workers = {}, queue = {}, session = {} } = fleet;
    const facts = [];
    facts.push(many(workers.alive || 0, "worker") + " alive");
    if (workers.paused) facts.push(`${workers.paused} paused`);
    if (workers.asleep) facts.push(`${workers.asleep} asleep`);
    if (queue.waiting) facts.push(`${queue.waiting.toLocaleString("en")} in line`);
    if (queue.working) facts.push(`${queue.working.toLocaleString("en")} at work`);
    const over = session.state === "over";
    const look = over || !(workers.alive > 0) ? "bad" : workers.paused || session.state === "ends-soon" ? "uneasy" : "good";
    this._draw(look, facts, fleet.message || "");
    this._warn(fleet, look);
  }

  /** Draw the strip, if it would look different. */
  _draw(look, facts, title) {
    const shown = JSON.stringify([look, facts, title]);
    if (shown === this._shown) return;
    this._shown = shown;
    const signs = { good: "succeeded", uneasy: "waiting", bad: "failed", unknown: "queued" };
    this.place.className = `fleet is-${look}`;
    this.place.replaceChildren(
      element("span", { class: "fleet-sign" }, icon(signs[look])),
      element("ul", { role: "list" }, facts.map((fact) => element("li", {}, fact))),
    );
    this.place.title = title;
    this.place.hidden = false;
  }

  _warn(fleet, look) {
    if (look === "good" || !(fleet.message || fleet.mend)) {
      this.notices.clear("fleet");
      return;
    }
    this.notices.show("fleet", {
      text: fleet.message, mend: fleet.mend, look: look === "bad" ? "is-bad" : "is-uneasy",
    });
  }
}
