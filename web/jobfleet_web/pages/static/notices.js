// What holds up everything, said once above the page: one line for each kind, gone when it is over.

import { button, element } from "./dom.js";
import { clock, sentence } from "./words.js";

export class Notices {
  constructor(place) {
    this.place = place;
    this._shown = new Map();
    setInterval(() => this._tick(), 1000);
  }

  /** Show a notice of a kind. `until` is when it is tried again, by the page's clock. */
  show(kind, { text, mend = "", until = null, action = null, look = "is-bad" }) {
    const said = [text, mend].filter(Boolean).map(sentence).join(" ");
    const known = this._shown.get(kind);
    if (known?.said === said) {
      known.until = until;
      this._tick();
      return;
    }
    this.clear(kind);
    const countdown = element("span", { class: "countdown", "aria-hidden": "true" });
    const dismiss = button("Close", { look: "is-quiet", onclick: () => this.clear(kind) });
    const act = action && button(action.label, { onclick: action.run });
    const node = element("div", { class: `notice ${look}` }, element("p", {}, said, " ", countdown),
      element("div", { class: "notice-ways" }, act, dismiss));
    this._shown.set(kind, { said, until, countdown, node });
    this.place.append(node);
    this._tick();
  }

  clear(kind) {
    this._shown.get(kind)?.node.remove();
    this._shown.delete(kind);
  }

  _tick() {
    for (const { until, countdown } of this._shown.values()) {
      const left = until === null ? 0 : (until - performance.now()) / 1000;
      countdown.textContent = left > 0 ? `Next try in ${clock(Math.ceil(left))}.` : "";
    }
  }
}
