/**
 * The line of candidates that leads to the best one, with what else came from each of them folded.
 *
 * @typedef {import("../types.js").Lineage} Lineage
 * @typedef {import("./family.js").Member} Member
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 */

import { make, setText } from "../dom.js";
import { jsonText } from "../exact_json.js";
import { metricElement } from "../metric_element.js";
import { differenceText, numberText } from "../number_text.js";
import { candidateLink } from "./candidate_link.js";
import { counted, examplesText } from "./candidate_text.js";
import { byScore, familyOf, lineOf } from "./family.js";
import { LivePart } from "./live_part.js";

const AT_ONCE = 50;

export class LineagePart extends LivePart {
  #shown = "";
  #lowerIsBetter = false;
  /** @type {Member | null} */
  #best = null;

  /** @param {RunFindings} findings */
  constructor(findings) {
    super("the lineage", () => this.#loadLineage(), findings.signal);
    this.findings = findings;
    this.sentence = make("p", { class: "in-words" });
    this.tree = make("div", { class: "lineage" });
    this.content.append(this.sentence, this.tree);
  }

  async #loadLineage() {
    const { findings } = this;
    /** @type {Lineage} */
    const lineage = await findings.get("/lineage", { metric: findings.metric });
    const text = jsonText(lineage);
    if (text === this.#shown) return; // what is unfolded stays so
    this.#shown = text;
    this.#lowerIsBetter = lineage.lower_is_better;
    const { members, best } = familyOf(lineage);
    if (!members.some((member) => member.parents.length)) {
      setText(this.sentence, "No candidate was reported with parents.");
      return this.tree.replaceChildren();
    }
    this.#best = best;
    const line = best ? lineOf(best) : [];
    this.sentence.replaceChildren(...inWords(lineage, members, line));
    const roots = members.filter((member) => member.parents.length === 0 && !line.includes(member));
    this.tree.replaceChildren(
      make("ol", { class: "best-line", "aria-label": "The line of the best candidate" }, ...line.map((member, place) => this.#step(member, line, place))),
      ...this.#folded(roots, `${counted(roots.length, "other candidate")} without parents`),
    );
  }

  /** One generation of the line. @param {Member} member @param {Member[]} line @param {number} place */
  #step(member, line, place) {
    const before = line[place - 1];
    const next = line[place + 1];
    const item = make("li", {}, ...described(member, this.#best, before));
    if (!next) item.append(" ", make("span", { class: "badge" }, "best"));
    const others = member.children.filter((child) => child !== next);
    item.append(...this.#folded(others, counted(others.length, next ? "other child" : "child", next ? "other children" : "children")));
    return item;
  }

  /** A list that is made when it is unfolded. @param {Member[]} members @param {string} title */
  #folded(members, title) {
    if (members.length === 0) return [];
    const sorted = byScore(members, this.#lowerIsBetter);
    const [first] = sorted;
    const summary = make("summary", {}, title);
    if (first && this.#best && isAlike(first, this.#best)) summary.append(", the best ", metricElement(first.score));
    const list = make("ul", {});
    const details = make("details", {}, summary, list);
    details.addEventListener("toggle", () => {
      if (details.open && list.childElementCount === 0) this.#more(list, sorted);
    });
    return [details];
  }

  /** @param {HTMLElement} list @param {Member[]} members */
  #more(list, members) {
    const from = list.childElementCount;
    list.append(
      ...members.slice(from, from + AT_ONCE).map((member) =>
        make("li", {}, ...described(member, this.#best), ...this.#folded(member.children, counted(member.children.length, "child", "children"))),
      ),
    );
    const left = members.length - from - AT_ONCE;
    if (left <= 0) return;
    const button = make("button", { type: "button", class: "link" }, `Show more (${numberText(left)} left)`);
    const item = make("li", {}, button);
    button.addEventListener("click", () => {
      item.remove();
      this.#more(list, members);
      list.children[from + AT_ONCE]?.querySelector("a")?.focus();
    });
    list.append(item);
  }
}

/** Whether both were evaluated on as many examples of the same split. @param {Member} one @param {Member} other */
function isAlike(one, other) {
  return one.score !== null && one.split === other.split && one.exampleCount === other.exampleCount;
}

/**
 * @param {Member} member
 * @param {Member | null} best on whose examples scores are, where nothing is said
 * @param {Member} [before] the one that it is told after, and compared with
 * @returns {(string | Node)[]}
 */
function described(member, best, before) {
  const { name, origin, score, split, exampleCount, parents, childCount, children } = member;
  const parts = [make("b", {}, candidateLink(name, `candidate ${name}`)), ` ${origin ?? ""}`];
  const others = before || parents.length > 1 ? parents.filter((parent) => parent !== before) : [];
  if (others.length) parts.push(before ? " with " : " from ");
  others.forEach((parent, place) => parts.push(...(place ? [", "] : []), candidateLink(parent.name)));
  if (score !== null) parts.push(" · ", metricElement(score));
  if (score !== null && !(best && isAlike(member, best))) parts.push(make("span", { class: "none" }, ` on ${examplesText({ split, example_count: exampleCount })}`));
  if (before && before.score !== null && score !== null && isAlike(member, before)) parts.push(make("span", { class: "none" }, `, ${differenceText(score, before.score)}`));
  if (childCount > children.length) parts.push(make("span", { class: "none" }, ` · ${counted(childCount - children.length, "more child", "more children")} not shown`));
  return parts;
}

/** @param {Lineage} lineage @param {Member[]} members @param {Member[]} line @returns {(string | Node)[]} */
function inWords({ total }, members, line) {
  const [root, best] = [line[0], line.at(-1)];
  const shown = members.length < total ? ` The ${numberText(members.length)} best, and those that they came from, are shown.` : "";
  const childless = members.filter((member) => member.childCount === 0).length;
  const counts = `${counted(total, "candidate")}; nothing came from ${numberText(childless)} of ${members.length < total ? "those that are shown" : "them"}.${shown}`;
  if (!root || !best) return [counts];
  const where = ` Scores are on ${examplesText({ split: best.split, example_count: best.exampleCount })} where nothing else is said.`;
  if (root === best) return [counts, " The best, ", candidateLink(best.name, `candidate ${best.name}`), `, has no parents.${where}`];
  return [counts, " The best, ", candidateLink(best.name, `candidate ${best.name}`), `, is ${counted(line.length - 1, "generation")} after `, candidateLink(root.name, `candidate ${root.name}`), `.${where}`];
}
