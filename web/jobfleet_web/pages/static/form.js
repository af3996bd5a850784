// The operation and its settings: a form made from the declarations that the server tells.

import { ask, at } from "./api.js";
import { byId, button, element } from "./dom.js";
import { label, many, sentence } from "./words.js";

export class OperationForm {
  /** `sendNumbers` gets numbers that were typed. */
  constructor(sendNumbers) {
    this.operations = new Map();
    this.select = byId("operation");
    this.form = byId("send");
    this.fields = byId("fields");
    this.select.addEventListener("change", () => this._choose());
    byId("choose").addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this._makeNumbers(sendNumbers);
  }

  /** Read what is on offer. Throws `Problem`; the form that came with the page works until then. */
  async load() {
    const { operations, next_hosts: nextHosts } = await ask(at("/api/v1/operations"));
    this.operations = new Map(operations.map((operation) => [operation.name, operation]));
    const wanted = this.select.value;
    this.select.replaceChildren(...operations.map((operation) => element("option", {
      value: operation.name, disabled: operation.offered === false, selected: operation.name === wanted,
    }, operation.offered === false ? `${operation.name} (no worker does it now)` : operation.name)));
    if (this.operations.get(wanted)?.offered === false) {
      this.select.value = operations.find((operation) => operation.offered !== false)?.name || wanted;
    }
    byId("next-hosts").hidden = !nextHosts;
    this._tellUnoffered(operations.filter((operation) => operation.offered === false));
    this._choose();
  }

  /** Say of each operation that cannot be chosen why that is. */
  _tellUnoffered(operations) {
    const place = byId("unoffered");
    place.hidden = operations.length === 0;
    place.replaceChildren(element("details", { class: "help" },
      element("summary", {}, `${many(operations.length, "operation")} not on offer now`),
      element("dl", {}, operations.map((operation) => element("div", {}, element("dt", {}, operation.name),
        element("dd", {}, sentence(operation.why_not || "No worker that is alive does it")))))));
  }

  get operation() {
    return this.select.value;
  }

  get isValid() {
    return this.form.checkValidity() && !this._lacksOneOf();
  }

  /** Show what is missing, at the field that misses it. */
  complain() {
    const first = this.fields.querySelector("input, select");
    if (first && this._lacksOneOf()) {
      first.setCustomValidity(`Fill in ${this._declared.one_of.map(label).join(" or ")}.`);
      first.addEventListener("input", () => first.setCustomValidity(""), { once: true });
    }
    this.form.reportValidity();
  }

  /** Return what is set, without what is left empty. */
  get parameters() {
    const found = {};
    for (const input of this.fields.querySelectorAll("[name]")) {
      if (input.type === "checkbox") found[input.name] = input.checked;
      else if (input.value !== "") found[input.name] = input.value;
    }
    return found;
  }

  get _declared() {
    return this.operations.get(this.operation) || {};
  }

  _lacksOneOf() {
    const names = this._declared.one_of || [];
    return names.length > 0 && !names.some((name) => name in this.parameters);
  }

  _choose() {
    const declared = this._declared;
    byId("chosen").value = this.operation;
    byId("summary").textContent = declared.summary || "";
    this.fields.replaceChildren(...(declared.parameters || []).map(field));
    byId("numbers").hidden = declared.takes !== "numbers";
  }

  _makeNumbers(sendNumbers) {
    const area = element("textarea", {
      id: "typed", rows: 5, spellcheck: "false", autocomplete: "off", placeholder: "3.5 4 12", "aria-describedby": "typed-help",
    });
    const go = button("Compute", { look: "is-main", onclick: () => this._sendTyped(area, sendNumbers) });
    byId("numbers").append(
      element("label", { for: "typed" }, "Type or paste numbers"), area,
      element("p", { class: "help", id: "typed-help" }, "Spaces, commas or new lines between them. Files of numbers may be dropped, too."),
      go,
    );
  }

  _sendTyped(area, sendNumbers) {
    area.setCustomValidity(area.value.trim() ? "" : "Type at least one number.");
    area.addEventListener("input", () => area.setCustomValidity(""), { once: true });
    if (!area.reportValidity()) return;
    if (!this.isValid) this.complain();
    else sendNumbers(area.value);
  }
}

/** Make one field. What a declaration says is put in as text. */
function field(parameter) {
  const id = `p-${parameter.name}`;
  const help = element("p", { class: "help", id: `h-${parameter.name}` }, parameter.help, " ",
    hint(parameter) && element("span", { class: "bounds" }, hint(parameter)));
  const common = { id, name: parameter.name, "aria-describedby": help.id, required: Boolean(parameter.required) };
  if (["boolean", "flag"].includes(parameter.type)) {
    const box = element("input", { type: "checkbox", id, name: parameter.name, "aria-describedby": help.id, checked: parameter.default === true });
    return element("div", { class: "field is-flag" }, element("label", { for: id }, box, label(parameter.name)), help);
  }
  return element("div", { class: "field" },
    element("label", { for: id }, label(parameter.name), parameter.required && element("span", { class: "needed" }, " needed")),
    input(parameter, common), help);
}

function input(parameter, common) {
  const value = parameter.default ?? null;
  if (parameter.type === "choice") {
    return element("select", common, value === null && element("option", { value: "" }, "as it is"),
      (parameter.choices || []).map((choice) => element("option", { selected: choice === value }, choice)));
  }
  if (["integer", "number"].includes(parameter.type)) {
    return element("input", {
      ...common, type: "number", min: parameter.minimum, max: parameter.maximum,
      step: parameter.type === "integer" ? 1 : "any", value, inputmode: parameter.type === "integer" ? "numeric" : "decimal",
    });
  }
  return element("input", { ...common, type: "text", maxlength: 2000, value, spellcheck: "false" });
}

function hint(parameter) {
  if (["integer", "number"].includes(parameter.type) && parameter.maximum !== undefined) {
    return `${parameter.minimum.toLocaleString("en")} to ${parameter.maximum.toLocaleString("en")}`;
  }
  if (parameter.type === "steps") return "for example: resize width=800 | greyscale";
  return "";
}

/** The files that wait until the form is filled in. */
export function showPending(count, send, drop) {
  const place = byId("pending");
  place.hidden = count === 0;
  if (!count) return;
  place.replaceChildren(
    element("p", {}, `${many(count, "file")} ready. Fill in what is needed above.`),
    element("div", { class: "ways" }, button(`Send ${many(count, "file")}`, { look: "is-main", onclick: send }),
      button("Do not send", { look: "is-quiet", onclick: drop })),
  );
}
