// The strip that shows the fleet live: who works, what is in line, and what to do if nothing moves.

import { ask, at } from "./api.js";
import { element, icon } from "./dom.js";
import { many, sentence } from "./words.js";

const EVERY_MS = 10000;
const HIDDEN_EVERY_MS = 120000;

/** What is told of a fleet that scales, in the place of how many workers are alive. */
function scaled(scaling) {
  if (scaling.phase === "paused") return ["stopped"];
  if (scaling.phase === "asleep") return ["asleep, wakes when a job comes"];
  const facts = [`${many(scaling.running, "worker")} alive`];
  if (scaling.phase === "unknown") return facts;
  if (scaling.wanted !== scaling.running) facts.push(`${scaling.wanted} wanted`);
  if (scaling.booting) facts.push(`${scaling.booting} starting`);
  if (scaling.leaving) facts.push(`${scaling.leaving} leaving`);
  return facts;
}

export class Fleet {
  /** `seen` gets each answer of the server. */
  constructor(place, notices, seen = () => {}) {
    Object.assign(this, { place, notices, seen });
    this._shown = "";
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  async now() {
    clearTimeout(this._timer);
    let wait = document.hidden ? HIDDEN_EVERY_MS : EVERY_MS;
    try {
      const fleet = await ask(at("/api/v1/fleet"));
      this._show(fleet);
      this.seen(fleet);
    } catch (problem) {
      if (problem.retryAfter) wait = Math.max(wait, problem.retryAfter * 1000);
      this._draw("unknown", ["Fleet not heard from"], problem.message);
    }
    this._timer = setTimeout(() => this.now(), wait);
  }

  _show(fleet) {
    const { workers = {}, queue = {}, session = {}, scaling } = fleet;
    const facts = [];
    facts.push(many(workers.alive || 0, "worker") + " alive");
    if (workers.paused) facts.push(`${workers.paused} paused`);
    if (scaling) facts.splice(0, 1, ...scaled(scaling));
    else if (workers.asleep) facts.push(`${workers.asleep} asleep`);
    if (queue.waiting) facts.push(`${queue.waiting.toLocaleString("en")} in line`);
    if (queue.working) facts.push(`${queue.working.toLocaleString("en")} at work`);
    const over = session.state === "over";
    const resting = scaling && (scaling.phase === "asleep" || scaling.phase === "starting") && !scaling.warnings.length;
    const bad = over || !(workers.alive > 0 || resting);
    const warned = Boolean(scaling && scaling.warnings.length);
    const look = bad ? "bad" : workers.paused || session.state === "ends-soon" || warned ? "uneasy" : "good";
    this._draw(look, facts, fleet.message || "", Boolean(scaling));
    this._warn(fleet, look, scaling && scaling.phase === "starting");
  }

  /** Draw the strip, if it would look different. */
  _draw(look, facts, title, scales = false) {
    const shown = JSON.stringify([look, facts, title, scales]);
    if (shown === this._shown) return;
    this._shown = shown;
    const signs = { good: "succeeded", uneasy: "waiting", bad: "failed", unknown: "queued" };
    this.place.className = `fleet is-${look}`;
    this.place.replaceChildren(
      element("span", { class: "fleet-sign" }, icon(signs[look])),
      element("ul", { role: "list" }, facts.map((fact) => element("li", {}, fact)),
        scales && element("li", {}, element("a", { href: at("/scaling") }, "scaling"))),
    );
    this.place.title = title;
    this.place.hidden = false;
  }

  _warn(fleet, look, starting) {
    if (starting && look === "good") {
      this.notices.show("fleet", { text: fleet.message, look: "is-uneasy" });
      return;
    }
    if (look === "good" || !(fleet.message || fleet.mend)) {
      this.notices.clear("fleet");
      return;
    }
    // Of workers that are alive, the message only counts.
    const warnings = fleet.workers.alive > 0 && fleet.scaling ? fleet.scaling.warnings : [];
    this.notices.show("fleet", {
      text: warnings.map(sentence).join(" ") || fleet.message, mend: fleet.mend, look: look === "bad" ? "is-bad" : "is-uneasy",
    });
  }
}
