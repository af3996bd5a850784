// Pictures before and after, made only for what is looked at, and decoded beside the page's own work.

import { element } from "./dom.js";

// Formats that browsers show. The server sends all others as downloads.
const SHOWN_TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"];
const SHOWN_ENDINGS = /\.(jpe?g|png|gif|webp|avif)$/i;

// Larger ones are not fetched for a small picture.
const THUMBNAIL_BYTES = 12_000_000;

/** Where a row's input can be seen: in this page's own file, or at the server. Null if it cannot. */
function inputOf(row) {
  if (row.file) {
    return SHOWN_TYPES.includes(row.file.type) ? { file: row.file, bytes: row.file.size } : null;
  }
  if (!row.job?.input?.href || !SHOWN_ENDINGS.test(row.name)) return null;
  return { href: row.job.input.href, bytes: row.job.bytes ?? 0 };
}

function outputOf(row) {
  const output = row.job?.output;
  return output && SHOWN_TYPES.includes(output.type) ? { href: output.href, bytes: output.bytes ?? 0 } : null;
}

/** Return a figure of a row's input or output. `release` gives back what it holds. */
export function picture(row, which, { large = false } = {}) {
  const source = which === "before" ? inputOf(row) : outputOf(row);
  const words = which === "before" ? "Before" : "After";
  const frame = element("span", { class: "frame" });
  const figure = element("figure", { class: `picture is-${which}` }, frame, element("figcaption", {}, words));
  let url = null;
  const release = () => {
    if (url) URL.revokeObjectURL(url);
    url = null;
  };
  if (!source || (!large && source.bytes > THUMBNAIL_BYTES)) {
    frame.append(stand(row, which));
    return { figure, release };
  }
  if (source.file) url = URL.createObjectURL(source.file);
  const image = element("img", {
    src: url || source.href, alt: `${words}: ${row.name}`, decoding: "async", loading: large ? "eager" : "lazy", draggable: "false",
  });
  image.addEventListener("error", () => {
    frame.replaceChildren(stand(row, which));
    release();
  });
  frame.append(image);
  return { figure, release };
}

/** What stands where no picture can: the ending of the name. */
function stand(row, which) {
  const name = which === "after" ? row.job?.output?.name || "" : row.name;
  const ending = /\.([a-z0-9]{1,6})$/i.exec(name)?.[1] || "…";
  return element("span", { class: "stand" }, ending.toUpperCase());
}

/** Whether a row's input is a picture that browsers show. */
export function canBeSeen(row) {
  return Boolean(inputOf(row));
}

/** Whether there is a picture to see after the job. */
export function hasAfter(row) {
  return Boolean(outputOf(row));
}
