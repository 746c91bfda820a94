/** Chart scales with round limits and few ticks. */

import { exactNumberText } from "./number_text.js";

const STEPS = [10, 20, 25, 50, 100]; // tenths of a power of ten

/** @typedef {{low: number, high: number, ticks: number[]}} Scale */

/**
 * A scale with round ends that includes two values and has about `count` ticks.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {Scale}
 */
export function niceScale(low, high, count) {
  const spread = high - low || Math.abs(high) / 2 || 1;
  const { multiplier, exponent } = roundStep(spread / count);
  const step = Number(`${multiplier}e${exponent}`);
  const ends = { low, high, ticks: low === high ? [low] : [low, high] };
  // At the very ends of what a number can be, and between neighbours, nothing is rounder than the values themselves.
  if (!(step > 0)) return ends;
  const first = Math.floor(low / step + 1e-9);
  let last = Math.ceil(high / step - 1e-9);
  if (last === first) last += 1;
  // Multiples, not sums, each the number that its digits say: 0.1 + 0.2 is no label.
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => Number(`${(first + index) * multiplier}e${exponent}`));
  const [lowest = low, highest = high] = [ticks[0], ticks.at(-1)];
  if (!Number.isFinite(lowest) || !Number.isFinite(highest) || new Set(ticks).size < ticks.length) return ends;
  return { low: lowest, high: highest, ticks };
}

/**
 * A scale from `low` to `high` with round ticks between them.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {Scale} with whole ticks
 */
export function fixedScale(low, high, count) {
  const around = niceScale(low, high, count);
  const ticks = around.ticks.filter((tick) => tick >= low && tick <= high && Number.isInteger(tick));
  return { low, high, ticks: ticks.length ? ticks : [low] };
}

/** The next larger of 1, 2, 2.5 and 5 times a power of ten, in digits. @param {number} value */
function roundStep(value) {
  const exponent = Math.floor(Math.log10(value)) - 1;
  const multiplier = STEPS.find((step) => Number(`${step}e${exponent}`) >= value * (1 - 1e-9)) ?? 100;
  return { multiplier, exponent };
}

/** @param {Scale} scale @param {number} value @returns the position on the scale, 0 to 1 */
export function positionOn(scale, value) {
  if (scale.high === scale.low) return 0.5;
  const part = Number.isFinite(scale.high - scale.low) ? 1 : 0.5; // of an extent that is no number any more, the halves are
  return (value * part - scale.low * part) / (scale.high * part - scale.low * part);
}

/** Reserves space for the longest label beside a chart. @param {HTMLElement} element @param {HTMLElement[]} labels */
export function reserveLabelWidth(element, labels) {
  const longest = Math.max(0, ...labels.map((label) => label.textContent?.length ?? 0));
  element.parentElement?.style.setProperty("--labels", `${longest}ch`);
}

/** The label of a tick: its exact value. @param {number} tick */
export function tickText(tick) {
  return exactNumberText(tick);
}
