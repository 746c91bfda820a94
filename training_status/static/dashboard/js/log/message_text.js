/** A message as nodes: colours as classes and styles, what was searched for marked, and never as HTML. */

import { plainText, styledParts } from "./ansi.js";

const LINE_BREAK = /\r\n|\r|\n/g;
// Characters that steer a terminal and have no shape of their own; tabs and line breaks are not among them.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/**
 * @typedef {object} Showing
 * @property {RegExp | null} marked what to mark, from `searchPattern`
 * @property {number} [cutAt] characters after which the rest is left out; breaks are then shown as ⏎, in one line
 */

/** @param {string} search @returns {RegExp | null} finds the search in any case, as the service does */
export function searchPattern(search) {
  return search === "" ? null : new RegExp(search.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/**
 * Fill the element with the message.
 *
 * @param {HTMLElement} element
 * @param {string} message
 * @param {Showing} showing
 */
export function showMessage(element, message, { marked, cutAt }) {
  const isCut = cutAt !== undefined && message.length > cutAt;
  const parts = styledParts(isCut ? whole(message.slice(0, cutAt)) : message);
  const nodes = [];
  const texts = parts.map(({ text }) => shown(text, cutAt !== undefined));
  const marks = marked === null ? [] : [...texts.join("").matchAll(marked)].map((found) => [found.index, found.index + found[0].length]);
  let at = 0;
  for (const [i, { style }] of parts.entries()) {
    const text = texts[i] ?? "";
    const pieces = withMarks(text, at, marks);
    at += text.length;
    const span = styled(style);
    if (span === null) {
      nodes.push(...pieces);
    } else {
      span.append(...pieces);
      nodes.push(span);
    }
  }
  if (isCut) nodes.push("…");
  element.replaceChildren(...nodes);
}

/** @param {string} message in one line without styles, for speech and for copies */
export function spoken(message) {
  return shown(plainText(message), false);
}

/** @param {string} text without half a character at its end */
function whole(text) {
  return text.replace(/[\ud800-\udbff]$/, "");
}

/** @param {string} text @param {boolean} inOneLine */
function shown(text, inOneLine) {
  const visible = inOneLine ? text.replace(LINE_BREAK, "⏎") : text.replace(LINE_BREAK, "\n");
  return visible.replace(CONTROL, (character) =>
    character === "\u007f" ? "␡" : String.fromCharCode(0x2400 + character.charCodeAt(0)),
  );
}

/**
 * @param {string} text
 * @param {number} at where the text begins in the whole
 * @param {number[][]} marks begin and end of each, in the whole
 */
function withMarks(text, at, marks) {
  /** @type {(string | HTMLElement)[]} */
  const pieces = [];
  let done = 0;
  for (const [begin = 0, end = 0] of marks) {
    const from = Math.max(done, begin - at);
    const to = Math.min(text.length, end - at);
    if (from >= to) continue;
    if (from > done) pieces.push(text.slice(done, from));
    const mark = document.createElement("mark");
    mark.textContent = text.slice(from, to);
    pieces.push(mark);
    done = to;
  }
  if (done < text.length) pieces.push(text.slice(done));
  return pieces;
}

/** @param {Readonly<import("./ansi.js").Style>} style @returns {HTMLElement | null} null where there is none */
function styled(style) {
  const classes = [];
  for (const name of /** @type {const} */ (["bold", "dim", "italic", "underline"])) if (style[name]) classes.push(`ansi-${name}`);
  const span = document.createElement("span");
  for (const name of /** @type {const} */ (["colour", "ground"])) {
    const value = style[name];
    if (value === "") continue;
    classes.push(`ansi-${name}`);
    if (value.startsWith("rgb")) span.style.setProperty(`--ansi-${name}`, value);
    else classes.push(`ansi-${name}-${value}`);
  }
  if (classes.length === 0) return null;
  span.className = classes.join(" ");
  return span;
}
