/**
 * Mouse and keyboard input on the log lines: clicks select, and keys work while the lines have the focus.
 *
 * @typedef {import("./log_view.js").LogView} LogView
 */

export class LineInput {
  /** @param {LogView} view @param {AbortSignal} signal removes the listeners when aborted */
  constructor(view, signal) {
    this.view = view;
    const { scroller } = view.rows;
    scroller.addEventListener("click", (event) => this.#click(event), { signal });
    scroller.addEventListener("keydown", (event) => this.#press(event), { signal });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const { rows } = this.view;
    const seq = rows.seqOf(event.target);
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isNumber = link?.classList.contains("log-number") ?? false;
    const isElsewhere = event.ctrlKey || event.metaKey; // opens the link in a new tab
    const marksText = !isNumber && !event.shiftKey && isTextMarked();
    if (seq === null || isElsewhere || marksText || (link && !isNumber)) return;
    event.preventDefault();
    rows.scroller.focus({ preventScroll: true });
    this.view.select(seq, rows.entryOf(seq), event.shiftKey);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { lineSelection } = this.view;
    const isChord = event.ctrlKey || event.metaKey;
    if (isChord && event.key === "c" && lineSelection.selection && !isTextMarked()) void this.view.clipboard.lines();
    else if (isChord || event.altKey) return;
    else if (event.key === "ArrowDown") this.#move(1, event.shiftKey);
    else if (event.key === "ArrowUp") this.#move(-1, event.shiftKey);
    else if (event.key === "Escape" && lineSelection.selection) this.view.unselect();
    else return;
    event.preventDefault();
  }

  /** Selects the next or previous line, or the outermost visible line when the selected one is not visible. @param {1 | -1} step @param {boolean} extends_ */
  #move(step, extends_) {
    this.view.drawPending();
    const { rows, lineSelection, follow } = this.view;
    const { list } = this.view.results;
    const from = rows.indexOf(lineSelection.focus);
    const edge = step > 0 ? rows.sight.first : rows.sight.last;
    const wanted = from === undefined || !rows.shows(from) ? edge : from + step;
    const index = Math.max(0, Math.min(list.total - 1, wanted));
    const seq = list.seqAt(index);
    if (seq === undefined) return;
    this.view.select(seq, list.entryAt(index), extends_);
    follow.scrollTo(rows.nearestTop(index));
  }
}

/** Whether text is selected. In a shadow tree `isCollapsed` is always true, so the text is checked. */
function isTextMarked() {
  return getSelection()?.toString() !== "";
}
