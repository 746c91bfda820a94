/**
 * What the calls of language models added up to, by phase, model and role.
 *
 * @typedef {import("../types.js").RunUsage} RunUsage
 * @typedef {import("../types.js").UsageTotals} UsageTotals
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 */

import { make } from "../dom.js";
import { displayName } from "../format.js";
import { exactNumberText, numberText } from "../number_text.js";
import { durationText } from "../run_text.js";
import { counted } from "./candidate_text.js";
import { LivePart } from "./live_part.js";

const COLUMNS = ["Phase", "Model", "Role", "Calls", "From cache", "Errors", "Input tokens", "Output tokens", "Cost", "Mean latency"];

export class UsagePart extends LivePart {
  /** @param {RunFindings} findings */
  constructor(findings) {
    super("the usage", () => this.#loadUsage(), findings.signal);
    this.findings = findings;
    this.sentence = make("p", { class: "in-words" });
    this.rows = make("tbody");
    this.totals = make("tfoot");
    const head = make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name))));
    this.frame = make("div", { class: "usage-frame", role: "region", tabindex: "0", "aria-label": "Usage by phase, model and role" }, make("table", { class: "usage" }, head, this.rows, this.totals));
    this.content.append(this.sentence, this.frame);
  }

  async #loadUsage() {
    /** @type {RunUsage} */
    const { total, items } = await this.findings.get("/usage");
    this.frame.hidden = items.length === 0;
    if (items.length === 0) return this.sentence.replaceChildren("No usage of language models was reported yet.");
    const costs = sumsOfCosts(items);
    this.sentence.replaceChildren(
      `${counted(total.calls, "call")} of language models, ${numberText(total.cached_calls)} of them answered from the cache and ${numberText(total.errors)} failed.`,
      ` ${counted(total.input_tokens, "input token")} and ${counted(total.output_tokens, "output token")}. Cost: ${costText(costs, total.unpriced_calls)}.`,
    );
    this.rows.replaceChildren(
      ...items.map((item) => row([displayName(item.phase), item.model, item.role], item, costText(sumsOfCosts([item]), item.unpriced_calls))),
    );
    this.totals.replaceChildren(row(["Total", "", ""], total, costText(costs, total.unpriced_calls)));
  }
}

/** @param {string[]} names @param {UsageTotals} sums @param {string} cost */
function row([first = "", ...others], sums, cost) {
  const answered = sums.calls - sums.cached_calls;
  const cells = [
    [numberText(sums.calls)],
    [numberText(sums.cached_calls)],
    [numberText(sums.errors)],
    tokens(sums.input_tokens, sums.cached_input_tokens, "cached"),
    tokens(sums.output_tokens, sums.reasoning_tokens, "reasoning"),
    [cost],
    [answered > 0 ? durationText(sums.duration_ms / 1000 / answered) : "–"],
  ];
  return make("tr", {}, make("th", { scope: "row" }, first), ...others.map((text) => make("td", {}, text)), ...cells.map((cell) => make("td", { class: "number" }, ...cell)));
}

/** @param {number} count @param {number} part @param {string} name of the part @returns {(string | HTMLElement)[]} */
function tokens(count, part, name) {
  return part ? [numberText(count), make("span", { class: "part-of" }, `${numberText(part)} ${name}`)] : [numberText(count)];
}

/** The sums by currency. @param {Pick<UsageTotals, "cost" | "currency">[]} items */
function sumsOfCosts(items) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { cost, currency } of items) if (cost !== null && currency) sums.set(currency, (sums.get(currency) ?? 0) + cost);
  return sums;
}

/** @param {Map<string, number>} costs @param {number} unpriced calls without a known cost */
function costText(costs, unpriced) {
  if (costs.size === 0) return "not known";
  // Sums of doubles have digits at their end that no cost has.
  const sums = [...costs].map(([currency, cost]) => `${exactNumberText(Number(cost.toPrecision(6)))} ${currency}`).join(" + ");
  return unpriced ? `${sums}, and ${counted(unpriced, "call")} without a known cost` : sums;
}
