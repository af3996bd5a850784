// The list of a batch: how it stands in all, which rows are shown, and one page of rows at a time.

import { at } from "./api.js";
import { button, byId, element, icon } from "./dom.js";
import { RowView } from "./row_view.js";
import { many } from "./words.js";

// So many rows are in the document, however many there are in the batch.
export const ROWS_A_PAGE = 40;

const LIVE_EVERY_MS = 5000;
const HIDDEN_DRAW_MS = 1000;

const FILTERS = [
  ["all", "All", () => true],
  ["underWay", "Under way", (row) => !row.isDone],
  ["succeeded", "Done", (row) => row.state === "succeeded"],
  ["failed", "Failed", (row) => row.state === "failed"],
];

export class BatchList {
  constructor(batch, { again, look }) {
    Object.assign(this, { batch, again, look });
    this.filter = "all";
    this.page = 0;
    this._views = new Map();
    this._changed = new Set();
    this._make();
    batch.addEventListener("change", (event) => {
      for (const row of event.detail) this._changed.add(row);
      this._soon();
    });
    setInterval(() => document.hidden || this._tick(), 1000);
  }

  /** Go to the page that has a row. */
  reveal(row) {
    this.filter = "all";
    this.page = Math.floor(this.batch.rows.indexOf(row) / ROWS_A_PAGE);
    this._soon();
  }

  get shown() {
    const [, , fits] = FILTERS.find(([name]) => name === this.filter);
    return this.batch.rows.filter(fits);
  }

  _make() {
    this.title = element("h2", { id: "batch-title" }, "This batch");
    this.summary = element("p", { class: "batch-summary" });
    this.bar = element("progress", { class: "bar is-wide", "aria-label": "Done of this batch", max: 1, value: 0 });
    this.tabs = FILTERS.map(([name, words]) => button(words, { look: "is-tab", onclick: () => this._show(name) }));
    this.retryAll = button("Try all failed again", { name: "again", hidden: true, onclick: () => this._retryAll() });
    this.zip = element("a", { class: "button", hidden: true, download: "" }, icon("down"), "Download all");
    this.share = button("Copy address", { name: "link", hidden: true, onclick: () => this._copy() });
    this.fresh = element("a", { class: "button is-quiet", href: at("/") }, "New batch");
    this.rows = element("ol", { class: "rows", role: "list", "aria-label": "Files of this batch" });
    this.empty = element("p", { class: "quiet none", hidden: true });
    this.pager = element("nav", { class: "pager", "aria-label": "Pages of the list", hidden: true });
    this.section = byId("batch");
    this.section.append(
      element("div", { class: "batch-head" }, element("div", {}, this.title, this.summary),
        element("div", { class: "ways" }, this.retryAll, this.zip, this.share, this.fresh)),
      this.bar, element("div", { class: "tabs", role: "group", "aria-label": "Which files are shown" }, this.tabs),
      this.rows, this.empty, this.pager,
    );
  }

  /** Draw before the browser's next picture, however many changes come until then. */
  _soon() {
    if (this._asked) return;
    this._asked = true;
    const draw = () => {
      this._asked = false;
      this._draw();
    };
    // A tab out of sight gets no frames, but its title tells how far the batch is.
    if (document.hidden) setTimeout(draw, HIDDEN_DRAW_MS);
    else requestAnimationFrame(draw);
  }

  _draw() {
    const counts = this.batch.counts();
    const known = counts.all > 0 || Boolean(this.batch.id);
    this.section.hidden = !known;
    byId("intro").hidden = known;
    byId("drop").classList.toggle("is-small", known);
    if (!known) return;
    this._drawHead(counts);
    this._drawRows();
    this._say(counts);
  }

  _drawHead(counts) {
    const done = counts.succeeded + counts.failed;
    const words = counts.all ? `${done.toLocaleString("en")} of ${many(counts.all, "file")} done` : this.batch.id ? "Nothing of this batch is known yet: looking again" : "Nothing was sent yet";
    this.summary.textContent = [words, counts.failed && `${counts.failed.toLocaleString("en")} failed`, counts.toSend && `${counts.toSend.toLocaleString("en")} still to send`].filter(Boolean).join(" · ");
    this.bar.value = counts.all ? done / counts.all : 0;
    this.bar.classList.toggle("is-whole", counts.all > 0 && done === counts.all);
    for (const [place, [name, words_]] of FILTERS.entries()) {
      this.tabs[place].textContent = `${words_} ${counts[name].toLocaleString("en")}`;
      this.tabs[place].setAttribute("aria-pressed", String(this.filter === name));
    }
    this.retryAll.hidden = counts.failed < 2;
    this.zip.hidden = counts.outputs === 0;
    this.share.hidden = !this.batch.id;
    if (this.batch.id) this.zip.href = at(`/api/v1/batches/${this.batch.id}/outputs.zip`);
    document.title = counts.underWay ? `${done}/${counts.all} · jobfleet` : "Batch · jobfleet";
  }

  _drawRows() {
    const shown = this.shown;
    const pages = Math.max(1, Math.ceil(shown.length / ROWS_A_PAGE));
    this.page = Math.min(this.page, pages - 1);
    const rows = shown.slice(this.page * ROWS_A_PAGE, (this.page + 1) * ROWS_A_PAGE);
    const wanted = new Set(rows);
    for (const [row, view] of this._views) {
      if (wanted.has(row)) continue;
      view.remove();
      this._views.delete(row);
    }
    let before = null;
    for (const row of rows) {
      let view = this._views.get(row);
      if (!view) {
        view = new RowView(row, this);
        this._views.set(row, view);
      } else if (this._changed.has(row)) {
        view.update();
      }
      const place = before ? before.nextSibling : this.rows.firstChild;
      if (place !== view.node) this.rows.insertBefore(view.node, place);
      before = view.node;
    }
    this._changed.clear();
    this.empty.hidden = rows.length > 0;
    this.empty.textContent = this.batch.rows.length || !this.batch.wasRead ? (this.batch.wasRead ? "None of this kind." : "Reading the batch …") : "No file was sent in this batch yet. Drop some above.";
    this._drawPager(shown.length, pages);
  }

  _drawPager(count, pages) {
    this.pager.hidden = pages < 2;
    const signs = `${count} ${pages} ${this.page}`;
    if (pages < 2 || this._pagerDrawn === signs) return;
    this._pagerDrawn = signs;
    const from = this.page * ROWS_A_PAGE + 1;
    const to = Math.min(count, from + ROWS_A_PAGE - 1);
    const focused = this.pager.contains(document.activeElement) && document.activeElement.dataset.way;
    const go = (by, words, name, at) => button(words, { name, "data-way": words, disabled: at, onclick: () => this._turn(by) });
    this.pager.replaceChildren(
      go(-1, "Previous", "left", this.page === 0),
      element("p", {}, `${from.toLocaleString("en")} to ${to.toLocaleString("en")} of ${count.toLocaleString("en")}`),
      go(1, "Next", "right", this.page === pages - 1),
    );
    if (focused) (this.pager.querySelector(`[data-way="${focused}"]:enabled`) || this.pager.querySelector(":enabled")).focus();
  }

  _turn(by) {
    this.page += by;
    this._draw();
    this.section.scrollIntoView({ block: "start" });
  }

  _show(filter) {
    this.filter = filter;
    this.page = 0;
    this._draw();
  }

  _tick() {
    for (const view of this._views.values()) {
      if (!view.row.isDone) view.tick();
    }
  }

  /** Tell screen readers how the batch stands, at most every few seconds. */
  _say(counts) {
    if (this._saying) return;
    const words = this.summary.textContent;
    if (words === this._said || !counts.all) return;
    this._said = words;
    byId("live").textContent = words;
    this._saying = setTimeout(() => {
      this._saying = null;
      this._say(this.batch.counts());
    }, LIVE_EVERY_MS);
  }

  _retryAll() {
    for (const row of this.batch.rows.filter((each) => each.state === "failed")) this.again(row);
  }

  /** Copy the address; on pages without TLS only the old way is there. */
  async _copy() {
    const address = new URL(at(`/batches/${this.batch.id}`), location.href).href;
    let copied = false;
    try {
      await navigator.clipboard.writeText(address);
      copied = true;
    } catch {
      const field = element("textarea", { class: "for-readers", readonly: true }, address);
      this.section.append(field);
      field.select();
      copied = document.execCommand("copy");
      field.remove();
      this.share.focus();
    }
    this.share.lastChild.textContent = copied ? "Address copied" : "It is in the address bar";
    setTimeout(() => { this.share.lastChild.textContent = "Copy address"; }, 3000);
  }
}
