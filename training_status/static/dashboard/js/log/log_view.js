/**
 * The log of one run: windowed, followed, filtered, searched, linked to.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("../types.js").LogPage} LogPage
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("./log_address.js").LogPlace} LogPlace
 * @typedef {import("./log_filter.js").LogFilter} LogFilter
 * @typedef {import("./log_keys.js").LogAction} LogAction
 *
 * @typedef {object} LogOptions
 * @property {Service} service
 * @property {LogPlace} place
 * @property {EventTarget} keyboard where the keys of the log are heard
 * @property {string} domain
 * @property {number} runNumber
 * @property {number} firstSeq the oldest entry kept
 * @property {number} lastSeq the newest entry; 0 when there is none
 * @property {Readonly<LogPage["level_counts"]>} levelCounts
 * @property {string[]} phases the steps that can be chosen
 */

import { say } from "../dom.js";
import { letDownload } from "../download_link.js";
import { LogChoice } from "./log_choice.js";
import { LogCopies } from "./log_copies.js";
import { LogCounts } from "./log_counts.js";
import { isEverything, matches, narrowingOf } from "./log_filter.js";
import { LogFinder } from "./log_finder.js";
import { LogFollow } from "./log_follow.js";
import { LogHand } from "./log_hand.js";
import { LogKeys } from "./log_keys.js";
import { LogLists } from "./log_lists.js";
import { LogSource } from "./log_source.js";
import { LogSpeech } from "./log_speech.js";
import { LogTools } from "./log_tools.js";
import { LogWindow, ROW_HEIGHT } from "./log_window.js";
import { searchPattern } from "./message_text.js";

export class LogView {
  /**
   * @param {HTMLElement} element with the frame of `log.html` in it
   * @param {LogOptions} options
   */
  constructor(element, options) {
    /** @param {string} name */
    const named = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-part="${name}"]`));
    const { signal } = this.#ending;
    this.element = element;
    this.named = named;
    this.counts = new LogCounts(options.levelCounts, options.lastSeq);
    this.place = options.place;
    this.filter = this.place.filter();
    this.marked = searchPattern(this.filter.search);
    this.source = new LogSource(options.service, options.domain, options.runNumber, (page) => this.#learn(page));
    this.rows = new LogWindow(named("scroller"), named("spacer"), named("rows"));
    this.lists = new LogLists(this.source, this.filter, options.firstSeq, options.lastSeq, {
      onChange: () => this.#drawSoon(),
      onShift: (rows) => this.#shift(rows),
      onGrowth: (rows) => this.follow.grew(rows),
      onTrouble: (error) => this.notice(error === null ? "" : `The log could not be read: ${error.message}`),
    });
    this.finder = new LogFinder(this);
    this.choice = new LogChoice(this, named);
    this.copies = new LogCopies(this);
    this.follow = new LogFollow(this.rows, named, this.choice.selection === null, () => this.#drawSoon(), signal);
    this.speech = new LogSpeech(named("speech"), /** @type {HTMLInputElement} */ (named("aloud")), signal);
    this.tools = new LogTools(
      named,
      this.filter,
      options.phases,
      { onFilter: (filter) => this.show(filter), onMatch: (step) => this.finder.match(step) },
      signal,
    );
    const dialog = /** @type {HTMLDialogElement} */ (named("keys"));
    this.keys = new LogKeys(dialog, /** @type {HTMLInputElement} */ (named("keys-on")), options.keyboard, (action) => this.#act(action), signal);
    new LogHand(this, signal);
    this.#listen();
    this.notice("");
    this.#linked();
    this.#draw();
  }

  #ending = new AbortController();
  #frame = 0;
  #jumps = 0;
  /** @type {{seq: number, offset: number} | null} where to be as soon as the list that has just been chosen is here */
  #wanted = null;

  /** Ask the service how far the log reaches: something has come or gone that was not told. */
  async refresh() {
    const log = await this.finder.attempt((signal) => this.source.page({ order: "desc", page_size: 1 }, signal));
    if (log === undefined || this.#ending.signal.aborted) return;
    this.lists.grow(log.last_seq);
    this.#drawSoon();
  }

  /** Entries that have just come, in order. After a gap what is missing is read. @param {LogEntry[]} entries */
  append(entries) {
    if (!this.counts.add(entries)) void this.refresh();
    for (const entry of entries) if (entry.step) this.tools.offerStep(entry.step);
    this.lists.append(entries);
    this.speech.tell(entries.filter((entry) => matches(entry, narrowingOf(this.filter))));
    this.choice.arrived(entries);
    this.#drawSoon();
  }

  /** Select the first error of the run, whatever the filter, and bring it into sight. */
  showFirstError() {
    this.element.scrollIntoView({ block: "nearest" });
    void this.finder.firstError();
  }

  /** End everything, and leave the frame for another run's log. What comes afterwards is not shown. */
  destroy() {
    this.#ending.abort();
    cancelAnimationFrame(this.#frame);
    this.place.leave();
    this.lists.stop();
    this.finder.stop();
    this.rows.forget();
    this.choice.details.hide();
  }

  /** @param {LogFilter} filter show what it leaves, at the same place */
  show(filter) {
    const place = this.follow.isOn ? null : (this.#wanted ?? this.#placeInSight());
    const { list } = this.lists;
    this.filter = filter;
    this.marked = searchPattern(filter.search);
    this.tools.set(filter);
    this.lists.show(filter);
    this.notice("");
    if (this.lists.list !== list) {
      this.rows.forget();
      this.follow.missed = 0;
      this.#jumps += 1; // what was to be revealed in the list before is not in this one
      this.#stay(place);
    }
    this.choice.show();
    this.place.write(filter, this.choice.selection);
    this.#draw();
  }

  /** @param {number} seq @param {LogEntry} [entry] @param {boolean} [extends_] select all lines from where the selection began */
  select(seq, entry, extends_ = false) {
    this.follow.pause();
    this.choice.select(seq, entry, extends_);
    this.place.write(this.filter, this.choice.selection);
    this.#drawSoon();
  }

  /** Select nothing. */
  unselect() {
    this.choice.clear();
    this.place.write(this.filter, null);
    this.#drawSoon();
  }

  /**
   * Bring a line into sight.
   *
   * @param {number} seq
   * @param {number} [offset] rows from the top; in the middle when left out and not in sight
   */
  async reveal(seq, offset) {
    const jump = ++this.#jumps;
    this.follow.pause();
    const index = await this.finder.attempt(() => this.lists.list.indexOf(seq));
    if (index === undefined || jump !== this.#jumps || this.#ending.signal.aborted) return;
    this.rows.resize(this.lists.list.total);
    if (offset === undefined && this.rows.shows(index)) return;
    this.follow.scrollTo((index - (offset ?? Math.floor(this.rows.height / 2))) * ROW_HEIGHT);
    this.#drawSoon();
  }

  /** @param {string} sentence what came of what somebody has just done; heard as event `notice` */
  notice(sentence) {
    say(this.named("notice"), sentence);
    if (sentence) this.element.dispatchEvent(new CustomEvent("notice", { detail: sentence, bubbles: true }));
  }

  #listen() {
    const { signal } = this.#ending;
    this.named("close").addEventListener("click", () => this.#close(), { signal });
    this.named("more").addEventListener("click", () => this.lists.goOn(), { signal });
    this.named("help").addEventListener("click", () => this.keys.help(), { signal });
    this.named("copy-lines").addEventListener("click", () => this.copies.lines(), { signal });
    this.named("copy-link").addEventListener("click", () => this.copies.link(), { signal });
    letDownload(this.named("download"), this.source.service, (sentence) => this.notice(sentence), signal);
    this.place.watch(() => this.#linked(), signal);
    const sizes = new ResizeObserver(() => this.#drawSoon());
    sizes.observe(this.rows.scroller);
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  /** @param {Pick<LogPage, "first_seq" | "last_seq" | "level_counts"> & {logs?: LogEntry[]}} log */
  #learn(log) {
    this.lists.forget(log.first_seq);
    for (const entry of log.logs ?? []) if (entry.step) this.tools.offerStep(entry.step);
    this.counts.learn(log);
  }

  /** The address may name lines. */
  #linked() {
    if (!this.choice.takeFromAddress()) return;
    this.follow.pause();
    void this.reveal(this.choice.range.low);
    this.#drawSoon();
  }

  /** @param {{seq: number, offset: number} | null} place where to be in the new list */
  #stay(place) {
    const wanted = (this.#wanted = place && { ...place });
    if (wanted === null) return;
    void this.reveal(wanted.seq, wanted.offset).finally(() => {
      if (this.#wanted === wanted) this.#wanted = null;
    });
  }

  /** The line to stay at when the list changes: the selected one if it is in sight, else the first in sight. */
  #placeInSight() {
    const { focus } = this.choice;
    const index = this.rows.indexOf(focus);
    if (index !== undefined && this.rows.shows(index)) return { seq: focus, offset: index - this.rows.top };
    const seq = this.lists.list.seqAt(this.rows.top);
    return seq === undefined ? null : { seq, offset: 0 };
  }

  /** @param {number} rows that have come before the first one */
  #shift(rows) {
    this.rows.forget();
    this.rows.resize(this.lists.list.total);
    if (!this.follow.isOn) this.follow.scrollTo(this.rows.scale.top + rows * ROW_HEIGHT);
  }

  #drawSoon() {
    if (!this.#ending.signal.aborted) this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { list } = this.lists;
    this.rows.resize(list.total);
    this.follow.update();
    const { focus } = this.choice;
    const { low, high } = this.choice.range;
    this.rows.draw(list, (seq = -1) => ({
      marked: this.marked,
      isSelected: low <= seq && seq <= high,
      isActive: seq === focus,
      link: this.place.line(seq),
    }));
    this.rows.activate(focus);
    this.tools.showCounts(this.counts.counts);
    say(this.named("count"), this.lists.sentence());
    this.named("more").hidden = !this.lists.canGoOn;
    const empty = this.named("empty");
    empty.hidden = list.total > 0 || this.lists.isLooking;
    say(empty, isEverything(narrowingOf(this.filter)) ? "No lines yet." : "No line matches.");
    this.named("download").setAttribute("href", this.source.downloadAddress(narrowingOf(this.filter)));
    this.rows.setNumberWidth(String(this.lists.list.last).length);
  }

  #close() {
    this.unselect();
    this.rows.scroller.focus({ preventScroll: true });
  }

  /** @param {LogAction} action */
  #act(action) {
    this.#jumps += 1;
    if (action === "search") this.tools.search.focus();
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
