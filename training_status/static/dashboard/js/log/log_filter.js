/**
 * The filter of the log: levels, step and search, and the type of a selection.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("../types.js").LogLevel} LogLevel
 *
 * @typedef {object} LogFilter
 * @property {LogLevel[]} levels empty for all
 * @property {string} step empty for all
 * @property {string} search empty without a search
 * @property {boolean} only whether lines that do not match the search are hidden
 *
 * @typedef {{level: LogLevel[], step: string, search: string}} ServerFilter the filter as query parameters of the service
 * @typedef {{anchor: number, focus: number}} Selection the lines between two, by `seq`; `focus` moves
 */

import { searchableText } from "../visible_text.js";

/** @type {readonly LogLevel[]} */
export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
/** @type {LogLevel[]} */
export const ERROR_LEVELS = ["ERROR", "CRITICAL"];

/** @param {LogFilter} filter @returns {ServerFilter} the query parameters that return the shown lines */
export function toServerFilter(filter) {
  return { level: filter.levels, step: filter.step, search: filter.only ? filter.search : "" };
}

/** @param {ServerFilter} serverFilter whether it matches all lines */
export function isEverything(serverFilter) {
  return serverFilter.level.length === 0 && serverFilter.step === "" && serverFilter.search === "";
}

/** @param {LogEntry} entry @param {ServerFilter} serverFilter whether the entry matches, by the service's rules */
export function matches(entry, { level, step, search }) {
  return (
    (level.length === 0 || level.includes(entry.level)) &&
    (step === "" || entry.step === step) &&
    (search === "" || searchableText(entry.message).toLowerCase().includes(searchableText(search).toLowerCase()))
  );
}
