/** Formats times, durations, states and metrics. */

import { isNumeric, numberText } from "./number_text.js";
import { oneLine, visibleText } from "./visible_text.js";

/**
 * @typedef {import("./types.js").Status} Status
 * @typedef {Pick<Status, "status" | "health" | "failure_reason">} State
 */

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const LEAST_PART = 0.15;

/** @param {string} name `entity_f1` as `entity f1` */
export function displayName(name) {
  return visibleText(name).replaceAll("_", " ");
}

/** How much of a phase is done, in percent: 99 at most until it is completed. @param {Status["steps"][number]} step */
export function formatStepPercent({ status, progress }) {
  return `${status === "completed" ? progress : Math.min(progress, 99)} %`;
}

/**
 * Formats a duration: `12 s`, `5 min`, `1 h 20 min`, `2 d 3 h`.
 *
 * @param {number} seconds
 */
export function formatDuration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < 10 * MINUTE_S && whole % MINUTE_S) return `${Math.floor(whole / MINUTE_S)} min ${whole % MINUTE_S} s`;
  if (whole < HOUR_S - MINUTE_S / 2) return `${Math.round(whole / MINUTE_S)} min`;
  const minutes = Math.round(whole / MINUTE_S);
  if (whole < DAY_S) return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(whole / HOUR_S);
  return joined(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** @param {number} large @param {string} unit @param {number} small @param {string} smallUnit */
function joined(large, unit, small, smallUnit) {
  return small ? `${large} ${unit} ${small} ${smallUnit}` : `${large} ${unit}`;
}

/**
 * Formats the age of a timestamp: `just now`, `40 s ago`, `3 min ago`.
 *
 * @param {string} timestamp
 * @param {number} now in ms
 */
export function formatAge(timestamp, now) {
  const seconds = (now - Date.parse(timestamp)) / 1000;
  return seconds < 2 ? "just now" : `${formatDuration(seconds)} ago`;
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

/**
 * The state with its health or failure reason: `training, stalled`, `failed: cancelled`.
 *
 * @param {State} status
 */
export function formatState(status) {
  if (status.failure_reason) return `${status.status}: ${status.failure_reason}`;
  if (status.health === "stalled" || status.health === "hanging") return `${status.status}, ${status.health}`;
  return status.status;
}

/** @param {State} status the CSS class of a state: its health, its failure reason, or its status */
export function stateClass(status) {
  if (status.health === "stalled" || status.health === "hanging") return status.health;
  return status.failure_reason === "lost" || status.failure_reason === "cancelled" ? status.failure_reason : status.status;
}

/**
 * The time left, never 0 while the run goes on.
 *
 * @param {Status} status
 * @param {number} now in ms
 */
export function formatTimeLeft(status, now) {
  if (status.status === "pending") return "not started";
  if (status.status !== "training") return "";
  if (status.health !== "ok") return `unknown (${status.health})`;
  const { forecast, estimated_completion: linear, last_report_at: reported } = status;
  const completion = forecast?.completion ?? linear;
  if (completion === null) return "estimating…";
  const seconds = (Date.parse(completion) - now) / 1000;
  const latest = forecast ? Date.parse(forecast.high) : Date.parse(completion) + 5000;
  if (now > latest) return "taking longer than expected";
  // Without a report the countdown stops at this share, as in the service's forecast.
  const least = forecast ? (LEAST_PART * (Date.parse(forecast.completion) - Date.parse(reported))) / 1000 : 0;
  const left = Math.max(seconds, least);
  return left < 50 ? "less than a minute left" : `about ${roundedDuration(left)} left`;
}

/**
 * Describes what a forecast is based on.
 *
 * @param {NonNullable<Status["forecast"]>} forecast
 */
export function formatForecastBasis({ method, based_on_runs: runs }) {
  const many = `${runs} earlier ${runs === 1 ? "run" : "runs"}`;
  if (method === "history") return `based on ${many}`;
  if (method === "shares") return `based on ${runs} ${runs === 1 ? "run" : "runs"} of other domains`;
  return runs ? `based on the current pace, which was more accurate in ${many}` : "based on the current pace";
}

/** @param {number} seconds rounded to minutes, or to five minutes from an hour on */
function roundedDuration(seconds) {
  if (seconds < HOUR_S) return formatDuration(Math.max(1, Math.round(seconds / MINUTE_S)) * MINUTE_S);
  return formatDuration(Math.round(seconds / (5 * MINUTE_S)) * 5 * MINUTE_S);
}
