/** Tabs by the pattern of the ARIA Authoring Practices: arrow keys, Home and End move between them and show their panel. */

import { make } from "../dom.js";

/** @typedef {{name: string, title: string, content: HTMLElement}} Tab */

export class Tabs {
  /**
   * @param {string} label
   * @param {Tab[]} tabs the first is shown
   * @param {(name: string) => void} onShow
   */
  constructor(label, tabs, onShow) {
    this.onShow = onShow;
    this.buttons = new Map(tabs.map(({ name, title }) => [name, this.#button(name, title)]));
    this.panels = new Map(tabs.map(({ name, content }) => [name, panel(name, content)]));
    this.list = make("div", { role: "tablist", class: "tabs", "aria-label": label }, ...this.buttons.values());
    this.list.addEventListener("keydown", (event) => this.#onKey(event));
    this.element = make("div", {}, this.list, ...this.panels.values());
    this.shown = "";
  }

  /** @param {string} name */
  show(name) {
    if (name === this.shown) return;
    this.shown = name;
    for (const [one, button] of this.buttons) {
      button.setAttribute("aria-selected", String(one === name));
      button.tabIndex = one === name ? 0 : -1;
    }
    for (const [one, element] of this.panels) element.hidden = one !== name;
    this.onShow(name);
  }

  /** @param {string} name @param {string} title */
  #button(name, title) {
    const id = `optimisation-tab-${name}`;
    const button = make("button", { type: "button", role: "tab", id, "aria-controls": `optimisation-${name}` }, title);
    button.addEventListener("click", () => this.show(name));
    return button;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const names = [...this.buttons.keys()];
    const place = names.indexOf(this.shown);
    const wanted = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: -1 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const name = names.at(wanted % names.length) ?? this.shown;
    this.show(name);
    this.buttons.get(name)?.focus();
  }
}

/** @param {string} name @param {HTMLElement} content */
function panel(name, content) {
  const id = `optimisation-${name}`;
  const element = make("div", { role: "tabpanel", id, class: "tab-panel", "aria-labelledby": `optimisation-tab-${name}` }, content);
  element.hidden = true;
  return element;
}
