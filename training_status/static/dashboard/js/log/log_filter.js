/**
 * Which lines are shown, what was searched for and which line is selected, and all of it in the address.
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
 * @typedef {{level: LogLevel[], step: string, search: string}} Narrowing a filter as the service takes it
 * @typedef {{anchor: number, focus: number}} Selection the lines between two, by `seq`; `focus` moves
 */

/** @type {readonly LogLevel[]} */
export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
/** @type {LogLevel[]} */
export const ERROR_LEVELS = ["ERROR", "CRITICAL"];

const WRITE_PAUSE_MS = 400; // browsers take offence at more than a hundred changes of the address in half a minute

/** @param {LogFilter} filter @returns {Narrowing} what leaves only the lines shown */
export function narrowingOf(filter) {
  return { level: filter.levels, step: filter.step, search: filter.only ? filter.search : "" };
}

/** @param {Narrowing} narrowing whether it leaves all lines */
export function isEverything(narrowing) {
  return narrowing.level.length === 0 && narrowing.step === "" && narrowing.search === "";
}

/** @param {LogEntry} entry @param {Narrowing} narrowing whether the service would find it */
export function matches(entry, { level, step, search }) {
  return (
    (level.length === 0 || level.includes(entry.level)) &&
    (step === "" || entry.step === step) &&
    (search === "" || entry.message.toLowerCase().includes(search.toLowerCase()))
  );
}

/** @returns {LogFilter} what the address says */
export function filterInAddress() {
  const query = new URLSearchParams(location.search);
  const named = query.getAll("level");
  return {
    levels: LEVELS.filter((level) => named.includes(level)),
    step: query.get("step") ?? "",
    search: query.get("search") ?? "",
    only: query.get("only") === "matching",
  };
}

/** @returns {Selection | null} what the address' fragment says: `#L1234`, `#L10-L20` */
export function selectionInAddress() {
  const found = /^#L([1-9]\d{0,14})(?:-L?([1-9]\d{0,14}))?$/.exec(location.hash);
  return found === null ? null : { anchor: Number(found[1]), focus: Number(found[2] ?? found[1]) };
}

/** @param {Selection} selection */
export function fragmentOf({ anchor, focus }) {
  const [low, high] = [Math.min(anchor, focus), Math.max(anchor, focus)];
  return low === high ? `#L${low}` : `#L${low}-L${high}`;
}

/** @param {LogFilter} filter @returns {URLSearchParams} with what else the address says */
function queryOf(filter) {
  const query = new URLSearchParams(location.search);
  for (const name of ["level", "step", "search", "only"]) query.delete(name);
  for (const level of filter.levels) query.append("level", level);
  if (filter.step) query.set("step", filter.step);
  if (filter.search) query.set("search", filter.search);
  if (filter.only) query.set("only", "matching");
  return query;
}

/**
 * @param {LogFilter} filter
 * @param {Selection | null} selection
 * @param {string} path
 */
export function addressOf(filter, selection, path = location.pathname) {
  const query = queryOf(filter).toString();
  return path + (query ? `?${query}` : "") + (selection ? fragmentOf(selection) : "");
}

/** Writes the address: at once, but never in quick succession. */
export class AddressWriter {
  #writtenAt = -WRITE_PAUSE_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {LogFilter} filter @param {Selection | null} selection */
  write(filter, selection) {
    clearTimeout(this.#timer);
    const pause = this.#writtenAt + WRITE_PAUSE_MS - performance.now();
    if (pause > 0) {
      this.#timer = setTimeout(() => this.write(filter, selection), pause);
    } else {
      this.#writtenAt = performance.now();
      history.replaceState(history.state, "", addressOf(filter, selection));
    }
  }

  /** Write no more. */
  stop() {
    clearTimeout(this.#timer);
  }
}
