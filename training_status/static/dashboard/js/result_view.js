/**
 * The result of a run: its prompts, with copy buttons, and all other fields as a tree.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 */

import { copyButton } from "./copy_button.js";
import { make, setText } from "./dom.js";
import { jsonText } from "./exact_json.js";
import { authorizeDownload } from "./download_link.js";
import { jsonTree } from "./json_tree.js";
import { displayName } from "./format.js";

export class ResultView {
  /**
   * @param {HTMLElement} element
   * @param {{service: Service, runId: string, signal: AbortSignal}} run
   */
  constructor(element, { service, runId, signal }) {
    this.signal = signal;
    this.service = service;
    this.url = service.address(`/training-runs/${runId}/result`);
    this.notice = make("p", { class: "none result-notice" });
    this.retry = make("button", { type: "button", class: "quiet-button" }, "Try again");
    this.retry.addEventListener("click", () => void this.load());
    this.retry.hidden = true;
    this.content = make("div", { class: "result" });
    element.replaceChildren(this.notice, this.retry, this.content);
    /** @type {Status["status"] | null} */
    this.state = null;
    this.fileName = "";
  }

  /** @param {Status} status */
  update(status) {
    this.fileName = `${status.domain_name}-${status.run_number}-result.json`;
    if (status.status === this.state) return;
    this.state = status.status;
    if (status.status === "completed") {
      void this.load();
    } else {
      this.content.replaceChildren();
      this.retry.hidden = true;
      setText(this.notice, status.status === "failed" ? "This run failed and has no result." : "No result yet. The result appears when the training completes.");
    }
  }

  /** Loads and shows the result. */
  async load() {
    this.retry.hidden = true;
    setText(this.notice, "Loading the result…");
    /** @type {unknown} */
    let result;
    try {
      result = await this.service.get(this.url, this.signal);
    } catch (error) {
      if (this.signal.aborted || this.state !== "completed") return;
      const isNone = error instanceof Object && "status" in error && error.status === 404;
      this.retry.hidden = isNone;
      const why = error instanceof Error ? error.message : String(error);
      setText(this.notice, isNone ? "This run reported no result." : `Could not load the result: ${why}`);
      return;
    }
    if (this.state !== "completed") return;
    setText(this.notice, "");
    this.content.replaceChildren(...this.#parts(result));
  }

  /** @param {unknown} result */
  #parts(result) {
    const { prompts, ...rest } = isObject(result) ? result : { prompts: null, result };
    const parts = [];
    const download = make("a", { href: this.url, download: this.fileName, class: "quiet-button" }, "Download all as JSON");
    authorizeDownload(download, this.service, (sentence) => setText(this.notice, sentence));
    parts.push(make("p", { class: "result-actions" }, download));
    const hasPrompts = isObject(prompts) && Object.keys(prompts).length > 0;
    if (hasPrompts) for (const [name, value] of Object.entries(prompts)) parts.push(prompt(name, value));
    const others = hasPrompts || prompts === undefined || prompts === null ? rest : { prompts, ...rest };
    if (Object.keys(others).length) {
      if (hasPrompts) parts.push(make("h3", {}, "Other fields"));
      parts.push(jsonTree(others));
    }
    if (parts.length === 1) parts.push(make("p", { class: "none" }, "The result is empty."));
    return parts;
  }
}

/** @param {string} name @param {unknown} value the prompt, or an object with its parts */
function prompt(name, value) {
  const heading = make("h3", {}, displayName(name));
  const whole = typeof value === "string" ? value : jsonText(value, 2);
  const section = make("section", { class: "prompt", "aria-label": `Prompt ${displayName(name)}` });
  section.append(make("div", { class: "prompt-heading" }, heading, copyButton(`Copy ${displayName(name)}`, () => whole)));
  if (typeof value === "string") section.append(preformatted(value));
  else if (!isObject(value)) section.append(jsonTree({ [name]: value }));
  else {
    const rest = Object.entries(value).filter(([, one]) => typeof one !== "string");
    for (const [key, one] of Object.entries(value)) {
      if (typeof one === "string") section.append(make("h4", {}, displayName(key)), preformatted(one));
    }
    if (rest.length) section.append(jsonTree(Object.fromEntries(rest)));
  }
  return section;
}

/** @param {string} text */
function preformatted(text) {
  return make("pre", { class: "prompt-text" }, text);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
