/**
 * Which lines are shown, what was searched for, and which lines are selected.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("../types.js").LogLevel} LogLevel
 *
 * @typedef {object} LogFilter
 * @property {LogLevel[]} levels none: all of them
 * @property {string} step "": all of them
 * @property {string} search "": nothing is searched for
 * @property {boolean} only whether only lines that match the search are shown
 *
 * @typedef {{level: LogLevel[], step: string, search: string}} ServerFilter a filter as the service takes it
 * @typedef {{anchor: number, focus: number}} Selection the lines between two, by `seq`; `focus` moves
 */

import { searchableText } from "../visible_text.js";

/** @type {readonly LogLevel[]} */
export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
/** @type {LogLevel[]} */
export const ERROR_LEVELS = ["ERROR", "CRITICAL"];

/** @param {LogFilter} filter @returns {ServerFilter} what leaves only the lines shown */
export function toServerFilter(filter) {
  return { level: filter.levels, step: filter.step, search: filter.only ? filter.search : "" };
}

/** @param {ServerFilter} serverFilter whether it leaves all lines */
export function isEverything(serverFilter) {
  return serverFilter.level.length === 0 && serverFilter.step === "" && serverFilter.search === "";
}

/** @param {LogEntry} entry @param {ServerFilter} serverFilter whether the service would find it */
export function matches(entry, { level, step, search }) {
  return (
    (level.length === 0 || level.includes(entry.level)) &&
    (step === "" || entry.step === step) &&
    (search === "" || searchableText(entry.message).toLowerCase().includes(searchableText(search).toLowerCase()))
  );
}
