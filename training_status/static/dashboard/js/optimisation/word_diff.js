/**
 * A word-by-word diff of two texts. Long texts are compared by lines first, and by words where lines differ.
 *
 * @typedef {{kind: "same" | "removed" | "added", text: string}} WordPart
 * @typedef {{same: string, removed: string, added: string}} Hunk `same` is what comes before the change
 */

import { commonPlaces } from "../common_places.js";
import { lineDiff } from "../history/line_diff.js";

const TOKENS = /\n|[^\S\n]+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const TOKENS_MAX = 2000; // of each text, to be compared by words

/** @param {string} before @param {string} after @returns {WordPart[]} */
export function wordDiff(before, after) {
  const [a, b] = [tokens(before), tokens(after)];
  const hunks = a.length > TOKENS_MAX || b.length > TOKENS_MAX ? hunksOfLines(before, after) : hunksOf(a, b);
  return joined(hunks).flatMap(({ same, removed, added }) => [part("same", same), part("removed", removed), part("added", added)].filter(({ text }) => text));
}

/** How many words were added and removed. @param {WordPart[]} parts */
export function changedWords(parts) {
  const counts = { added: 0, removed: 0 };
  for (const { kind, text } of parts) if (kind !== "same") counts[kind] += (text.match(/[\p{L}\p{N}_]+/gu) ?? []).length;
  return counts;
}

/** @param {string} text */
function tokens(text) {
  return text.match(TOKENS) ?? [];
}

/** @param {WordPart["kind"]} kind @param {string} text @returns {WordPart} */
function part(kind, text) {
  return { kind, text };
}

/** @param {string[]} a @param {string[]} b @returns {Hunk[]} */
function hunksOf(a, b) {
  let head = 0;
  while (head < a.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const [middleA, middleB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  /** @type {Hunk[]} */
  const hunks = [];
  let [fromA, fromB, same] = [0, 0, a.slice(0, head).join("")];
  for (const [inA, inB] of [...commonPlaces(middleA, middleB), [middleA.length, middleB.length]]) {
    const [removed, added] = [middleA.slice(fromA, inA).join(""), middleB.slice(fromB, inB).join("")];
    if (removed || added) {
      hunks.push({ same, removed, added });
      same = "";
    }
    same += middleA[inA ?? 0] ?? "";
    [fromA, fromB] = [(inA ?? 0) + 1, (inB ?? 0) + 1];
  }
  return [...hunks, { same: same + a.slice(a.length - tail).join(""), removed: "", added: "" }];
}

/** @param {string} before @param {string} after @returns {Hunk[]} */
function hunksOfLines(before, after) {
  /** @type {Hunk[]} */
  const hunks = [];
  let [same, removed, added] = ["", "", ""];
  const close = () => {
    const [a, b] = [tokens(removed), tokens(added)];
    const own = a.length > TOKENS_MAX || b.length > TOKENS_MAX ? [{ same: "", removed, added }] : hunksOf(a, b);
    hunks.push({ same, removed: "", added: "" }, ...own);
    [same, removed, added] = ["", "", ""];
  };
  for (const { kind, left, right } of lineDiff(before, after)) {
    if (kind === "same") {
      if (removed || added) close();
      same += `${left}\n`;
    } else {
      if (left !== null) removed += `${left}\n`;
      if (right !== null) added += `${right}\n`;
    }
  }
  close();
  return hunks; // the text ends with one line break more than it has, which is not to be seen
}

/** Joins changes that have only blanks between them: they are easier to read as one. @param {Hunk[]} hunks @returns {Hunk[]} */
function joined(hunks) {
  /** @type {Hunk[]} */
  const kept = [];
  for (const hunk of hunks) {
    const last = kept.at(-1);
    const isReplaced = last && (last.removed || hunk.removed) && (last.added || hunk.added);
    const isNext = last && (last.removed || last.added) && (hunk.removed || hunk.added) && /^[^\S\n]*$/.test(hunk.same);
    if (isReplaced && isNext) {
      last.removed += hunk.same + hunk.removed;
      last.added += hunk.same + hunk.added;
    } else {
      kept.push({ ...hunk });
    }
  }
  return kept;
}
