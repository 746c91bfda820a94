/**
 * A part of the section that is loaded while it is shown, and loaded again when there is something new: at once, but not
 * more often than its own duration and a pause allow.
 */

import { ServiceError } from "../connection/service_error.js";
import { make, setText } from "../dom.js";

const PAUSE_MS = 2000;
const PAUSE_TIMES = 10; // as long as loading took

export class LivePart {
  #isShown = false;
  #isStale = true;
  #isLoading = false;
  #isLoaded = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} what is loaded, such as `the scores`
   * @param {() => Promise<void>} load draws into `content`. Throws ServiceError
   * @param {AbortSignal} signal
   */
  constructor(what, load, signal) {
    this.what = what;
    this.load = load;
    this.signal = signal;
    this.notice = make("p", { class: "none part-notice" });
    this.retry = make("button", { type: "button", class: "quiet-button" }, "Try again");
    this.retry.hidden = true;
    this.retry.addEventListener("click", () => this.refresh());
    this.content = make("div");
    this.element = make("div", {}, this.notice, this.retry, this.content);
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /** @param {boolean} isShown */
  show(isShown) {
    this.#isShown = isShown;
    this.#loadIfNeeded();
  }

  /** What is shown is no longer the newest. */
  refresh() {
    this.#isStale = true;
    this.#loadIfNeeded();
  }

  /** Loads at once, for what somebody has chosen. */
  reload() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.refresh();
  }

  #loadIfNeeded() {
    const isDue = this.#isShown && this.#isStale && !this.#isLoading && this.#timer === undefined;
    if (isDue && !this.signal.aborted) void this.#load();
  }

  async #load() {
    const begun = performance.now();
    this.#isStale = false;
    this.#isLoading = true;
    this.retry.hidden = true;
    if (!this.#isLoaded) setText(this.notice, `Loading ${this.what}…`);
    try {
      await this.load();
      this.#isLoaded = true;
      setText(this.notice, "");
    } catch (error) {
      if (this.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      setText(this.notice, `Could not load ${this.what}: ${error.message}`);
      this.retry.hidden = false;
    } finally {
      this.#isLoading = false;
    }
    const pauseMs = Math.max(PAUSE_MS, PAUSE_TIMES * (performance.now() - begun));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#loadIfNeeded();
    }, pauseMs);
  }
}
