/**
 * The exact scores of candidates on one example.
 *
 * @typedef {import("../types.js").OneExample} OneExample
 */

import { make } from "../dom.js";
import { exactNumberText, numberText } from "../number_text.js";
import { candidateLink } from "./candidate_link.js";
import { counted } from "./candidate_text.js";

const AT_ONCE = 100;

/** @param {OneExample} scores */
export function exampleDetails({ example, candidate, evaluation, score }) {
  const rows = candidate.map((name, place) => {
    const own = score[place] ?? null;
    return [candidateLink(name), numberText(evaluation[place] ?? 0), own === null ? "failed" : exactNumberText(own)];
  });
  const body = make("tbody");
  const more = make("button", { type: "button", class: "quiet-button" });
  const fill = (/** @type {number} */ to) => {
    body.append(...rows.slice(body.childElementCount, to).map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)))));
    more.hidden = to >= rows.length;
  };
  fill(AT_ONCE);
  more.textContent = `Show all ${numberText(rows.length)}`;
  more.addEventListener("click", () => fill(rows.length));
  const head = make("thead", {}, make("tr", {}, ...["Candidate", "Evaluation", "Score"].map((name) => make("th", { scope: "col" }, name))));
  const frame = make("div", { class: "chart-values", role: "region", tabindex: "0", "aria-label": `Scores on ${example}` }, make("table", {}, head, body));
  return [make("h3", { tabindex: "-1" }, `Example ${example}`), make("p", { class: "none" }, `The scores of ${counted(rows.length, "candidate")}, the best first.`), frame, more];
}
