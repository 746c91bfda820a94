/**
 * The comparison of the selected runs.
 *
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("../types.js").Comparison} Comparison
 * @typedef {import("./run_selection.js").RunSelection} RunSelection
 * @typedef {import("./comparison_tables.js").Reference} Reference
 */

import { runAddress } from "../addresses.js";
import { ServiceError } from "../connection/service_error.js";
import { make, getElement, setText } from "../dom.js";
import { jsonText } from "../exact_json.js";
import { allDigitsSwitch, areShortened } from "../metric_element.js";
import { formatTime } from "../format.js";
import { durationText, stateClass, stateText } from "../run_text.js";
import { metricRows, phaseRows, runsTable, settingRows } from "./comparison_tables.js";
import { curvesOf } from "./run_curves.js";
import { promptDiff } from "./prompt_diff.js";

const CUT_OFF = { metrics: "metrics", configuration: "settings", prompts: "prompts" };

export class ComparisonView {
  /** @param {{service: Service, domain: string, selection: RunSelection}} options */
  constructor({ service, domain, selection }) {
    this.service = service;
    this.domain = domain;
    this.selection = selection;
    this.element = getElement("comparison");
    this.notice = getElement("comparison-notice");
    this.content = getElement("comparison-content");
    this.asking = new AbortController();
    this.shown = "";
    this.isExact = false;
    /** @type {[number, number] | null} the runs whose prompts are compared */
    this.pair = null;
  }

  /** Loads the comparison of the selected runs. The current one stays visible meanwhile. */
  async load() {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const { runs } = this.selection;
    this.element.hidden = runs.length < 2;
    if (runs.length < 2) {
      this.shown = "";
      this.content.replaceChildren();
      return;
    }
    if (!this.shown) setText(this.notice, "Loading the runs…");
    try {
      const path = `/domains/${encodeURIComponent(this.domain)}/training-comparison`;
      /** @type {Comparison} */
      const comparison = await this.service.get(this.service.address(path, { run: runs.map(String) }), signal);
      setText(this.notice, "");
      const shown = jsonText(comparison);
      if (shown === this.shown) return;
      this.shown = shown;
      this.#show(comparison, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      this.shown = "";
      this.content.replaceChildren();
      setText(this.notice, `Could not compare these runs: ${error.message}`);
    }
  }

  /** @param {Comparison} comparison @param {AbortSignal} signal */
  #show(comparison, signal) {
    const reference = referenceOf(comparison);
    const differing = comparison.configuration.filter((setting) => setting.differs);
    const same = comparison.configuration.filter((setting) => !setting.differs);
    const curves = make("div", {}, make("p", { class: "none" }, "Loading the curves…"));
    const parts = [
      this.#runs(comparison),
      section("Metrics", make("p", { class: "about" }, `Compared with ${reference.words}.`), ...(comparison.metrics.length ? this.#metrics(comparison, reference) : [none("None of these runs has a numeric metric.")])),
      section("Curves", curves),
      section("Phases", runsTable("Phase", "Phase durations", comparison, phaseRows(comparison))),
      section(
        "Configuration",
        differing.length ? runsTable("Setting", "Settings that differ", comparison, settingRows(differing)) : none("No differences."),
        ...(same.length ? [make("details", { class: "same" }, make("summary", {}, same.length === 1 ? "1 identical setting" : `${same.length} identical settings`), runsTable("Setting", "Identical settings", comparison, settingRows(same)))] : []),
      ),
      this.#prompts(comparison),
    ];
    const cut = comparison.cut_off.map((name) => CUT_OFF[name]);
    if (cut.length) parts.push(none(`Not all ${cut.join(" and ")} are shown.`));
    this.content.replaceChildren(...parts);
    void curvesOf(this.service, comparison, signal).then(
      (elements) => curves.replaceChildren(...elements),
      (error) => {
        if (!signal.aborted) throw error;
      },
    );
  }

  /** @param {Comparison} comparison */
  #runs(comparison) {
    const items = comparison.runs.map((run) => {
      const leave = make("button", { type: "button", class: "link", "aria-label": `Remove run ${run.run_number} from the comparison` }, "Remove");
      leave.addEventListener("click", () => {
        this.selection.setRun(run.run_number, false);
        getElement("comparison-heading").focus();
      });
      const shown = { ...run, health: null }; // a comparison does not say it
      const state = make("span", { class: `state ${stateClass(shown)}` }, stateText(shown));
      const times = [run.started_at && formatTime(run.started_at, this.service.now()), run.duration_ms === null ? "" : durationText(run.duration_ms / 1000)];
      const about = make("span", { class: "about" }, times.filter(Boolean).join(" · "));
      return make("li", {}, make("a", { href: runAddress(this.domain, run.run_number) }, `Run ${run.run_number}`), " ", state, about, leave);
    });
    return make("ul", { class: "compared", "aria-label": "Compared runs" }, ...items);
  }

  /** @param {Comparison} comparison @param {Reference} reference */
  #metrics(comparison, reference) {
    const table = make("div");
    const draw = () => table.replaceChildren(runsTable("Metric", "Metrics of the runs", comparison, metricRows(comparison, reference, this.isExact)));
    draw();
    const areShort = comparison.metrics.some(({ name, values }) => areShortened([...values, reference.metrics[name]]));
    const onChange = (/** @type {boolean} */ isExact) => {
      this.isExact = isExact;
      draw();
    };
    return areShort ? [table, allDigitsSwitch(onChange, this.isExact)] : [table];
  }

  /** @param {Comparison} comparison */
  #prompts(comparison) {
    if (!comparison.prompts.length) return section("Prompts", none("None of these runs has prompts in its result."));
    const numbers = comparison.runs.map((run) => run.run_number);
    const reference = numbers[referencePlace(comparison)] ?? 0;
    const isThere = this.pair?.every((number) => numbers.includes(number));
    const pair = (this.pair = (isThere ? this.pair : null) ?? [reference, numbers.find((number) => number !== reference) ?? 0]);
    const texts = make("div");
    const draw = () => {
      const [left, right] = /** @type {[Side, Side]} */ (pair.map((number) => ({ place: numbers.indexOf(number), title: `Run ${number}` })));
      texts.replaceChildren(...comparison.prompts.map((prompt) => promptDiff(prompt, left, right)));
    };
    const selects = pair.map((chosen, side) => {
      const options = numbers.map((number) => make("option", { value: String(number) }, `run ${number}`));
      const select = make("select", { "aria-label": side ? "Right" : "Left" }, ...options);
      select.value = String(chosen);
      select.addEventListener("change", () => {
        pair[side] = Number(select.value);
        draw();
      });
      return select;
    });
    draw();
    const choosing = numbers.length > 2 ? [make("p", { class: "prompt-pair" }, "Compare: ", selects[0] ?? "", " and ", selects[1] ?? "")] : [];
    return section("Prompts", ...choosing, texts);
  }
}

/** @typedef {{place: number, title: string}} Side */

/** The pinned baseline, or else the oldest run. @param {Comparison} comparison @returns {Reference} */
function referenceOf(comparison) {
  const { baseline_run_number: number, baseline_metrics: metrics, runs } = comparison;
  if (number !== null && metrics !== null) return { number, metrics, words: `run ${number}, the pinned baseline` };
  const oldest = runs[referencePlace(comparison)];
  return { number: oldest?.run_number ?? 0, metrics: oldest?.metrics ?? {}, words: `run ${oldest?.run_number}, the oldest of these runs (no baseline is pinned)` };
}

/** The index of the reference run. @param {Comparison} comparison */
function referencePlace({ runs, baseline_run_number: pinned }) {
  const numbers = runs.map((run) => run.run_number);
  return numbers.indexOf(pinned !== null && numbers.includes(pinned) ? pinned : Math.min(...numbers));
}

/** @param {string} title @param {...Node} children */
function section(title, ...children) {
  return make("section", { class: "card", "aria-label": title }, make("h3", {}, title), ...children);
}

/** @param {string} text */
function none(text) {
  return make("p", { class: "none" }, text);
}
