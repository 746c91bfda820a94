/** Links to candidates. */

import { make } from "../dom.js";
import { candidateAddress } from "./candidate_address.js";

/** @param {string} name @param {string} [text] */
export function candidateLink(name, text = name) {
  return make("a", { href: candidateAddress(name), class: "candidate-link" }, text);
}
