/**
 * Pointing at lines: clicks, and the keys that belong to the lines while they have the focus.
 *
 * @typedef {import("./log_view.js").LogView} LogView
 */

export class LineInput {
  /** @param {LogView} view @param {AbortSignal} signal listens until it is aborted */
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
    const isElsewhere = event.ctrlKey || event.metaKey; // a link in a tab of its own
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

  /** Select the line below or above the selected one; the outermost in sight where that is not. @param {1 | -1} step @param {boolean} extends_ */
  #move(step, extends_) {
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

/** Whether somebody has marked text. In an element, a selection says that it is collapsed whatever is marked. */
function isTextMarked() {
  return getSelection()?.toString() !== "";
}
