/** A side-by-side diff of the prompts of two runs. */

import { make } from "../dom.js";
import { displayName } from "../format.js";
import { lineDiff } from "./line_diff.js";

/** @typedef {import("../types.js").Comparison} Comparison */

const ROWS_MAX = 5000; // more rows make browsers slow

/**
 * @param {Comparison["prompts"][number]} prompt
 * @param {{place: number, title: string}} left which of the runs
 * @param {{place: number, title: string}} right
 */
export function promptDiff({ name, texts, is_cut_off: isCutOff }, left, right) {
  const [one, other] = [texts[left.place] ?? null, texts[right.place] ?? null];
  const heading = make("h4", {}, displayName(name));
  const section = make("section", { class: "prompt-diff", "aria-label": `Prompt ${displayName(name)}` }, heading);
  if (isCutOff) section.append(make("p", { class: "none" }, "One of the texts is too long. Only its beginning is compared."));
  if (one === null || other === null) {
    const missing = one === null && other === null ? "Neither run has this prompt." : `${one === null ? left.title : right.title} does not have this prompt.`;
    section.append(make("p", { class: "none" }, missing));
  }
  if (one === null && other === null) return section;
  if (one === other) {
    const text = make("pre", { class: "prompt-text", tabindex: "0", "aria-label": `${displayName(name)} in both runs` }, one ?? "");
    section.append(make("details", {}, make("summary", {}, "Identical in both runs"), text));
    return section;
  }
  const rows = one === null || other === null ? lines(one, other) : lineDiff(one, other);
  const head = make("tr", {}, ...[left, right].map(({ title }) => make("th", { scope: "col" }, title)));
  if (rows.length > ROWS_MAX) section.append(make("p", { class: "none" }, `The first ${ROWS_MAX} of ${rows.length} lines are shown.`));
  const body = rows.slice(0, ROWS_MAX).map((row) => {
    const [before, after] = row.kind === "changed" ? marked(row.left ?? "", row.right ?? "") : [[row.left ?? ""], [row.right ?? ""]];
    const hasLeft = row.kind === "changed" || row.kind === "left";
    const hasRight = row.kind === "changed" || row.kind === "right";
    return make("tr", {}, cell(before, hasLeft ? "removed" : "", row.left), cell(after, hasRight ? "added" : "", row.right));
  });
  const table = make("table", { class: "diff" }, make("thead", {}, head), make("tbody", {}, ...body));
  section.append(make("div", { class: "diff-frame", role: "region", tabindex: "0", "aria-label": `${displayName(name)}, ${left.title} and ${right.title}` }, table));
  return section;
}

/** The rows of a single text. @param {string | null} left @param {string | null} right @returns {import("./line_diff.js").DiffRow[]} */
function lines(left, right) {
  return (left ?? right ?? "").split("\n").map((line) => ({ kind: "same", left: left === null ? null : line, right: right === null ? null : line }));
}

/** @param {(string | Node)[]} content @param {string} kind @param {string | null} line null where only the other text has a line */
function cell(content, kind, line) {
  const sign = kind === "removed" ? "−" : kind === "added" ? "+" : " ";
  return make("td", { class: line === null ? "absent" : kind }, make("span", { class: "sign" }, line === null ? "" : sign), ...content);
}

/**
 * Marks the part of both lines between their common start and end.
 *
 * @param {string} left
 * @param {string} right
 * @returns {[(string | Node)[], (string | Node)[]]}
 */
function marked(left, right) {
  const [a, b] = [[...left], [...right]];
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const parts = (/** @type {string[]} */ line) => {
    const middle = line.slice(head, line.length - tail).join("");
    return [line.slice(0, head).join(""), ...(middle ? [make("mark", {}, middle)] : []), line.slice(line.length - tail).join("")];
  };
  return [parts(a), parts(b)];
}
