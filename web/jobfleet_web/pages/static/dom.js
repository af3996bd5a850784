// Elements, made of texts alone. What people and files bring is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Give an element its attributes and children. Strings become text; null, false and undefined nothing. */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// Each drawn on a field of 16 by 16.
const ICONS = {
  queued: "M3 8h.01M8 8h.01M13 8h.01",
  uploading: "M8 13V3M4 7l4-4 4 4",
  waiting: "M8 4v4l2.5 2M8 14.5A6.5 6.5 0 1 0 8 1.5a6.5 6.5 0 0 0 0 13",
  working: "M13.5 8A5.5 5.5 0 1 1 10 2.9",
  succeeded: "M2.5 8.5 6.5 12.5 13.5 4",
  failed: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  arrow: "M2 8h12M9 3l5 5-5 5",
  down: "M8 2v9M4 7.5 8 11.5l4-4M2.5 14h11",
  again: "M13 3v4H9M13 7A5.5 5.5 0 1 0 13.4 9.5",
  look: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 9.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3",
  close: "M4 4l8 8M12 4l-8 8",
  link: "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.5L4.5 7",
  left: "M10 3 5 8l5 5",
  right: "M6 3l5 5-5 5",
};

/** Return a small picture that says nothing to screen readers: words stand beside it. */
export function icon(name) {
  return svg("svg", { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }));
}

export function button(label, { look = "", name = "", ...attributes } = {}) {
  return element("button", { type: "button", class: `button ${look}`, ...attributes }, name && icon(name), label);
}

/** Words for screen readers alone, such as whose button this is. */
export function forReaders(text) {
  return element("span", { class: "for-readers" }, text);
}

export function byId(id) {
  return document.getElementById(id);
}
