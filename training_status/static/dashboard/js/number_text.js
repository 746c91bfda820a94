/**
 * Formats numbers. `docs/formatting.md` defines the rules and `docs/formatting.json` has examples.
 *
 * `number_text.py` implements the same rules for the admin and the terminal.
 *
 * @typedef {number | bigint} Numeric a number from the service; a bigint where a double is not exact
 * @typedef {{isNegative: boolean, digits: string, point: number}} Decimal `0.digits` times ten to the power `point`
 */

const DIGITS = 4; // of a fraction, where it does not need more
const DIGITS_OF_HUGE = 17; // as many as tell any double from its neighbours
const [FIXED_FROM, FIXED_BELOW] = [-6, 21]; // the powers of ten between which no exponent is written, as in String()
const ZERO = { isNegative: false, digits: "", point: 0 };

/** @param {unknown} value @returns {value is Numeric} */
export function isNumeric(value) {
  return typeof value === "number" || typeof value === "bigint";
}

/**
 * `1,234,567`, `0.8765`, `0.99996`: whole numbers exact, fractions to four significant digits or what they need.
 *
 * A fraction is never shown as a whole number.
 *
 * @param {Numeric} value
 * @param {number} [digits] more of them show more of a fraction; Infinity: all
 */
export function numberText(value, digits = DIGITS) {
  return isFiniteNumber(value) ? written(shown(exactly(value), digits)) : String(value);
}

/** The same with every digit of the number. @param {Numeric} value */
export function exactNumberText(value) {
  return isFiniteNumber(value) ? written(exactly(value)) : String(value);
}

/** Numbers that stand beside each other: with enough digits that different ones have different texts. @param {Numeric[]} values */
export function numberTexts(values) {
  const digits = digitsToTellApart(values);
  return values.map((value) => numberText(value, digits));
}

/** How many digits it takes until each of the different numbers among them has a text of its own. @param {unknown[]} values */
export function digitsToTellApart(values) {
  const different = [...new Map(values.filter(isFiniteNumber).map((value) => [written(exactly(value)), exactly(value)])).values()];
  const most = Math.max(DIGITS, ...different.map((one) => one.digits.length));
  let digits = DIGITS;
  while (digits < most && new Set(different.map((one) => written(shown(one, digits)))).size < different.length) digits += 1;
  return digits;
}

/** `+0.12`, `-129,900`, or `same`, which only equal numbers are. @param {Numeric} value @param {Numeric} earlier */
export function differenceText(value, earlier) {
  if (!isFiniteNumber(value) || !isFiniteNumber(earlier)) return value === earlier ? "same" : "";
  const change = difference(exactly(value), exactly(earlier));
  if (change.digits === "") return "same";
  return (change.isNegative ? "" : "+") + written(shown(change, DIGITS));
}

/** @param {unknown} value @returns {value is Numeric} */
function isFiniteNumber(value) {
  return typeof value === "bigint" || Number.isFinite(value);
}

/** The shortest digits that mean this very number, which are those that it is written with in JSON. @param {Numeric} value @returns {Decimal} */
function exactly(value) {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value)) ?? [];
  return decimalOf(sign === "-", whole + fraction, whole.length + Number(exponent));
}

/** Without zeros at either end. @param {boolean} isNegative @param {string} digits @param {number} point @returns {Decimal} */
function decimalOf(isNegative, digits, point) {
  const fromFirst = digits.replace(/^0+/, "");
  if (fromFirst === "") return ZERO;
  return { isNegative, digits: fromFirst.replace(/0+$/, ""), point: point - digits.length + fromFirst.length };
}

/** Exact, of the numbers as they are written: 0.3 is 0.1 more than 0.2. @param {Decimal} value @param {Decimal} earlier @returns {Decimal} */
function difference(value, earlier) {
  const least = Math.min(value.point - value.digits.length, earlier.point - earlier.digits.length);
  const [first, second] = /** @type {[bigint, bigint]} */ (
    [value, earlier].map(({ isNegative, digits, point }) => {
      const size = BigInt(digits + "0".repeat(point - digits.length - least));
      return isNegative ? -size : size;
    })
  );
  const digits = String(first < second ? second - first : first - second);
  return decimalOf(first < second, digits, digits.length + least);
}

/** @param {Decimal} number */
function isWhole({ digits, point }) {
  return digits === "" || digits.length <= point;
}

/** With so many digits at most, halves away from zero. @param {Decimal} number @param {number} count @returns {Decimal} */
function rounded(number, count) {
  if (count >= number.digits.length) return number;
  const digits = String(BigInt(number.digits.slice(0, count)) + (number.digits.charAt(count) >= "5" ? 1n : 0n));
  return decimalOf(number.isNegative, digits, number.point + digits.length - count);
}

/** What is left of the number after rounding. @param {Decimal} exact @param {number} digits */
function shown(exact, digits) {
  if (exact.point > FIXED_BELOW) return rounded(exact, Math.max(digits, DIGITS_OF_HUGE));
  if (isWhole(exact)) return exact;
  for (let count = Math.max(digits, exact.point + 1); count < exact.digits.length; count += 1) {
    const part = rounded(exact, count);
    if (!isWhole(part)) return part;
  }
  return exact;
}

/** @param {Decimal} number */
function written({ isNegative, digits, point }) {
  const sign = isNegative ? "-" : "";
  if (digits === "") return "0";
  if (point <= FIXED_FROM || point > FIXED_BELOW) {
    return `${sign}${digits.charAt(0)}${digits.length > 1 ? "." : ""}${digits.slice(1)}e${point - 1}`;
  }
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const fraction = point > 0 ? digits.slice(point) : "0".repeat(-point) + digits;
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${fraction && "."}${fraction}`;
}
