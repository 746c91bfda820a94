/**
 * The instructions and demonstrations of a candidate, with what changed against another one.
 *
 * @typedef {import("../types.js").CandidatePrompts} CandidatePrompts
 * @typedef {import("../types.js").ComparedPrompts} ComparedPrompts
 * @typedef {NonNullable<CandidatePrompts["predictors"]>[string]} Predictor
 * @typedef {import("./word_diff.js").WordPart} WordPart
 */

import { copyButton } from "../copy_button.js";
import { make } from "../dom.js";
import { jsonText } from "../exact_json.js";
import { displayName } from "../format.js";
import { jsonTree } from "../json_tree.js";
import { counted } from "./candidate_text.js";
import { candidateLink } from "./candidate_link.js";
import { changedWords, wordDiff } from "./word_diff.js";

const MARKS = /** @type {const} */ ({ removed: "del", added: "ins" });

/** @param {ComparedPrompts} prompts @returns {HTMLElement[]} */
export function promptComparison({ candidate, compared_with: other }) {
  if (candidate === null) return [make("p", { class: "none" }, "No candidate was reported yet.")];
  if (candidate.predictors === null) return [make("p", { class: "none" }, `The program of candidate ${candidate.candidate} was not reported.`)];
  const before = other?.predictors ?? null;
  const shown = Object.entries(candidate.predictors).map(([name, predictor]) => comparedPredictor(name, predictor, before && (before[name] ?? null), before !== null));
  const words = { added: 0, removed: 0 };
  for (const { changed } of shown) [words.added, words.removed] = [words.added + changed.added, words.removed + changed.removed];
  const frame = make("div", { class: "prompts" });
  /** @type {HTMLElement[]} */
  const parts = [sentence(other, before !== null, words), frame];
  if (candidate.is_cut_off || other?.is_cut_off) parts.push(make("p", { class: "none" }, "These texts are too long. Only their beginning is shown and compared."));
  frame.append(...shown.map(({ element }) => element));
  if (words.added + words.removed > 0) parts.splice(1, 0, changesSwitch(frame));
  return parts;
}

/** @param {CandidatePrompts | null} other @param {boolean} isKnown @param {{added: number, removed: number}} words */
function sentence(other, isKnown, words) {
  if (other === null) return make("p", { class: "in-words" }, "This is the initial candidate. There is nothing to compare it with.");
  const link = candidateLink(other.candidate, `candidate ${other.candidate}`);
  if (!isKnown) return make("p", { class: "in-words" }, "The program of ", link, " was not reported, so there is nothing to compare with.");
  const changes = words.added + words.removed === 0 ? "the same instructions." : `${counted(words.added, "word")} added and ${counted(words.removed, "word")} removed.`;
  return make("p", { class: "in-words" }, `Compared with${other.origin === "initial" ? " the initial" : ""} `, link, `: ${changes}`);
}

/** @param {HTMLElement} frame whose removed and added words are shown, or not */
function changesSwitch(frame) {
  const box = make("input", { type: "checkbox" });
  box.checked = true;
  box.addEventListener("change", () => frame.classList.toggle("without-changes", !box.checked));
  return make("label", { class: "changes-switch" }, box, " Show changes: ", make("del", {}, "removed"), " ", make("ins", {}, "added"));
}

/**
 * @param {string} name
 * @param {Predictor} predictor
 * @param {Predictor | null} before null where the other candidate has no such predictor
 * @param {boolean} isCompared
 */
function comparedPredictor(name, predictor, before, isCompared) {
  const instruction = predictor.instruction ?? "";
  const parts = isCompared ? wordDiff(before?.instruction ?? "", instruction) : [/** @type {WordPart} */ ({ kind: "same", text: instruction })];
  const title = displayName(name);
  const copy = copyButton(`Copy the instruction of ${title}`, () => instruction);
  const element = make("section", { class: "prompt", "aria-label": `Predictor ${title}` }, make("div", { class: "prompt-heading" }, make("h3", {}, title), copy));
  if (predictor.instruction === null) element.append(make("p", { class: "none" }, "It has no instruction."));
  else element.append(make("pre", { class: "prompt-text changed-text" }, ...parts.map(marked)));
  element.append(...demonstrations(predictor, before, isCompared));
  return { element, changed: changedWords(parts) };
}

/** @param {WordPart} part @returns {string | HTMLElement} */
function marked({ kind, text }) {
  return kind === "same" ? text : make(MARKS[kind], {}, text);
}

/** @param {Predictor} predictor @param {Predictor | null} before @param {boolean} isCompared @returns {HTMLElement[]} */
function demonstrations({ demonstrations: shown, demonstration_count: count }, before, isCompared) {
  const earlier = new Set((before?.demonstrations ?? []).map((one) => jsonText(one)));
  const own = new Set(shown.map((one) => jsonText(one)));
  const removed = [...(before?.demonstrations ?? [])].filter((one) => !own.has(jsonText(one)));
  if (count === 0 && removed.length === 0) return [make("p", { class: "none" }, "No demonstrations.")];
  const added = shown.filter((one) => !earlier.has(jsonText(one)));
  const changes = isCompared ? [[added.length, "added"], [removed.length, "removed"]].filter(([number]) => number).map(([number, kind]) => `${number} ${kind}`) : [];
  const summary = make("summary", {}, [counted(count, "demonstration"), ...changes].join(", "));
  const list = make("ol", { class: "demonstrations" });
  const details = make("details", {}, summary, list);
  details.addEventListener("toggle", () => {
    if (list.childElementCount) return;
    list.append(...shown.map((one) => demonstration(one, isCompared && !earlier.has(jsonText(one)) ? "added" : "same")), ...removed.map((one) => demonstration(one, "removed")));
  });
  return [details];
}

/** @param {Record<string, unknown>} values @param {WordPart["kind"]} kind */
function demonstration(values, kind) {
  const item = make("li", { class: kind }, jsonTree(values));
  if (kind !== "same") item.prepend(make(MARKS[kind], {}, kind));
  return item;
}
