// One row of the list: its file, its state with a clock, its result, and its buttons.

import { button, element, forReaders, icon } from "./dom.js";
import { hasAfter, picture } from "./pictures.js";
import { inShort } from "./results.js";
import { bytes, clock, label, seconds, sentence, STATES } from "./words.js";

const LOST = "No request of it is in the queue any more, and no worker has one: the queue was emptied, or it lies among the dead letters.";
const STEPS = ["upload", "waiting", "working", "answering"];

export class RowView {
  /** `again` and `look` get the row when its buttons are pressed. */
  constructor(row, { again, look }) {
    Object.assign(this, { row, again, look });
    this._releases = [];
    this._drawn = {};
    this.badge = element("p", { class: "badge" });
    this.clock = element("p", { class: "clock" });
    this.bar = element("progress", { class: "bar", max: 1, "aria-label": `Upload of ${row.name}` });
    this.pictures = element("div", { class: "pictures" });
    this.name = element("h3", { class: "row-name", title: row.name }, row.name);
    this.facts = element("p", { class: "row-facts" });
    this.result = element("div", { class: "row-result" });
    this.ways = element("div", { class: "row-ways" });
    this.node = element("li", { class: "row" }, this.pictures,
      element("div", { class: "row-what" }, this.name, this.facts, this.result),
      element("div", { class: "row-state" }, this.badge, this.clock, this.bar), this.ways);
    this.update();
  }

  /** Draw what has changed. */
  update() {
    const { row } = this;
    this.bar.hidden = row.state !== "uploading";
    this.bar.value = row.sent;
    this._part("badge", [row.state, row.earlier.length], () => this._drawBadge());
    this._part("pictures", [row.job?.id, row.state === "succeeded"], () => this._drawPictures());
    this._part("facts", [row.job?.id, row.name, row.bytes], () => this._drawFacts());
    this._part("result", [row.state, row.job?.id, row.problem?.message, row.isLost], () => this.result.replaceChildren(...this._result()));
    this._part("ways", [row.state, row.job?.id, row.isLost], () => this._drawWays());
    this.tick();
  }

  /** Move the clock on. */
  tick() {
    const { row } = this;
    const text = row.isDone ? doneClock(row.job?.times || {}) : clock((performance.now() - row.since) / 1000);
    if (this._clock === text) return;
    this._clock = text;
    this.clock.textContent = text;
  }

  remove() {
    this._release();
    this.node.remove();
  }

  _part(name, signs, draw) {
    const shown = JSON.stringify(signs);
    if (this._drawn[name] === shown) return;
    this._drawn[name] = shown;
    draw();
  }

  _drawBadge() {
    const { row } = this;
    this.node.dataset.state = row.state;
    const tries = row.earlier.length ? ` (try ${row.earlier.length + 1})` : "";
    this.badge.replaceChildren(icon(row.state), STATES[row.state] + tries);
  }

  _drawPictures() {
    this._release();
    const shown = [picture(this.row, "before")];
    if (hasAfter(this.row)) shown.push(picture(this.row, "after"));
    this._releases = shown.map((each) => each.release);
    const figures = shown.map((each) => each.figure);
    this.pictures.replaceChildren(figures[0], ...(figures[1] ? [icon("arrow"), figures[1]] : []));
    this.node.classList.toggle("has-after", figures.length > 1);
  }

  _drawFacts() {
    const { row } = this;
    this.name.textContent = row.name;
    const facts = [row.operation, ...settings(row.job?.parameters || row.parameters), bytes(row.bytes)];
    this.facts.textContent = facts.filter(Boolean).join(" · ");
  }

  _result() {
    const { row } = this;
    if (row.problem) return [trouble(row.problem.message, row.problem.mend)];
    if (row.job?.error) return [trouble(row.job.error.message, row.job.error.mend)];
    if (row.isLost) return [trouble(LOST, "Try it again.")];
    if (row.state !== "succeeded" || !row.job) return [];
    const notes = row.job.notes?.length ? [element("p", { class: "quiet" }, sentence(row.job.notes[0]))] : [];
    return [...inShort(row.job), ...notes];
  }

  _drawWays() {
    const { row } = this;
    const whose = forReaders(` ${row.name}`);
    const ways = [];
    if (row.state === "failed" || row.isLost) ways.push(button(["Try again", whose], { look: "is-main", name: "again", onclick: () => this.again(row) }));
    if (row.job?.output) {
      ways.push(element("a", { class: "button", href: row.job.output.href, download: row.job.output.name || "" }, icon("down"), "Download", whose.cloneNode(true)));
    }
    if (row.job) ways.push(button(["Details", whose.cloneNode(true)], { look: "is-quiet", name: "look", onclick: () => this.look(row) }));
    const focused = this.ways.contains(document.activeElement);
    this.ways.replaceChildren(...ways);
    // A button that was pressed and is gone must not take the keyboard's place in the page with it.
    if (focused) (this.ways.querySelector("button, a") || this._focusable()).focus();
  }

  _focusable() {
    this.name.tabIndex = -1;
    return this.name;
  }

  _release() {
    for (const release of this._releases) release();
    this._releases = [];
  }
}

export function trouble(message, mend) {
  return element("p", { class: "trouble" }, sentence(message), ...(mend ? [" ", element("span", { class: "mend" }, sentence(mend))] : []));
}

/** Return the settings that a person chose, as words. */
export function settings(parameters) {
  return Object.entries(parameters || {})
    .filter(([, value]) => value !== null && value !== "" && value !== false && value !== "false")
    .map(([name, value]) => `${label(name).toLowerCase()} ${typeof value === "object" ? steps(value) : value}`);
}

function steps(value) {
  return Array.isArray(value) ? value.map((step) => step.operation).join(" → ") : JSON.stringify(value);
}

/** How long each step took, and all of them. */
export function stepTimes(times) {
  return STEPS.filter((step) => typeof times[step] === "number").map((step) => [label(step), times[step]]);
}

function doneClock(times) {
  const known = stepTimes(times);
  if (!known.length) return "";
  return known.map(([step, spent]) => `${step} ${seconds(spent)}`).join(" · ");
}
