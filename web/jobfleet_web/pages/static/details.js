// One job in full: before and after side by side, its result, its times, and where its files are.

import { button, element, icon } from "./dom.js";
import { canBeSeen, hasAfter, picture } from "./pictures.js";
import { inFull } from "./results.js";
import { settings, stepTimes, trouble } from "./row_view.js";
import { bytes, seconds, sentence, STATES } from "./words.js";

export class Details {
  /** `neighbours` returns the rows that are shown, in order. */
  constructor(neighbours) {
    this.neighbours = neighbours;
    this._releases = [];
    this.title = element("h2", { class: "row-name", id: "details-title" });
    this.body = element("div", { class: "details-body", tabindex: 0, role: "region", "aria-label": "Result" });
    this.back = button("Previous", { name: "left", onclick: () => this._step(-1) });
    this.on = button("Next", { name: "right", onclick: () => this._step(1) });
    const close = button("Close", { name: "close", onclick: () => this.dialog.close() });
    this.dialog = element("dialog", { class: "details", "aria-labelledby": "details-title" },
      element("div", { class: "details-head" }, this.title, element("div", { class: "ways" }, this.back, this.on, close)), this.body);
    this.dialog.addEventListener("close", () => this._release());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => this._key(event));
    document.body.append(this.dialog);
  }

  open(row) {
    this._draw(row);
    this.dialog.showModal();
  }

  /** Draw anew if the row that is shown has changed. */
  refresh(rows) {
    if (this.dialog.open && rows.includes(this.row)) this._draw(this.row);
  }

  _key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !["INPUT", "TEXTAREA"].includes(event.target.tagName)) this._step(by);
  }

  _step(by) {
    const row = this._neighbour(by);
    if (row) this._draw(row);
  }

  _neighbour(by) {
    const rows = this.neighbours().filter((each) => each.job);
    return rows[rows.indexOf(this.row) + by] || null;
  }

  _draw(row) {
    this._release();
    this.row = row;
    this.title.textContent = row.name;
    const shown = canBeSeen(row) || hasAfter(row) ? [picture(row, "before", { large: true })] : [];
    if (hasAfter(row)) shown.push(picture(row, "after", { large: true }));
    this._releases = shown.map((each) => each.release);
    const { job } = row;
    this.body.replaceChildren(
      element("div", { class: `compare has-${shown.length}` }, shown.map((each) => each.figure)),
      row.problem ? trouble(row.problem.message, row.problem.mend) : "",
      job?.error ? trouble(job.error.message, job.error.mend) : "",
      ...(job?.notes || []).map((note) => element("p", { class: "note" }, sentence(note))),
      element("div", { class: "parts" }, ...(job ? inFull(job) : []), this._about(row)),
    );
    this.body.scrollTop = 0;
    this.back.disabled = !this._neighbour(-1);
    this.on.disabled = !this._neighbour(1);
  }

  _about(row) {
    const { job } = row;
    const facts = [
      ["State", STATES[row.state]], ["Operation", [row.operation, ...settings(job?.parameters || row.parameters)].join(", ")],
      ["Input", bytes(row.bytes)], ["Output", job?.output && [job.output.name, bytes(job.output.bytes)].filter(Boolean).join(", ")],
      ["Sent", job?.submitted_at && new Date(job.submitted_at).toLocaleString("en-GB")],
      ...stepTimes(job?.times || {}).map(([step, spent]) => [step, seconds(spent)]),
      ["Job", job?.id],
    ].filter(([, value]) => value);
    const links = [
      job?.output && element("a", { class: "button", href: job.output.href, download: job.output.name || "" }, icon("down"), "Download output"),
      job?.input && element("a", { class: "button", href: job.input.href, download: row.name }, icon("down"), "Download input"),
      job?.links?.self && element("a", { class: "button is-quiet", href: job.links.self }, "As JSON"),
    ];
    return element("section", { class: "part" }, element("h3", {}, "This job"),
      element("table", { class: "facts" }, element("tbody", {}, facts.map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))))),
      ...this._tries(row), element("div", { class: "ways" }, links));
  }

  _tries(row) {
    const tries = [...row.earlier.map((job) => job.error?.message), ...(row.job?.attempts || []).map((attempt) => attempt.message || attempt.cause || attempt.error)];
    const told = tries.filter((words) => typeof words === "string" && words);
    return told.length ? [element("h3", {}, "Earlier tries"), element("ol", { class: "tries" }, told.map((words) => element("li", {}, words)))] : [];
  }

  _release() {
    for (const release of this._releases) release();
    this._releases = [];
  }
}
