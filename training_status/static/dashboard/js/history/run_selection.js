/**
 * The selected runs and metrics, stored in the URL: `?run=4&run=1&metric=entity_f1`.
 */

export const RUNS_MAX = 20;

export class RunSelection {
  /** @param {() => void} onChange called after every change */
  constructor(onChange) {
    this.onChange = onChange;
    const query = new URLSearchParams(location.search);
    const numbers = query.getAll("run").filter((text) => /^[1-9]\d{0,14}$/.test(text)).map(Number);
    /** @type {number[]} in the order of selection */
    this.runs = [...new Set(numbers)].slice(0, RUNS_MAX);
    /** @type {string[] | null} null for the default selection */
    this.metrics = query.has("metric") ? query.getAll("metric").filter(Boolean) : null;
  }

  /** @param {number} number @param {boolean} isChosen */
  setRun(number, isChosen) {
    const others = this.runs.filter((one) => one !== number);
    this.runs = isChosen ? [...others, number] : others;
    this.#write();
  }

  /** Clears the selected runs. */
  clearRuns() {
    this.runs = [];
    this.#write();
  }

  /** @param {string[] | null} names */
  setMetrics(names) {
    this.metrics = names;
    this.#write();
  }

  /** @param {string} page page number of the history; empty for the first @returns its URL with the selection */
  address(page) {
    const query = new URLSearchParams();
    if (page) query.set("page", page);
    for (const number of this.runs) query.append("run", String(number));
    for (const name of this.metrics?.length === 0 ? [""] : (this.metrics ?? [])) query.append("metric", name);
    return query.size ? `?${query}` : location.pathname;
  }

  #write() {
    const page = new URLSearchParams(location.search).get("page") ?? "";
    history.replaceState(history.state, "", this.address(page) + location.hash);
    this.onChange();
  }
}
