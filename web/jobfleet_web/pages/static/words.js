// Sizes, times and counts as people read them.

export function bytes(count) {
  if (count === null || count === undefined) return "";
  const units = ["B", "kB", "MB", "GB"];
  let place = 0;
  let left = count;
  while (left >= 1000 && place < units.length - 1) {
    left /= 1000;
    place += 1;
  }
  return `${place && left < 10 ? left.toFixed(1) : Math.round(left)}\u00a0${units[place]}`;
}

export function seconds(count) {
  if (count < 0.0995) return `${Math.max(1, Math.round(count * 1000))} ms`;
  if (count < 9.95) return `${count.toFixed(1)} s`;
  if (count < 59.5) return `${Math.round(count)} s`;
  const minutes = Math.floor(Math.round(count) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(count) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A clock that runs: it has no parts of a second, which nobody could read. */
export function clock(count) {
  const whole = Math.max(0, Math.floor(count));
  return whole < 60 ? `${whole} s` : seconds(whole);
}

export function many(count, one, more = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
}

export function number(value) {
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return value.toLocaleString("en", { maximumSignificantDigits: 8 });
}

/** A message as a sentence, whoever wrote it. */
export function sentence(text) {
  const whole = text.trim();
  return `${whole.charAt(0).toUpperCase()}${whole.slice(1)}${/[.!?…]$/.test(whole) || !whole ? "" : "."}`;
}

/** `population_stdev` as people write it. */
export function label(name) {
  const spaced = name.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export const STATES = {
  queued: "In line to send",
  uploading: "Uploading",
  waiting: "Waiting",
  working: "Working",
  succeeded: "Done",
  failed: "Failed",
};
