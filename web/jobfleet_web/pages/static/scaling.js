// The page of how the fleet scales, kept up to date. The server draws it first, and alone without JavaScript.

import { ask, at } from "./api.js";
import { byId, element } from "./dom.js";
import { Fleet } from "./fleet.js";
import { Notices } from "./notices.js";

const EVERY_MS = 15000;
const HIDDEN_EVERY_MS = 120000;

// As in pages/scaling_picture.py.
const HEIGHT = 100;
const STEP = 10;
const PARTS_A_ROW = 5;
const NUMBERS = ["visible", "in_flight", "wanted", "running", "booting", "leaving"];

const most = (values) => Math.max(1, ...values.map((value) => value || 0));
const y = (value, top) => Math.round(10 * (HEIGHT - (value / top) * HEIGHT)) / 10;

function area(values, top) {
  const steps = values.map((value, place) => `V${y(value || 0, top)}H${(place + 1) * STEP}`);
  return `M0 ${HEIGHT}${steps.join("")}V${HEIGHT}Z`;
}

function line(values, top) {
  return values.map((value, place) => {
    if (value === null) return "";
    const broken = place === 0 || values[place - 1] === null;
    return `${broken ? `M${place * STEP} ${y(value, top)}` : `V${y(value, top)}`}H${(place + 1) * STEP}`;
  }).join("");
}

function row(head, ...cells) {
  return element("tr", {}, element("th", { scope: "row" }, head), cells.map((cell) => element("td", {}, cell)));
}

function rows(history) {
  const made = [];
  for (let start = 0; start < history.length; start += PARTS_A_ROW) {
    const some = history.slice(start, start + PARTS_A_ROW);
    const told = ["backlog", "wanted", "running"].map((name) => {
      const known = some.map((part) => part[name]).filter((value) => value !== null);
      return known.length ? Math.max(...known).toLocaleString("en") : "-";
    });
    made.unshift(row(some[0].at.slice(11, 16), ...told));
  }
  return made;
}

function show(found) {
  const [backlog, wanted, running] = ["backlog", "wanted", "running"].map((name) => found.history.map((part) => part[name]));
  const jobs = most(backlog);
  const hosts = most([...wanted, ...running]);
  byId("backlog").setAttribute("d", area(backlog, jobs));
  byId("running").setAttribute("d", area(running, hosts));
  byId("wanted").setAttribute("d", line(wanted, hosts));
  const texts = { "scaling-words": found.words, "scaling-cap": found.cap, "most-jobs": jobs, "most-hosts": hosts };
  for (const [id, text] of Object.entries(texts)) {
    if (byId(id).textContent !== String(text)) byId(id).textContent = text;
  }
  byId("scaling-warnings").replaceChildren(...found.warnings.map((words) => element("li", {}, words)));
  byId("scaling-rows").replaceChildren(...rows(found.history));
  byId("decisions").replaceChildren(...found.decisions.map((one) => row(
    one.at.slice(11, 19), ...NUMBERS.map((name) => String(one[name] ?? "-")), one.why || "",
  )));
}

const notices = new Notices(byId("notices"));
new Fleet(byId("fleet"), notices).now();

let timer;
async function look() {
  clearTimeout(timer);
  try {
    const found = await ask(at("/api/v1/scaling"));
    // A page that had nothing to draw has no places for it.
    if (Boolean(byId("backlog")) === (found.phase === "off")) location.reload();
    else if (found.phase !== "off") show(found);
    notices.clear("scaling");
  } catch (problem) {
    notices.show("scaling", { text: problem.message, mend: problem.mend });
  }
  timer = setTimeout(look, document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
}

document.addEventListener("visibilitychange", () => document.hidden || look());
timer = setTimeout(look, EVERY_MS);
