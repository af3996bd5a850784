// Files that come in: dropped with their folders, chosen, or pasted.

import { byId } from "./dom.js";

/** Wire all ways for files to come; `take` gets a list of `{file, name}`. */
export function takeFiles(take) {
  const zone = byId("drop");
  let depth = 0;
  const over = (on) => zone.classList.toggle("is-over", on);

  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    over(true);
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) over(false);
  });
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    take(await dropped(event.dataTransfer));
  });

  for (const id of ["files", "folder"]) {
    const input = byId(id);
    input.addEventListener("change", () => {
      take(Array.from(input.files, (file) => ({ file, name: file.webkitRelativePath || file.name })));
      input.value = "";
    });
  }

  addEventListener("paste", (event) => {
    const files = Array.from(event.clipboardData?.files || []);
    if (!files.length) return;
    event.preventDefault();
    take(files.map((file) => ({ file, name: file.name })));
  });
}

function hasFiles(event) {
  return Array.from(event.dataTransfer?.types || []).includes("Files");
}

/** Return what was dropped, the files in folders included. Entries must be asked for before the event ends. */
async function dropped(transfer) {
  const items = Array.from(transfer.items || []).filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() || null);
  const files = items.map((item) => item.getAsFile());
  const found = [];
  for (const [place, entry] of entries.entries()) {
    if (entry?.isDirectory) found.push(...(await inFolder(entry)));
    else if (files[place]) found.push({ file: files[place], name: files[place].name });
  }
  if (!items.length) found.push(...Array.from(transfer.files, (file) => ({ file, name: file.name })));
  return found;
}

async function inFolder(folder) {
  const found = [];
  for (const entry of await entriesOf(folder)) {
    // Files that systems put into folders for themselves are nobody's pictures.
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory) {
      found.push(...(await inFolder(entry)));
    } else {
      const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
      if (file) found.push({ file, name: entry.fullPath.replace(/^\//, "") });
    }
  }
  return found;
}

/** A folder is read in parts of a hundred, until an empty one. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const part = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!part.length) return found.sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
    found.push(...part);
  }
}
