/**
 * The keyboard shortcuts of the log, and the dialog that lists them and turns them off (WCAG 2.1.4).
 *
 * @typedef {"search" | "nextMatch" | "previousMatch" | "nextError" | "previousError" | "follow" | "first" | "last"} LogAction
 */

const SETTING = "aegis.log.keys";

/** @type {Readonly<Record<string, LogAction | "help">>} */
const ACTIONS = {
  "/": "search",
  n: "nextMatch",
  N: "previousMatch",
  e: "nextError",
  E: "previousError",
  f: "follow",
  Home: "first",
  End: "last",
  "?": "help",
};

export class LogKeys {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {HTMLInputElement} areOn the checkbox in it that enables the shortcuts
   * @param {EventTarget} keyboard where key events are received
   * @param {(action: LogAction) => void} act
   * @param {AbortSignal} signal removes the listeners when aborted
   */
  constructor(dialog, areOn, keyboard, act, signal) {
    this.dialog = dialog;
    this.areOn = areOn;
    this.act = act;
    areOn.checked = readSetting() !== "off";
    areOn.addEventListener("change", () => writeSetting(areOn.checked ? "on" : "off"), { signal });
    keyboard.addEventListener("keydown", (event) => this.#hear(/** @type {KeyboardEvent} */ (event)), { signal });
  }

  /** Shows the dialog. */
  help() {
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #hear(event) {
    const action = ACTIONS[event.key];
    const isChord = event.ctrlKey || event.metaKey || event.altKey;
    if (action === undefined || isChord || event.defaultPrevented || !this.areOn.checked) return;
    if (isField(event.composedPath()[0]) || this.dialog.open || document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    if (action === "help") this.help();
    else this.act(action);
  }
}

/** @param {EventTarget | undefined} target whether the element takes keyboard input */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select"));
}

/** @returns {string | null} null without a value or without storage */
function readSetting() {
  try {
    return localStorage.getItem(SETTING);
  } catch {
    return null;
  }
}

/** @param {string} value */
function writeSetting(value) {
  try {
    localStorage.setItem(SETTING, value);
  } catch {
    // Without storage the setting lasts until the page is left.
  }
}
