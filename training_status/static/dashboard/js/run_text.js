/**
 * How a run is described to people: durations, ages, its state, the time left and what that is based on.
 *
 * `docs/formatting.md` has the rules and `docs/formatting.json` the texts. `run_text.py` does the same for the admin and
 * the terminal. `now` is the time by the service's clock, in ms.
 *
 * @typedef {import("./types.js").Status} Status
 * @typedef {Pick<Status, "status" | "health" | "failure_reason">} State
 * @typedef {Pick<Status, "status" | "health" | "forecast" | "estimated_completion" | "last_report_at">} Running
 */

import { numberText } from "./number_text.js";

const MINUTE_S = 60;
const HOUR_S = 3600;
const SECONDS_BELOW_S = 10 * MINUTE_S; // from there on a duration has no seconds
const JUST_NOW_BELOW_S = 2;
const UNDER_A_MINUTE_S = 50; // shown as less than a minute
const LINEAR_TOLERANCE_S = 5;
const LEAST_PART = 0.15; // of a forecast remains, however long no report is received, as in the service's forecast
const DONE_AT_MOST = 99;
const ESTIMATING = "estimating…";
const NOT_STARTED = "not started";

/**
 * `350 ms`, `40 s`, `3 min 20 s`, `12 min`, `1 h 20 min`, `2 d 3 h`; a negative one is `0 s`, null a dash.
 *
 * @param {number | null} seconds
 */
export function durationText(seconds) {
  if (seconds === null) return "–";
  const milliseconds = seconds > 0 && seconds < 1 ? rounded(seconds * 1000) : 0;
  if (milliseconds > 0 && milliseconds < 1000) return `${milliseconds} ms`;
  const whole = Math.max(0, rounded(seconds));
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < SECONDS_BELOW_S) return twoUnits(whole, "min", MINUTE_S, "s");
  const minutes = rounded(whole / MINUTE_S);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return twoUnits(minutes, "h", 60, "min");
  return twoUnits(rounded(whole / HOUR_S), "d", 24, "h");
}

/** `3 min 20 s ago`; `just now` for less than two seconds, and for what a wrong clock puts into the future. @param {number} seconds */
export function ageText(seconds) {
  return seconds < JUST_NOW_BELOW_S ? "just now" : `${durationText(seconds)} ago`;
}

/** The seconds from a timestamp of the API to `now`. @param {string} timestamp @param {number} now */
export function secondsSince(timestamp, now) {
  return (now - Date.parse(timestamp)) / 1000;
}

/** The status with its health or failure reason: `training, stalled`, `failed: cancelled`. @param {State} run */
export function stateText(run) {
  if (run.failure_reason) return `${run.status}: ${run.failure_reason}`;
  return isSilent(run) ? `${run.status}, ${run.health}` : run.status;
}

/** The CSS class of a state: `stalled`, `hanging`, `lost`, `cancelled`, or the status. @param {State} run */
export function stateClass(run) {
  if (isSilent(run)) return String(run.health);
  return run.failure_reason === "lost" || run.failure_reason === "cancelled" ? run.failure_reason : run.status;
}

/**
 * `about 5 min left`, or why that is not known; empty for a run that has ended. Never 0 while it goes on.
 *
 * @param {Running} run
 * @param {number} now
 */
export function timeLeftText(run, now) {
  const known = shownTimeLeft(run, now);
  if (typeof known === "string") return known;
  if (known < 0) return "taking longer than expected";
  return known < UNDER_A_MINUTE_S ? "less than a minute left" : `about ${roughDuration(known)} left`;
}

/**
 * Sorts runs by the time left as it is shown: overdue runs, runs with a time, runs without one yet, runs that have not
 * started, silent runs, and at the end those that have ended or do not exist.
 *
 * @param {Running | null} run
 * @param {number} now
 * @returns {number} the seconds left; Infinity without any
 */
export function timeLeftRank(run, now) {
  const known = run === null ? "" : shownTimeLeft(run, now);
  if (typeof known === "number") return known;
  if (known === "") return Infinity;
  // Beyond any time left: the dates of JavaScript end at 8.64e12 s.
  return known === ESTIMATING ? 1e13 : known === NOT_STARTED ? 2e13 : 3e13;
}

/** The seconds left as they are shown, below 0 when overdue; or the text in their place. @param {Running} run @param {number} now */
function shownTimeLeft(run, now) {
  if (run.status === "pending") return NOT_STARTED;
  if (run.status !== "training") return "";
  if (run.health !== "ok") return `unknown (${run.health})`;
  const { forecast, estimated_completion: linear, last_report_at: reported } = run;
  const completion = forecast?.completion ?? linear;
  if (completion === null) return ESTIMATING;
  const left = -secondsSince(completion, now);
  const latest = forecast ? -secondsSince(forecast.high, now) : left + LINEAR_TOLERANCE_S;
  if (latest < 0) return latest;
  return Math.max(0, left, forecast ? LEAST_PART * -secondsSince(completion, Date.parse(reported)) : 0);
}

/** What a forecast is based on: `based on 4 earlier runs`; empty without a forecast. @param {Status["forecast"]} forecast */
export function forecastBasisText(forecast) {
  if (forecast === null) return "";
  const { method, based_on_runs: runs } = forecast;
  const number = numberText(runs);
  const noun = runs === 1 ? "run" : "runs";
  if (method === "history") return `based on ${number} earlier ${noun}`;
  if (method === "shares") return `based on ${number} ${noun} of other domains`;
  return `based on the current pace${runs ? `, which was more accurate in ${number} earlier ${noun}` : ""}`;
}

/**
 * `5 min so far`, or `5 min total` once the run has ended; empty before it has started.
 *
 * @param {Pick<Status, "started_at" | "completed_at">} run
 * @param {number} now
 */
export function elapsedText({ started_at: started, completed_at: ended }, now) {
  if (started === null) return "";
  if (ended === null) return `${durationText(secondsSince(started, now))} so far`;
  return `${durationText(secondsSince(started, Date.parse(ended)))} total`;
}

/** How much of a phase is done, in percent: 99 at most until it is completed. @param {Pick<Status["steps"][number], "status" | "progress">} step */
export function stepPercent({ status, progress }) {
  return status === "completed" ? progress : Math.min(progress, DONE_AT_MOST);
}

/** @param {Pick<Status, "health">} run */
function isSilent({ health }) {
  return health === "stalled" || health === "hanging";
}

/** In minutes; from an hour on in steps of five. @param {number} seconds */
function roughDuration(seconds) {
  const step = seconds < HOUR_S ? MINUTE_S : 5 * MINUTE_S;
  return durationText(rounded(seconds / step) * step);
}

/** @param {number} count @param {string} large @param {number} size @param {string} small */
function twoUnits(count, large, size, small) {
  const rest = count % size;
  const whole = `${numberText(Math.floor(count / size))} ${large}`;
  return rest ? `${whole} ${rest} ${small}` : whole;
}

/** To a whole number, halves up. @param {number} number */
function rounded(number) {
  return Math.floor(number + 0.5);
}
