/**
 * Stores the log's filter and selected lines: in the URL of the run page, or in memory in the web component.
 *
 * @typedef {import("./log_filter.js").LogFilter} LogFilter
 * @typedef {import("./log_filter.js").Selection} Selection
 *
 * @typedef {object} LogState
 * @property {() => LogFilter} filter the stored filter
 * @property {() => Selection | null} selection the stored selection
 * @property {(filter: LogFilter, selection: Selection | null) => void} write
 * @property {() => void} leave removes the selection when the log is closed
 * @property {(onChange: () => void, signal: AbortSignal) => void} watch calls `onChange` when the user changes the stored selection
 * @property {(seq: number) => string} line the address of a line
 * @property {(filter: LogFilter, selection: Selection | null) => string} link a link to the same view
 */

import { LEVELS } from "./log_filter.js";

const WRITE_PAUSE_MS = 400; // browsers block more than about a hundred URL changes in 30 s

/** @implements {LogState} */
export class LogStateInUrl {
  #writtenAt = -WRITE_PAUSE_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #hasSelection = false;

  /** @param {string} runPage the path of the run's own page */
  constructor(runPage) {
    this.runPage = runPage;
  }

  /** @returns {LogFilter} */
  filter() {
    const query = new URLSearchParams(location.search);
    const named = query.getAll("level");
    return {
      levels: LEVELS.filter((level) => named.includes(level)),
      step: query.get("step") ?? "",
      search: query.get("search") ?? "",
      only: query.get("only") === "matching",
    };
  }

  /** @returns {Selection | null} from `#L1234` or `#L10-L20` */
  selection() {
    const found = /^#L([1-9]\d{0,14})(?:-L?([1-9]\d{0,14}))?$/.exec(location.hash);
    this.#hasSelection = found !== null;
    return found === null ? null : { anchor: Number(found[1]), focus: Number(found[2] ?? found[1]) };
  }

  /** Writes to the URL, throttled. @param {LogFilter} filter @param {Selection | null} selection */
  write(filter, selection) {
    this.#hasSelection = selection !== null;
    clearTimeout(this.#timer);
    const pause = this.#writtenAt + WRITE_PAUSE_MS - performance.now();
    if (pause > 0) {
      this.#timer = setTimeout(() => this.write(filter, selection), pause);
    } else {
      this.#writtenAt = performance.now();
      history.replaceState(history.state, "", addressOf(location.pathname, location.search, filter, selection));
    }
  }

  /** Cancels pending writes and removes the selection from the URL. */
  leave() {
    clearTimeout(this.#timer);
    if (this.#hasSelection) history.replaceState(history.state, "", location.pathname + location.search);
  }

  /** @param {() => void} onChange @param {AbortSignal} signal */
  watch(onChange, signal) {
    window.addEventListener("hashchange", onChange, { signal });
  }

  /** @param {number} seq */
  line(seq) {
    return `#L${seq}`;
  }

  /** @param {LogFilter} filter @param {Selection | null} selection */
  link(filter, selection) {
    return location.origin + addressOf(this.runPage, location.search, filter, selection);
  }
}

/** @type {Readonly<LogFilter>} */
const EVERYTHING = { levels: [], step: "", search: "", only: false };

/** @implements {LogState} */
export class LogStateInMemory {
  /**
   * @param {string} runPage URL of the run page at the service, for links
   * @param {{filter?: LogFilter}} memory keeps the filter from run to run
   */
  constructor(runPage, memory) {
    this.runPage = new URL(runPage, location.href).href;
    this.memory = memory;
  }

  /** @returns {LogFilter} */
  filter() {
    return this.memory.filter ?? { ...EVERYTHING };
  }

  /** @returns {Selection | null} */
  selection() {
    return null;
  }

  /** @param {LogFilter} filter */
  write(filter) {
    this.memory.filter = filter;
  }

  /** Nothing to clean up. */
  leave() {}

  /** The user cannot change it. */
  watch() {}

  /** @param {number} seq */
  line(seq) {
    return `${this.runPage}#L${seq}`;
  }

  /** @param {LogFilter} filter @param {Selection | null} selection */
  link(filter, selection) {
    return addressOf(this.runPage, "", filter, selection);
  }
}

/**
 * @param {string} path
 * @param {string} search other query parameters are kept
 * @param {LogFilter} filter
 * @param {Selection | null} selection
 */
function addressOf(path, search, filter, selection) {
  const query = new URLSearchParams(search);
  for (const name of ["level", "step", "search", "only"]) query.delete(name);
  for (const level of filter.levels) query.append("level", level);
  if (filter.step) query.set("step", filter.step);
  if (filter.search) query.set("search", filter.search);
  if (filter.only) query.set("only", "matching");
  const text = query.toString();
  return path + (text ? `?${text}` : "") + (selection ? fragmentOf(selection) : "");
}

/** @param {Selection} selection */
function fragmentOf({ anchor, focus }) {
  const [low, high] = [Math.min(anchor, focus), Math.max(anchor, focus)];
  return low === high ? `#L${low}` : `#L${low}-L${high}`;
}
