/**
 * A line diff of two texts by their longest common subsequence.
 *
 * @typedef {{kind: "same" | "changed" | "left" | "right", left: string | null, right: string | null}} DiffRow
 */

import { commonPlaces } from "../common_places.js";

/** @param {string} left @param {string} right @returns {DiffRow[]} */
export function lineDiff(left, right) {
  const [a, b] = [left.split("\n"), right.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const [middleA, middleB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  /** @type {DiffRow[]} */
  const rows = a.slice(0, head).map(same);
  let [fromA, fromB] = [0, 0];
  for (const [inA, inB] of [...commonPlaces(middleA, middleB), [middleA.length, middleB.length]]) {
    for (const row of paired(middleA.slice(fromA, inA), middleB.slice(fromB, inB))) rows.push(row);
    const line = middleA[inA ?? -1];
    if (line !== undefined) rows.push(same(line));
    [fromA, fromB] = [(inA ?? 0) + 1, (inB ?? 0) + 1];
  }
  return [...rows, ...a.slice(a.length - tail).map(same)];
}

/** @param {string} line @returns {DiffRow} */
function same(line) {
  return { kind: "same", left: line, right: line };
}

/** Pairs removed lines with added lines. @param {string[]} left @param {string[]} right @returns {DiffRow[]} */
function paired(left, right) {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, place) => {
    const [one, other] = [left[place] ?? null, right[place] ?? null];
    return { kind: one === null ? "right" : other === null ? "left" : "changed", left: one, right: other };
  });
}
