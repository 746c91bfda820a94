/** The phase bar: each segment is as wide as the phase's share of the run. */

/**
 * @typedef {import("./types.js").Status} Status
 */

/** @param {HTMLElement} bar with an element for each step @param {Status["steps"]} steps */
export function setShares(bar, steps) {
  bar.style.gridTemplateColumns = steps.map(({ share }) => `${share}fr`).join(" ");
}
