/** Describes candidates in words. */

import { make } from "../dom.js";
import { numberText } from "../number_text.js";
import { candidateLink } from "./candidate_link.js";

/** @typedef {import("../types.js").Candidate} Candidate */

/** `118 examples of development`; empty without an evaluation. @param {Pick<Candidate, "split" | "example_count">} candidate */
export function examplesText({ split, example_count: count }) {
  if (split === null || count === null) return "";
  return `${numberText(count)} ${count === 1 ? "example" : "examples"} of ${split}`;
}

/** Where a candidate comes from: `reflected from 12`, with links. @param {Pick<Candidate, "origin" | "parents">} candidate */
export function originOf({ origin, parents }) {
  const element = make("span", {}, origin ?? "not reported");
  parents.forEach((name, place) => element.append(place ? ", " : " from ", candidateLink(name)));
  return element;
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}
