/**
 * Parses and writes JSON without losing precision of large integers.
 *
 * `JSON.parse` turns 12345678901234567890 into 12345678901234567000. Here it becomes a bigint, as does every integer
 * that a double does not represent exactly. All other numbers stay numbers: the service sends none beyond a double.
 */

const MAY_HAVE_LONG = /(?:^|[^.\d])\d{16}/;
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const LONG = /^-?\d{16,}$/;
const MARK = "\0bigint"; // the service rejects names and texts with NUL

/** @param {string} text JSON @returns {any} throws SyntaxError */
export function parseJson(text) {
  if (!MAY_HAVE_LONG.test(text)) return JSON.parse(text);
  const marked = text.replace(TEXT_OR_NUMBER, (part) => (LONG.test(part) && !isDouble(part) ? `{"\\u0000bigint":"${part}"}` : part));
  return JSON.parse(marked, (_, value) => (typeof value?.[MARK] === "string" ? BigInt(value[MARK]) : value));
}

/** Serializes a value from `parseJson`, with every number unchanged. @param {unknown} value @param {number} [indent] */
export function jsonText(value, indent) {
  const marked = JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${MARK}${one}` : one), indent);
  return marked.replace(/"\\u0000bigint(-?\d+)"/g, "$1");
}

/**
 * A copy with numbers in place of bigints.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function withDoubles(value) {
  return JSON.parse(jsonText(value));
}

/** Whether a double has the same digits. @param {string} whole */
function isDouble(whole) {
  const [, digits = "", exponent = "0"] = /^-?([\d.]+)(?:e\+(\d+))?$/.exec(String(Number(whole))) ?? [];
  const [before = "", after = ""] = digits.split(".");
  return (before + after).padEnd(before.length + Number(exponent), "0") === whole.replace("-", "");
}
