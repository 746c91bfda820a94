/**
 * Parses terminal colours and links: splits a message into parts of plain text with a style.
 *
 * Supports SGR (ECMA-48 8.3.117) with the 16, 256 and 24 bit colours of xterm, also in the form with
 * colons (ITU-T T.416), and links (OSC 8). All other sequences are removed.
 *
 * @typedef {object} Style
 * @property {boolean} isBold
 * @property {boolean} isDim
 * @property {boolean} isItalic
 * @property {boolean} isUnderlined
 * @property {boolean} isStruck
 * @property {boolean} isInverse
 * @property {string} colour "" as it comes, "0" to "15" of the palette, or `rgb(…)`
 * @property {string} ground the same for what is behind the text
 *
 * @typedef {{text: string, style: Readonly<Style>, link: string}} StyledPart `link` is where it leads to; "" nowhere
 */

import { isUnusual, linkTarget, pieces } from "../visible_text.js";

/** @type {Readonly<Style>} */
export const PLAIN = {
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isStruck: false,
  isInverse: false,
  colour: "",
  ground: "",
};

const STYLE = /^(?:\x1b\[|\x9b)([\d;:]*)m$/;

/** @param {string} message @returns {StyledPart[]} every line break is a line feed */
export function styledParts(message) {
  if (!isUnusual(message)) return [{ text: message, style: PLAIN, link: "" }];
  /** @type {StyledPart[]} */
  const parts = [];
  let style = PLAIN;
  let link = "";
  let endsInReturn = false;
  for (const { text, sequence } of pieces(message)) {
    if (text !== "") {
      const own = endsInReturn && text.startsWith("\n") ? text.slice(1) : text;
      parts.push({ text: own.replace(/\r\n?/g, "\n"), style, link });
      endsInReturn = text.endsWith("\r");
    }
    const codes = STYLE.exec(sequence)?.[1];
    if (codes !== undefined) style = changed(style, codes);
    else link = linkTarget(sequence) ?? link;
  }
  return parts;
}

/**
 * @param {Readonly<Style>} before
 * @param {string} parameters `1;31`, `38:2::1:2:3`
 * @returns {Readonly<Style>}
 */
function changed(before, parameters) {
  const style = { ...before };
  const codes = parameters.split(";");
  for (let i = 0; i < codes.length; i++) {
    const [code = 0, ...more] = (codes[i] ?? "").split(":").map(Number);
    if (code === 0) Object.assign(style, PLAIN);
    else if (code === 1) style.isBold = true;
    else if (code === 2) style.isDim = true;
    else if (code === 3) style.isItalic = true;
    else if (code === 4) style.isUnderlined = more[0] !== 0;
    else if (code === 7) style.isInverse = true;
    else if (code === 9) style.isStruck = true;
    else if (code === 21) style.isUnderlined = true;
    else if (code === 22) style.isBold = style.isDim = false;
    else if (code === 23) style.isItalic = false;
    else if (code === 24) style.isUnderlined = false;
    else if (code === 27) style.isInverse = false;
    else if (code === 29) style.isStruck = false;
    else if (code >= 30 && code <= 37) style.colour = String(code - 30);
    else if (code === 39) style.colour = "";
    else if (code >= 40 && code <= 47) style.ground = String(code - 40);
    else if (code === 49) style.ground = "";
    else if (code >= 90 && code <= 97) style.colour = String(code - 82);
    else if (code >= 100 && code <= 107) style.ground = String(code - 92);
    else if (code === 38 || code === 48 || code === 58) {
      const own = more.length > 0 ? more : codes.slice(i + 1, i + 5).map(Number);
      const colour = own[0] === 5 ? indexed(own[1] ?? 0) : rgb(own.slice(own.length > 4 ? 2 : 1).slice(0, 3));
      if (code === 38) style.colour = colour;
      if (code === 48) style.ground = colour; // 58 is the colour of the underline
      if (more.length === 0) i += own[0] === 5 ? 2 : 4;
    }
  }
  return style;
}

/** @param {number} index one of xterm's 256: the palette, a cube of 6 × 6 × 6, and 24 greys */
function indexed(index) {
  if (!(index >= 0 && index < 256)) return "";
  if (index < 16) return String(index);
  if (index >= 232) return rgb(Array(3).fill(8 + 10 * (index - 232)));
  const steps = [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6];
  return rgb(steps.map((step) => (step ? 55 + 40 * step : 0)));
}

/** @param {number[]} parts @returns {string} "" when they are no colour */
function rgb(parts) {
  const isColour = parts.length === 3 && parts.every((part) => part >= 0 && part <= 255);
  return isColour ? `rgb(${parts.join(" ")})` : "";
}
