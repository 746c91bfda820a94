/** Shows a metric, with its exact value as the tooltip where the text is rounded. */

import { make, setText } from "./dom.js";
import { digitsToTellApart, exactNumberText, isNumeric, numberText } from "./number_text.js";
import { formatMetric } from "./format.js";

/** @param {unknown} value @param {number} [digits] as `numberText` takes them @param {Record<string, string>} [attributes] */
export function metricElement(value, digits, attributes = {}) {
  const element = make("b", attributes);
  setMetricText(element, value, digits);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {unknown} value
 * @param {number} [digits] as `numberText` takes them
 * @param {string} [before] prefix of the text
 */
export function setMetricText(element, value, digits, before = "") {
  const text = formatMetric(value, digits);
  const exact = isNumeric(value) ? exactNumberText(value) : text;
  setText(element, before + text);
  if (exact === text) element.removeAttribute("title");
  else if (element.title !== exact) element.title = exact;
}

/**
 * A checkbox that shows all digits of the values beside it. The caller hides it while no value is rounded.
 *
 * @param {(isExact: boolean) => void} onChange
 * @param {boolean} [isExact]
 */
export function allDigitsSwitch(onChange, isExact = false) {
  const box = make("input", { type: "checkbox" });
  box.checked = isExact;
  box.addEventListener("change", () => onChange(box.checked));
  return make("label", { class: "all-digits" }, box, " Show all digits");
}

/** Whether the text of at least one value is rounded. @param {unknown[]} values values shown together */
export function areShortened(values) {
  const digits = digitsToTellApart(values);
  return values.filter(isNumeric).some((value) => numberText(value, digits) !== exactNumberText(value));
}
