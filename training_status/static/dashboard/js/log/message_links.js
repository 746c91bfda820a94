/**
 * The links of a message (OSC 8). Targets are shown; only http and https links can be followed.
 *
 * @typedef {{text: string, target: string, address: string | null}} MessageLink `address` null: it cannot be followed from here
 */

import { oneLine } from "../visible_text.js";
import { styledParts } from "./ansi.js";

const LINKS_MAX = 20;

/** @param {string} target @returns {string | null} the address as a browser writes it: nothing in it is hidden */
export function webAddress(target) {
  if (!URL.canParse(target)) return null;
  const { protocol, href } = new URL(target);
  return protocol === "http:" || protocol === "https:" ? href : null;
}

/** @param {string} address what makes an `a` lead there, in a page of its own that learns nothing of this one */
export function outside(address) {
  return { href: address, target: "_blank", rel: "noopener noreferrer" };
}

/** @param {string} message @returns {MessageLink[]} the first of them, each once */
export function messageLinks(message) {
  if (!message.includes("]8;") && !message.includes("\x9d8;")) return [];
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const { text, link } of styledParts(message)) {
    if (link !== "" && (found.has(link) || found.size < LINKS_MAX)) found.set(link, (found.get(link) ?? "") + text);
  }
  return [...found].map(([target, text]) => {
    const address = webAddress(target);
    return { text: oneLine(text), target: address ?? oneLine(target), address };
  });
}
