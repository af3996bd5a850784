// The page: makes its parts, and ties them together.

import { ask, at } from "./api.js";
import { Batch } from "./batch.js";
import { Details } from "./details.js";
import { byId } from "./dom.js";
import { takeFiles } from "./drop.js";
import { Fleet } from "./fleet.js";
import { OperationForm, showPending } from "./form.js";
import { BatchList } from "./list.js";
import { Notices } from "./notices.js";
import { Sender } from "./sender.js";
import { Watch } from "./watch.js";

// How soon the operations are asked for again if the server did not tell them.
const FORM_AGAIN_MS = 10000;

// How soon after files were sent it is looked how the fleet is.
const FLEET_AFTER_MS = 3000;

document.documentElement.classList.add("js");
for (const id of ["folder-label", "paste-hint"]) byId(id).hidden = false;
byId("folder").hidden = false;

const notices = new Notices(byId("notices"));
const batch = new Batch(document.body.dataset.batch);
const watch = new Watch(batch, notices);
const sender = new Sender(batch, notices, begin);
const form = new OperationForm((text) => reveal(sender.addNumbers(text, form.operation, form.parameters)));
const list = new BatchList(batch, { again: (row) => sender.again(row), look: (row) => details.open(row) });
const details = new Details(() => list.shown);
const fleet = new Fleet(byId("fleet"), notices, (seen) => batch.findLost(seen.lost_before));

let pending = [];

/** Have the server give this batch an id, and the page its address. */
async function begin() {
  const made = await ask(at("/api/v1/batches"), { method: "POST" });
  batch.id = made.batch;
  batch.wasRead = true;
  document.body.dataset.batch = batch.id;
  history.pushState({}, "", at(`/batches/${batch.id}`));
  byId("drop-words").textContent = "Add to this batch";
  watch.start();
}

/** Send files, or keep them until the form is filled in. */
function take(files) {
  if (!files.length) {
    notices.show("nothing", { text: "There was no file in what you dropped.", look: "is-uneasy" });
    return;
  }
  notices.clear("nothing");
  pending.push(...files);
  sendPending();
}

function sendPending() {
  if (form.isValid) {
    const files = pending;
    pending = [];
    if (files.length) reveal(sender.addFiles(files, form.operation, form.parameters));
  } else {
    form.complain();
  }
  showPending(pending.length, sendPending, () => {
    pending = [];
    showPending(0);
  });
}

function reveal(rows) {
  list.reveal(rows[0]);
  // A fleet that was asleep wakes by this.
  setTimeout(() => fleet.now(), FLEET_AFTER_MS);
}

async function loadForm() {
  try {
    await form.load();
    notices.clear("form");
  } catch (problem) {
    notices.show("form", { text: `The operations could not be read. ${problem.message}`, mend: problem.mend });
    setTimeout(loadForm, FORM_AGAIN_MS);
  }
}

takeFiles(take);
batch.addEventListener("change", (event) => details.refresh(event.detail));

addEventListener("beforeunload", (event) => {
  if (sender.isBusy) event.preventDefault();
});

// Going back from a batch to the empty page, or on to another batch, is a page of its own.
addEventListener("popstate", () => {
  // The page without a batch is also at the bare prefix, which has no slash at its end.
  const here = location.pathname === at("") ? at("/") : location.pathname;
  if (here !== at(batch.id ? `/batches/${batch.id}` : "/")) location.reload();
});

loadForm();
fleet.now();
if (batch.id) {
  batch.tell([]);
  watch.start();
}
