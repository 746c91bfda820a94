/**
 * What a run has used, will have used and may use, in one line: "Cost 1.24 USD, about 3.1 (2.61–3.9) at the end · budget
 * 5 USD". Tokens where no cost is known.
 *
 * @typedef {import("./types.js").Status} Status
 */

import { exactNumberText, numberText } from "./number_text.js";

const FORECAST_DIGITS = 3; // more would claim more than a forecast knows

/** @param {Status} status an empty text for a run that has used nothing and has no budget */
export function usageLine(status) {
  const parts = [usedText(status), budgetText(status)];
  return parts.filter((part) => part !== "").join(" · ");
}

/** @param {Status} status */
function usedText({ usage, usage_forecast: forecast }) {
  if (usage.calls === 0) return "";
  if (usage.cost !== null) {
    const isLowerBound = forecast?.cost ? forecast.cost.is_lower_bound : usage.unpriced_calls > 0;
    return `Cost ${isLowerBound ? "at least " : ""}${numberText(usage.cost)} ${usage.currency}${atTheEnd(forecast?.cost)}`;
  }
  return `${numberText(usage.input_tokens + usage.output_tokens)} tokens${atTheEnd(forecast?.tokens)}`;
}

/** @param {{total: number, low: number, high: number} | null | undefined} forecast */
function atTheEnd(forecast) {
  if (!forecast) return "";
  const [total, low, high] = [forecast.total, forecast.low, forecast.high].map((one) => numberText(rounded(one)));
  return `, about ${total} (${low}–${high}) at the end`;
}

/** @param {number} value */
function rounded(value) {
  return Number(value.toPrecision(FORECAST_DIGITS));
}

/** @param {Status} status */
function budgetText({ budget }) {
  if (budget === null) return "";
  const limits = [];
  if (budget.cost_limit !== null) limits.push(`${exactNumberText(budget.cost_limit)} ${budget.currency}`);
  if (budget.tokens_limit !== null) limits.push(`${exactNumberText(budget.tokens_limit)} tokens`);
  const used = budget.state === "ok" ? "" : `, ${Math.floor(budget.used_share * 100)} % used`;
  return `budget ${limits.join(", ")}${used}`;
}
