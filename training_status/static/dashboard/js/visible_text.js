/**
 * Makes text safe to read: removes terminal sequences and makes hidden characters visible.
 *
 * The rules are those of `training_status/visible_text.py`, where they are explained; a shared table,
 * `docs/visible_text.json`, holds both to the same answers.
 */

// A control sequence, whole or cut off; a string with its payload; a shorter escape sequence.
const SEQUENCES =
  /\x1b\[[0-?]*[ -/]*[@-~]?|\x9b(?:[0-?]+[ -/]*[@-~]|[HJKm])|\x1b\](?:[^\x07\x18\x1a\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)|[^\x07\x18\x1a\x1b\x80-\x9f\r\n]*)|\x1b[PX^_](?:[^\x18\x1a\x1b\x80-\x9f]*(?:\x1b\\|\x9c)|[^\x07\x18\x1a\x1b\x80-\x9f\r\n]*\x07?)|\x9d[^\x07\x18\x1a\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)|[\x90\x98\x9e\x9f][^\x18\x1a\x1b\x80-\x9f]*(?:\x1b\\|\x9c)|\x1b[ -/]*[0-OQ-WYZ\\`-~]?/g;

// Control characters but tab and line breaks, and what Unicode calls default ignorable or separators of lines.
const HIDDEN =
  "\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164" +
  "\\ud800-\\udfff\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}";

const JOINING =
  "\\u0600-\\u061b\\u061d-\\u109f\\u1780-\\u17b3\\u17b6-\\u180a\\u1820-\\u18af\\u1900-\\u1cff\\ua800-\\uabff\\ufb50-\\ufdff\\ufe70-\\ufefc\\u{10a00}-\\u{11fff}\\u{1e900}-\\u{1e95f}";
const EMOJI = "\\u2190-\\u2bff\\u3030\\u303d\\u{1f000}-\\u{1faff}";
const VARIABLE =
  "#*0-9\\xa9\\xae\\u1000-\\u109f\\u2030-\\u205e\\u2100-\\u3163\\u3165-\\ua4ff\\ua840-\\ua87f\\uf900-\\ufaff\\u{1f000}-\\u{1faff}\\u{20000}-\\u{3ffff}";
const TAGS = "\\u{e0067}\\u{e0062}(?:\\u{e0065}\\u{e006e}\\u{e0067}|\\u{e0073}\\u{e0063}\\u{e0074}|\\u{e0077}\\u{e006c}\\u{e0073})\\u{e007f}";
const MEANT =
  `(?<=[${JOINING}])[\\u200c\\u200d]|(?<=[${EMOJI}\\ufe0f])\\u200d(?=[${EMOJI}])|(?<=[${VARIABLE}])[\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}]` +
  `|(?<=[\\u1820-\\u18aa])[\\u180b-\\u180f]|(?<=\\u{1f3f4})${TAGS}`;

const UNUSUAL = new RegExp(`[${HIDDEN}\\r]`, "u");
const SHAPELESS = new RegExp(`(${MEANT})|[${HIDDEN}]`, "gu");
const LINE_BREAK = /\r\n?/g;
const LINK = /^(?:\x1b\]|\x9d)8;[^;]*;([^\x07\x1b\x9c]*)(?:\x07|\x1b\\|\x9c)$/;

/** @param {string} text whether there is more in it than is to be seen */
export function isUnusual(text) {
  return UNUSUAL.test(text);
}

/** @param {string} text what is to be seen of it */
export function visibleText(text) {
  if (!UNUSUAL.test(text)) return text;
  return text
    .replace(SEQUENCES, "")
    .replace(LINE_BREAK, "\n")
    .replace(SHAPELESS, (character, meant) => meant ?? shapeOf(character));
}

/** @param {string} text the same, with `<its target>` behind each link that a terminal would follow */
export function visibleTextWithTargets(text) {
  if (!UNUSUAL.test(text)) return text;
  let shown = "";
  let target = "";
  let linked = "";
  const endLink = () => {
    if (target !== "" && linked !== target) shown += ` <${target}>`;
  };
  for (const { text: piece, sequence } of pieces(text)) {
    shown += piece;
    linked += piece;
    const link = linkTarget(sequence);
    if (link === null) continue;
    endLink();
    [target, linked] = [link, ""];
  }
  endLink();
  return shown.replace(LINE_BREAK, "\n").replace(SHAPELESS, (character, meant) => meant ?? shapeOf(character));
}

/** @param {string} text in one line, a blank for each line break and tab */
export function oneLine(text) {
  return visibleText(text).replace(/[\n\t]/g, " ");
}

/**
 * @param {string} text what a search looks through: without terminal sequences. A character without a shape is there as
 *   it was sent: it is found by itself alone.
 */
export function searchableText(text) {
  return UNUSUAL.test(text) ? text.replace(SEQUENCES, "").replace(LINE_BREAK, "\n") : text;
}

/**
 * The text between the terminal sequences, and each sequence behind it; "" after the last.
 *
 * @param {string} text
 * @returns {Generator<{text: string, sequence: string}>}
 */
export function* pieces(text) {
  let end = 0;
  for (const found of text.matchAll(SEQUENCES)) {
    yield { text: text.slice(end, found.index), sequence: found[0] };
    end = found.index + found[0].length;
  }
  yield { text: text.slice(end), sequence: "" };
}

/** @param {string} sequence @returns {string | null} where a link that begins here leads to: "" when one ends; null: it is none */
export function linkTarget(sequence) {
  return LINK.exec(sequence)?.[1] ?? null;
}

/**
 * The characters without a shape that are to be shown.
 *
 * @param {string} text without terminal sequences
 * @returns {Generator<{at: number, length: number, shape: string}>}
 */
export function* shapeless(text) {
  for (const found of text.matchAll(SHAPELESS)) {
    if (found[1] === undefined) yield { at: found.index, length: found[0].length, shape: shapeOf(found[0]) };
  }
}

/** @param {string} character the picture of a control character, the code of another, as `<U+202E>` */
function shapeOf(character) {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "␡" : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}
