/**
 * The log of one run: a virtual list with following, filters, search and links to lines.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("../types.js").LogPage} LogPage
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("./log_state.js").LogState} LogState
 * @typedef {import("./log_filter.js").LogFilter} LogFilter
 * @typedef {import("./log_keys.js").LogAction} LogAction
 *
 * @typedef {object} LogOptions
 * @property {Service} service
 * @property {LogState} storedState
 * @property {EventTarget} keyboard where the log listens for keyboard shortcuts
 * @property {string} domain
 * @property {number} runNumber
 * @property {number} firstSeq the oldest entry kept
 * @property {number} lastSeq the newest entry; 0 when there is none
 * @property {Readonly<LogPage["level_counts"]>} levelCounts
 * @property {string[]} phases the steps to choose from
 */

import { setText } from "../dom.js";
import { authorizeDownload } from "../download_link.js";
import { LineSelection } from "./line_selection.js";
import { LogClipboard } from "./log_clipboard.js";
import { LogCounts } from "./log_counts.js";
import { isEverything, matches, toServerFilter } from "./log_filter.js";
import { LogFinder } from "./log_finder.js";
import { LogFollow } from "./log_follow.js";
import { LineInput } from "./line_input.js";
import { LogKeys } from "./log_keys.js";
import { FilterResults } from "./filter_results.js";
import { LogApi } from "./log_api.js";
import { ScreenReader } from "./screen_reader.js";
import { LogToolbar } from "./log_toolbar.js";
import { LogWindow, ROW_HEIGHT } from "./log_window.js";
import { searchPattern } from "./message_text.js";

export class LogView {
  /**
   * @param {HTMLElement} element with the frame of `log.html` in it
   * @param {LogOptions} options
   */
  constructor(element, options) {
    /** @param {string} name */
    const getPart = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-part="${name}"]`));
    const { signal } = this.#ending;
    this.element = element;
    this.getPart = getPart;
    this.counts = new LogCounts(options.levelCounts, options.lastSeq);
    this.storedState = options.storedState;
    this.filter = this.storedState.filter();
    this.marked = searchPattern(this.filter.search);
    this.api = new LogApi(options.service, options.domain, options.runNumber, (page) => this.#learn(page));
    this.rows = new LogWindow(getPart("scroller"), getPart("spacer"), getPart("rows"));
    this.results = new FilterResults(this.api, this.filter, options.firstSeq, options.lastSeq, {
      onChange: () => this.#drawSoon(),
      onShift: (rows) => this.#shift(rows),
      onGrowth: (rows) => this.follow.grew(rows),
      onTrouble: (error) => this.notice(error === null ? "" : `Could not load the log: ${error.message}`),
    });
    this.finder = new LogFinder(this);
    this.lineSelection = new LineSelection(this, getPart);
    this.clipboard = new LogClipboard(this);
    this.follow = new LogFollow(this.rows, getPart, this.lineSelection.selection === null, () => this.#drawSoon(), signal);
    this.screenReader = new ScreenReader(getPart("live-region"), /** @type {HTMLInputElement} */ (getPart("announce")), signal);
    this.toolbar = new LogToolbar(
      getPart,
      this.filter,
      options.phases,
      { onFilter: (filter) => this.show(filter), onMatch: (step) => this.finder.match(step) },
      signal,
    );
    const dialog = /** @type {HTMLDialogElement} */ (getPart("keys"));
    this.keys = new LogKeys(dialog, /** @type {HTMLInputElement} */ (getPart("keys-on")), options.keyboard, (action) => this.#act(action), signal);
    new LineInput(this, signal);
    this.#listen();
    this.notice("");
    this.#linked();
    this.#draw();
  }

  #ending = new AbortController();
  #frame = 0;
  #jumps = 0;
  /** @type {{seq: number, offset: number} | null} the line to scroll to when the new list is loaded */
  #wanted = null;

  /** Loads the range of the log, after a gap in the stream. */
  async refresh() {
    const log = await this.finder.attempt((signal) => this.api.page({ order: "desc", page_size: 1 }, signal));
    if (log === undefined || this.#ending.signal.aborted) return;
    this.results.grow(log.last_seq);
    this.#drawSoon();
  }

  /** Appends new entries, in order. Missing entries after a gap are loaded. @param {LogEntry[]} entries */
  append(entries) {
    if (!this.counts.add(entries)) void this.refresh();
    for (const entry of entries) if (entry.step) this.toolbar.offerStep(entry.step);
    this.results.append(entries);
    this.screenReader.tell(entries.filter((entry) => matches(entry, toServerFilter(this.filter))));
    this.lineSelection.arrived(entries);
    this.#drawSoon();
  }

  /** Selects the first error of the run, regardless of the filter, and scrolls to it. */
  showFirstError() {
    this.element.scrollIntoView({ block: "nearest" });
    void this.finder.firstError();
  }

  /** Stops everything and leaves the elements for the log of another run. */
  destroy() {
    this.#ending.abort();
    cancelAnimationFrame(this.#frame);
    this.storedState.leave();
    this.results.stop();
    this.finder.stop();
    this.rows.forget();
    this.lineSelection.details.hide();
  }

  /** @param {LogFilter} filter applied, keeping the scroll position where possible */
  show(filter) {
    const place = this.follow.isOn ? null : (this.#wanted ?? this.#placeInSight());
    const { list } = this.results;
    this.filter = filter;
    this.marked = searchPattern(filter.search);
    this.toolbar.set(filter);
    this.results.show(filter);
    this.notice("");
    if (this.results.list !== list) {
      this.rows.forget();
      this.follow.missed = 0;
      this.#jumps += 1; // pending scrolls belong to the previous list
      this.#stay(place);
    }
    this.lineSelection.show();
    this.storedState.write(filter, this.lineSelection.selection);
    this.#draw();
  }

  /** @param {number} seq @param {LogEntry} [entry] @param {boolean} [extends_] extend the selection from its anchor */
  select(seq, entry, extends_ = false) {
    this.follow.pause();
    this.lineSelection.select(seq, entry, extends_);
    this.storedState.write(this.filter, this.lineSelection.selection);
    this.#drawSoon();
  }

  /** Clears the selection. */
  unselect() {
    this.lineSelection.clear();
    this.storedState.write(this.filter, null);
    this.#drawSoon();
  }

  /**
   * Scrolls to a line.
   *
   * @param {number} seq
   * @param {number} [offset] rows from the top; by default in the middle, unless already visible
   */
  async reveal(seq, offset) {
    const jump = ++this.#jumps;
    this.follow.pause();
    const index = await this.finder.attempt(() => this.results.list.indexOf(seq));
    if (index === undefined || jump !== this.#jumps || this.#ending.signal.aborted) return;
    this.rows.resize(this.results.list.total);
    if (offset === undefined && this.rows.shows(index)) return;
    this.follow.scrollTo((index - (offset ?? Math.floor(this.rows.height / 2))) * ROW_HEIGHT);
    this.#drawSoon();
  }

  /** @param {string} sentence the outcome of a user action; also dispatched as the event `notice` */
  notice(sentence) {
    setText(this.getPart("notice"), sentence);
    if (sentence) this.element.dispatchEvent(new CustomEvent("notice", { detail: sentence, bubbles: true }));
  }

  #listen() {
    const { signal } = this.#ending;
    this.getPart("close").addEventListener("click", () => this.#close(), { signal });
    this.getPart("more").addEventListener("click", () => this.results.goOn(), { signal });
    this.getPart("help").addEventListener("click", () => this.keys.help(), { signal });
    this.getPart("copy-lines").addEventListener("click", () => this.clipboard.lines(), { signal });
    this.getPart("copy-link").addEventListener("click", () => this.clipboard.link(), { signal });
    authorizeDownload(this.getPart("download"), this.api.service, (sentence) => this.notice(sentence), signal);
    this.storedState.watch(() => this.#linked(), signal);
    const sizes = new ResizeObserver(() => this.#drawSoon());
    sizes.observe(this.rows.scroller);
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  /** @param {Pick<LogPage, "first_seq" | "last_seq" | "level_counts"> & {logs?: LogEntry[]}} log */
  #learn(log) {
    this.results.forget(log.first_seq);
    for (const entry of log.logs ?? []) if (entry.step) this.toolbar.offerStep(entry.step);
    this.counts.learn(log);
  }

  /** Selects the lines in the URL. */
  #linked() {
    if (!this.lineSelection.takeFromAddress()) return;
    this.follow.pause();
    void this.reveal(this.lineSelection.range.low);
    this.#drawSoon();
  }

  /** @param {{seq: number, offset: number} | null} place the line to keep at its offset in the new list */
  #stay(place) {
    const wanted = (this.#wanted = place && { ...place });
    if (wanted === null) return;
    void this.reveal(wanted.seq, wanted.offset).finally(() => {
      if (this.#wanted === wanted) this.#wanted = null;
    });
  }

  /** The line to keep in place when the list changes: the selected one if visible, else the first visible one. */
  #placeInSight() {
    this.drawPending();
    const { focus } = this.lineSelection;
    const index = this.rows.indexOf(focus);
    if (index !== undefined && this.rows.shows(index)) return { seq: focus, offset: index - this.rows.top };
    const seq = this.results.list.seqAt(this.rows.top);
    return seq === undefined ? null : { seq, offset: 0 };
  }

  /** @param {number} rows inserted before the first one */
  #shift(rows) {
    this.rows.forget();
    this.rows.resize(this.results.list.total);
    if (!this.follow.isOn) this.follow.scrollTo(this.rows.virtualScroll.top + rows * ROW_HEIGHT);
  }

  /** Draws now what would be drawn with the next frame: input that comes faster than frames needs the present rows. */
  drawPending() {
    if (this.#frame) this.#draw();
  }

  #drawSoon() {
    if (!this.#ending.signal.aborted) this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { list } = this.results;
    this.rows.resize(list.total);
    this.follow.update();
    const { focus } = this.lineSelection;
    const { low, high } = this.lineSelection.range;
    this.rows.draw(list, (seq = -1) => ({
      marked: this.marked,
      isSelected: low <= seq && seq <= high,
      isActive: seq === focus,
      link: this.storedState.line(seq),
    }));
    this.rows.activate(focus);
    this.toolbar.showCounts(this.counts.counts);
    setText(this.getPart("count"), this.results.sentence());
    this.getPart("more").hidden = !this.results.canGoOn;
    const empty = this.getPart("empty");
    empty.hidden = list.total > 0 || this.results.isLooking;
    setText(empty, isEverything(toServerFilter(this.filter)) ? "No lines yet." : "No lines match.");
    this.getPart("download").setAttribute("href", this.api.downloadAddress(toServerFilter(this.filter)));
    this.rows.setNumberWidth(String(this.results.list.last).length);
  }

  #close() {
    this.unselect();
    this.rows.scroller.focus({ preventScroll: true });
  }

  /** @param {LogAction} action */
  #act(action) {
    this.#jumps += 1;
    if (action === "search") this.toolbar.search.focus();
    else if (action === "nextMatch") void this.finder.match(1);
    else if (action === "previousMatch") void this.finder.match(-1);
    else if (action === "nextError") void this.finder.error(1);
    else if (action === "previousError") void this.finder.error(-1);
    else if (action === "follow") this.follow.switch();
    else if (action === "last") this.follow.resume();
    else {
      this.follow.pause();
      this.follow.scrollTo(0);
      this.#drawSoon();
    }
  }
}
