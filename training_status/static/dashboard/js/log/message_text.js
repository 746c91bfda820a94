/**
 * Renders a message as DOM nodes: terminal colours and links, search matches highlighted, invisible characters made
 * visible, and never as HTML.
 */

import { make } from "../dom.js";
import { isUnusual, searchableText, shapeless } from "../visible_text.js";
import { PLAIN, styledParts } from "./ansi.js";
import { paint } from "./ansi_colours.js";
import { outside, webAddress } from "./message_links.js";

const SEQUENCES_SHARE = 20; // characters read per character shown, as the others may be colour sequences

/**
 * @typedef {object} Showing
 * @property {RegExp | null} marked what to mark, from `searchPattern`
 * @property {number} [cutAt] characters after which the rest is left out; breaks are then shown as ⏎, in one line */

/** @param {string} search @returns {RegExp | null} finds the search in any case, as the service does */
export function searchPattern(search) {
  const wanted = searchableText(search);
  return wanted === "" ? null : new RegExp(wanted.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/**
 * Fill the element with the message.
 *
 * @param {HTMLElement} element
 * @param {string} message
 * @param {Showing} showing
 */
export function showMessage(element, message, { marked, cutAt = Infinity }) {
  const looked = SEQUENCES_SHARE * cutAt;
  const parts = styledParts(message.length > looked ? whole(message, looked) : message);
  let text = parts.map((part) => part.text).join("");
  const isCut = text.length > cutAt || message.length > looked;
  if (text.length > cutAt) text = whole(text, cutAt);
  const places = isUnusual(text) ? [...shapeless(text)] : [];
  const marks = marked === null ? [] : [...text.matchAll(marked)].map((found) => [found.index, found.index + found[0].length]);
  const isInOneLine = cutAt !== Infinity;
  /** @type {(string | Node)[]} */
  const nodes = [];
  let end = 0;
  for (const part of parts) {
    const begin = end;
    end = Math.min(begin + part.text.length, text.length);
    if (begin === end) continue;
    const children = withMarks(begin, end, marks).flatMap(([from, to, isMarked]) => {
      const shown = withShapes(text, from, to, places, isInOneLine);
      return isMarked ? [marking(shown)] : shown;
    });
    const around = styled(part, isInOneLine);
    around?.append(...children);
    nodes.push(...(around ? [around] : children));
  }
  if (isCut) nodes.push("…");
  element.replaceChildren(...nodes);
}

/** @param {string} text @param {number} length its beginning, without half a character at the end */
function whole(text, length) {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}

/**
 * The places from `begin` to `end` in turn, marked and not.
 *
 * @param {number} begin
 * @param {number} end
 * @param {number[][]} marks begin and end of each
 * @returns {[number, number, boolean][]}
 */
function withMarks(begin, end, marks) {
  /** @type {[number, number, boolean][]} */
  const ranges = [];
  let done = begin;
  for (const [first = 0, last = 0] of marks) {
    const [from, to] = [Math.max(done, first), Math.min(end, last)];
    if (from >= to) continue;
    if (from > done) ranges.push([done, from, false]);
    ranges.push([from, to, true]);
    done = to;
  }
  if (done < end) ranges.push([done, end, false]);
  return ranges;
}

/**
 * The text from `begin` to `end`, with characters that have no shape made visible.
 *
 * @param {string} text
 * @param {number} begin
 * @param {number} end
 * @param {{at: number, length: number, shape: string}[]} places where they are
 * @param {boolean} isInOneLine
 */
function withShapes(text, begin, end, places, isInOneLine) {
  const own = (/** @type {number} */ from, /** @type {number} */ to) => {
    const shown = text.slice(from, to);
    return isInOneLine ? shown.replaceAll("\n", "⏎") : shown;
  };
  /** @type {(string | Node)[]} */
  const nodes = [];
  let done = begin;
  for (const { at, length, shape } of places) {
    if (at < begin || at >= end) continue;
    if (at > done) nodes.push(own(done, at));
    nodes.push(make("span", { class: "shape" }, shape));
    done = at + length;
  }
  if (done < end) nodes.push(own(done, end));
  return nodes;
}

/** @param {(string | Node)[]} children */
function marking(children) {
  const mark = document.createElement("mark");
  mark.append(...children);
  return mark;
}

/**
 * @param {import("./ansi.js").StyledPart} part
 * @param {boolean} isInOneLine where a row has the focus, not what is in it
 * @returns {HTMLElement | null} null where there is no style
 */
function styled({ style, link }, isInOneLine) {
  const address = link === "" ? null : webAddress(link);
  if (style === PLAIN && address === null) return null;
  const element = address === null ? document.createElement("span") : linkTo(address, isInOneLine);
  for (const [name, isOn] of Object.entries(style)) if (isOn === true) element.classList.add(`ansi-${name.slice(2).toLowerCase()}`);
  const { color, background } = paint(style);
  if (color) element.style.setProperty("color", color);
  if (background) element.style.setProperty("background", background);
  return element;
}

/** @param {string} address @param {boolean} isInOneLine */
function linkTo(address, isInOneLine) {
  return make("a", { ...outside(address), title: address, ...(isInOneLine ? { tabindex: "-1" } : {}) });
}
