/**
 * Terminal colours in a message: its text without any escape sequence, in pieces that know their style.
 *
 * Understood is SGR (ECMA-48 8.3.117) with the 16, the 256 and the 24 bit colours of xterm. Everything else
 * that begins with an escape character moves cursors, sets titles or makes links: it is left out.
 *
 * @typedef {object} Style
 * @property {boolean} bold
 * @property {boolean} dim
 * @property {boolean} italic
 * @property {boolean} underline
 * @property {string} colour "" as it comes, "0" to "15" of the palette, or `rgb(…)`
 * @property {string} ground the same for what is behind the text
 */

/** @type {Readonly<Style>} */
const PLAIN = { bold: false, dim: false, italic: false, underline: false, colour: "", ground: "" };

// CSI … final byte; OSC, DCS, SOS, PM and APC with their text up to the terminator; two characters; a lone escape.
const ESCAPES =
  /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-~]|\u001b/g;

/**
 * @param {string} message
 * @returns {{text: string, style: Readonly<Style>}[]}
 */
export function styledParts(message) {
  if (!/[\u001b\u009b]/.test(message)) return [{ text: message, style: PLAIN }];
  const parts = [];
  let style = PLAIN;
  let end = 0;
  for (const found of message.matchAll(ESCAPES)) {
    if (found.index > end) parts.push({ text: message.slice(end, found.index), style });
    end = found.index + found[0].length;
    if (found[2] === "m") style = changed(style, found[1] ?? "");
  }
  if (end < message.length) parts.push({ text: message.slice(end), style });
  return parts;
}

/** @param {string} message its text without escape sequences */
export function plainText(message) {
  return message.replace(ESCAPES, "");
}

/**
 * @param {Readonly<Style>} before
 * @param {string} parameters `1;31`
 * @returns {Readonly<Style>}
 */
function changed(before, parameters) {
  const style = { ...before };
  const codes = parameters.split(";").map((code) => (code === "" ? 0 : Number(code)));
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) Object.assign(style, PLAIN);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code >= 30 && code <= 37) style.colour = String(code - 30);
    else if (code === 39) style.colour = "";
    else if (code >= 40 && code <= 47) style.ground = String(code - 40);
    else if (code === 49) style.ground = "";
    else if (code >= 90 && code <= 97) style.colour = String(code - 82);
    else if (code >= 100 && code <= 107) style.ground = String(code - 92);
    else if (code === 38 || code === 48) {
      const isIndexed = codes[i + 1] === 5;
      const colour = isIndexed ? indexed(codes[i + 2] ?? 0) : rgb(codes.slice(i + 2, i + 5));
      style[code === 38 ? "colour" : "ground"] = colour;
      i += isIndexed ? 2 : 4;
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
