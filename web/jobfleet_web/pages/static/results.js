// What came of a job, shown: facts, numbers, labels, text, histograms.

import { element, svg } from "./dom.js";
import { label, many, number } from "./words.js";

// Facts that stand elsewhere in the row, or only repeat it.
const ELSEWHERE = ["notes", "counts", "edges", "channels", "luma", "words", "labels", "text", "histogram", "columns", "alpha"];

const FIRST_FACTS = ["count", "mean", "median", "min", "max", "width", "height", "format", "languages", "confidence", "pages", "model"];

/** Return what a row has place for. */
export function inShort(job) {
  const result = job.result || {};
  if (Array.isArray(result.labels)) return [labels(result.labels.slice(0, 3))];
  if (typeof result.text === "string") return [quoted(result.text)];
  if (result.luma?.counts) return [histogram(result)];
  if (result.columns && typeof result.columns === "object") {
    return [element("p", { class: "quiet" }, `${many(Object.keys(result.columns).length, "column")} of numbers`)];
  }
  const facts = factsOf(result).filter(([name]) => name in result);
  if (job.output && result.width && result.height) {
    return [element("p", { class: "quiet" }, [`${number(result.width)} × ${number(result.height)}`, result.format].filter(Boolean).join(" · "))];
  }
  return facts.length ? [chips(facts.slice(0, 5))] : [];
}

/** Return everything there is. */
export function inFull(job) {
  const result = job.result || {};
  const parts = [];
  if (Array.isArray(result.labels)) parts.push(part("Labels", labels(result.labels)));
  if (typeof result.text === "string") parts.push(part("Text", element("pre", { class: "text-result", tabindex: 0 }, result.text || "(no text was found)")));
  if (result.luma?.counts) parts.push(part("How often each value occurs", histogram(result)));
  if (result.histogram?.counts) parts.push(part("Histogram", bins(result.histogram)));
  if (result.columns && typeof result.columns === "object") {
    for (const [name, facts] of Object.entries(result.columns)) {
      parts.push(part(name, table(factsOf(facts))));
      if (facts?.histogram?.counts) parts.push(bins(facts.histogram));
    }
  }
  const facts = factsOf(result);
  if (facts.length) parts.push(part("Facts", table(facts)));
  return parts;
}

/** Return plain facts as pairs, those first that people look for. */
function factsOf(result) {
  const pairs = Object.entries(result || {}).filter(([name, value]) => !ELSEWHERE.includes(name) && value !== undefined);
  const place = ([name]) => (FIRST_FACTS.includes(name) ? FIRST_FACTS.indexOf(name) : FIRST_FACTS.length);
  return pairs.sort((one, other) => place(one) - place(other));
}

function shown(value) {
  if (value === null) return "none";
  if (typeof value === "number") return number(value);
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.map(shown).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function chips(facts) {
  return element("dl", { class: "chips" }, facts.map(([name, value]) =>
    element("div", {}, element("dt", {}, label(name)), element("dd", {}, shown(value)))));
}

function table(facts) {
  return element("table", { class: "facts" }, element("tbody", {}, facts.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, label(name)), element("td", {}, shown(value))))));
}

function labels(found) {
  return element("ol", { class: "labels", role: "list" }, found.map((one) => {
    const score = typeof one.score === "number" ? one.score : 0;
    const percent = `${(score * 100).toFixed(score < 0.0995 ? 1 : 0)} %`;
    return element("li", {}, element("span", { class: "label-name" }, String(one.label)),
      element("meter", { min: 0, max: 1, value: Math.min(1, Math.max(0, score)), "aria-hidden": "true" }),
      element("span", { class: "label-score" }, percent));
  }));
}

function quoted(text) {
  const said = text.trim().slice(0, 400);
  return said ? element("blockquote", { class: "snippet" }, said) : element("p", { class: "quiet" }, "No text was found.");
}

function part(title, ...children) {
  return element("section", { class: "part" }, element("h3", {}, title), ...children);
}

/** Draw the counts of an image's values: each channel an area, the luma a line. */
function histogram(result) {
  const width = 256;
  const height = 72;
  const channels = Object.entries(result.channels || {}).filter(([name]) => ["red", "green", "blue"].includes(name));
  const all = [...channels.map(([, facts]) => facts.counts), result.luma.counts];
  // The few values that dwarf all others are cut off, as the plot does.
  const top = all.flat().sort((one, other) => other - one)[Math.floor(all.length * 2)] || 1;
  const points = (counts) => counts.map((count, value) => `${value},${(height - (Math.min(count, top) / top) * (height - 2)).toFixed(1)}`);
  const area = (counts) => `M0,${height}L${points(counts).join("L")}L${width - 1},${height}Z`;
  const mean = result.luma.mean;
  const words = `Histogram of brightness: ${shown(result.luma.min)} to ${shown(result.luma.max)}, mean ${shown(mean === null ? null : Number(mean.toFixed(1)))}`;
  return svg("svg", { class: "histogram", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words, preserveAspectRatio: "none" },
    channels.map(([name, facts]) => svg("path", { class: `is-${name}`, d: area(facts.counts) })),
    svg("path", { class: "is-luma", d: `M${points(result.luma.counts).join("L")}` }));
}

/** Draw bins of equal width, with their edges as a table for who cannot see them. */
function bins({ counts, edges }) {
  const top = Math.max(1, ...counts);
  const width = 300 / counts.length;
  const drawing = svg("svg", { class: "bins", viewBox: "0 0 300 80", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    counts.map((count, place) => svg("rect", {
      x: (place * width).toFixed(2), y: (80 - (count / top) * 78).toFixed(2), width: Math.max(0.5, width - 1).toFixed(2), height: ((count / top) * 78).toFixed(2),
    })));
  const rows = counts.slice(0, 200).map((count, place) => element("tr", {},
    element("td", {}, number(edges[place])), element("td", {}, number(edges[place + 1])), element("td", {}, number(count))));
  const head = element("tr", {}, ["From", "to", "Numbers"].map((title) => element("th", { scope: "col" }, title)));
  return element("div", { class: "bins-part" }, drawing, element("details", {},
    element("summary", {}, "The bins as a table"), element("table", { class: "facts" }, element("thead", {}, head), element("tbody", {}, rows))));
}
