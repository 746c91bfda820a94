/** Formats names, times of day and metrics; `run_text.js` describes runs. */

import { isNumeric, numberText } from "./number_text.js";
import { oneLine } from "./visible_text.js";

/** @param {string} name `entity_f1` as `entity f1` */
export function displayName(name) {
  return oneLine(name).replaceAll("_", " ");
}

/** The progress for screen readers: `27 percent, loading data`. @param {Pick<import("./types.js").Status, "progress" | "current_step">} status */
export function progressText({ progress, current_step: step }) {
  return `${progress} percent, ${displayName(step)}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
});
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
});

/**
 * Formats a time in the local time zone; with the date unless it is today.
 *
 * @param {string | number} moment
 * @param {number} now in ms
 */
export function formatTime(moment, now) {
  const date = new Date(moment);
  return (date.toDateString() === new Date(now).toDateString() ? CLOCK : DAY_AND_CLOCK).format(date);
}

/**
 * Formats a time range in the local time zone; with dates unless both are today.
 *
 * @param {string} from
 * @param {string} to
 * @param {number} now in ms
 */
export function formatTimeRange(from, to, now) {
  const today = new Date(now).toDateString();
  const isToday = [from, to].every((moment) => new Date(moment).toDateString() === today);
  return (isToday ? CLOCK : DAY_AND_CLOCK).formatRange(new Date(from), new Date(to));
}

/** @param {unknown} value a metric value: numbers are formatted by `numberText`, null is a dash @param {number} [digits] */
export function formatMetric(value, digits) {
  if (value === null || value === undefined) return "–";
  return isNumeric(value) ? numberText(value, digits) : oneLine(String(value));
}
