/**
 * JSON whose whole numbers stay what they are.
 *
 * JavaScript's own reading makes 12345678901234567000 of 12345678901234567890. Here it is a bigint, and so is every whole
 * number that no double is written as. All others are numbers as ever: the service has none that a double cannot be.
 */

const MAY_HAVE_LONG = /(?:^|[^.\d])\d{16}/;
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const LONG = /^-?\d{16,}$/;
const MARK = "\0bigint"; // NUL: the service takes no name and no text with it

/** @param {string} text JSON @returns {any} throws SyntaxError */
export function parseJson(text) {
  if (!MAY_HAVE_LONG.test(text)) return JSON.parse(text);
  const marked = text.replace(TEXT_OR_NUMBER, (part) => (LONG.test(part) && !isDouble(part) ? `{"\\u0000bigint":"${part}"}` : part));
  return JSON.parse(marked, (_, value) => (typeof value?.[MARK] === "string" ? BigInt(value[MARK]) : value));
}

/** A value that `parseJson` gave as JSON again, every number as it was. @param {unknown} value @param {number} [indent] */
export function jsonText(value, indent) {
  const marked = JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${MARK}${one}` : one), indent);
  return marked.replace(/"\\u0000bigint(-?\d+)"/g, "$1");
}

/**
 * The same with numbers as JavaScript has them: for those who expect no bigint.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function withDoubles(value) {
  return JSON.parse(jsonText(value));
}

/** Whether a double is written with the same digits. @param {string} whole */
function isDouble(whole) {
  const [, digits = "", exponent = "0"] = /^-?([\d.]+)(?:e\+(\d+))?$/.exec(String(Number(whole))) ?? [];
  const [before = "", after = ""] = digits.split(".");
  return (before + after).padEnd(before.length + Number(exponent), "0") === whole.replace("-", "");
}
