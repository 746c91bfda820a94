/**
 * Terminal colours with readable contrast: text has a contrast of at least 4.5 to 1 (WCAG 1.4.3)
 * to its background in both themes. Text with less contrast is moved towards black or white.
 *
 * @typedef {import("./ansi.js").Style} Style
 * @typedef {[number, number, number]} Rgb
 * @typedef {{color: string, background: string}} Paint CSS; "" where there is nothing to be said
 */

const CONTRAST = 4.5;
const DIM = 0.3; // how far dim text moves towards what is behind it
const KEPT_MAX = 1000;
/** @type {Rgb} */
const BLACK = [0, 0, 0];
/** @type {Rgb} */
const WHITE = [255, 255, 255];

const THEMES = /** @type {const} */ (["light", "dark"]);

// What rows stand on: the paper, the row under the pointer, the selected row, as `parts.css` and `log.css` say. And the ink.
const PAGE = {
  light: { grounds: [rgb("fbfbfa"), rgb("e6e9ed"), rgb("e4eefd")], ink: rgb("1f2933") },
  dark: { grounds: [rgb("14181d"), rgb("2a323b"), rgb("233449")], ink: rgb("e6eaee") },
};

// The sixteen as text on the page, and as they are beside a ground that the message has chosen, or as that ground.
const ON_PAGE = {
  light: palette("24292f b42318 21693f 855800 1a5fd0 8a3aa8 0b6e7c 5b6774 5b6774 c62a1d 287a4a 8f6000 1f6feb 9b45bb 0e7a8a 1f2933"),
  dark: palette("9aa6b2 ff8a7d 6cc48d e3b341 6cb0ff d79bf0 5cc8d8 c5ced6 9aa6b2 ffa69b 8bd6a7 f0c868 93c5ff e3b8f6 85d9e5 ffffff"),
};
const NAMED = palette("000000 a01010 0e6b1f 8a5a00 1c3fb0 861e8a 0a6070 d0d0d0 555555 ff8a80 7ee08f ffe070 8fb8ff f0a0f5 80e5f0 ffffff");

/** @type {Map<string, Paint>} */
const known = new Map();

/** @param {Readonly<Style>} style @returns {Paint} */
export function paint(style) {
  const { colour, ground, isDim, isInverse } = style;
  const key = `${colour}|${ground}|${isDim}|${isInverse}`;
  let found = known.get(key);
  if (found === undefined) {
    found = mixed(style);
    if (known.size >= KEPT_MAX) known.clear();
    known.set(key, found);
  }
  return found;
}

/** @param {Readonly<Style>} style @returns {Paint} */
function mixed({ colour, ground, isDim, isInverse }) {
  const [front, back] = isInverse ? [ground, colour] : [colour, ground];
  const hasGround = isInverse || back !== "";
  if (!hasGround && front === "") return { color: isDim ? "var(--quiet)" : "", background: "" };
  const paints = THEMES.map((theme) => {
    const page = PAGE[theme];
    const grounds = !hasGround ? page.grounds : [back === "" ? page.ink : inRgb(back, NAMED)];
    const [first = WHITE] = grounds;
    let text;
    if (front !== "") text = inRgb(front, hasGround ? NAMED : ON_PAGE[theme]);
    else if (isInverse && back === "") text = page.grounds[0] ?? WHITE;
    else text = contrast(WHITE, first) >= CONTRAST ? WHITE : BLACK;
    if (isDim) text = between(text, first, DIM);
    return { color: css(legible(text, grounds)), background: hasGround ? css(first) : "" };
  });
  const [light, dark] = paints;
  if (!light || !dark) return { color: "", background: "" };
  return { color: both(light.color, dark.color), background: both(light.background, dark.background) };
}

/**
 * The colour nearest to `text` that can be read on all of these.
 *
 * @param {Rgb} text
 * @param {readonly Rgb[]} grounds alike enough that black or white can be read on all
 * @returns {Rgb}
 */
export function legible(text, grounds) {
  const least = (/** @type {Rgb} */ colour) => Math.min(...grounds.map((ground) => contrast(colour, ground)));
  if (least(text) >= CONTRAST) return text;
  const towards = [BLACK, WHITE].filter((end) => least(end) >= CONTRAST);
  const shares = towards.map((end) => {
    let [low, high] = [0, 1];
    for (let step = 0; step < 10; step++) {
      const middle = (low + high) / 2;
      if (least(between(text, end, middle)) >= CONTRAST) high = middle;
      else low = middle;
    }
    return { share: high, colour: between(text, end, high) };
  });
  shares.sort((one, other) => one.share - other.share);
  return shares[0]?.colour ?? text;
}

/** @param {Rgb} one @param {Rgb} other the ratio of WCAG 2, from 1 to 21 */
export function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** @param {Rgb} colour */
function luminance(colour) {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => (part <= 10.31475 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {Rgb} from @param {Rgb} to @param {number} share @returns {Rgb} */
function between(from, to, share) {
  const part = (/** @type {0 | 1 | 2} */ place) => Math.round(from[place] + (to[place] - from[place]) * share);
  return [part(0), part(1), part(2)];
}

/** @param {string} colour a number of the palette, or `rgb(1 2 3)` @param {Rgb[]} sixteen */
function inRgb(colour, sixteen) {
  const [red = 0, green = 0, blue = 0] = colour.match(/\d+/g)?.map(Number) ?? [];
  return colour.startsWith("rgb") ? /** @type {Rgb} */ ([red, green, blue]) : (sixteen[red] ?? BLACK);
}

/** @param {Rgb} colour */
function css(colour) {
  return `rgb(${colour.join(" ")})`;
}

/** @param {string} light @param {string} dark */
function both(light, dark) {
  return light === dark ? light : `light-dark(${light}, ${dark})`;
}

/** @param {string} colours */
function palette(colours) {
  return colours.split(" ").map(rgb);
}

/** @param {string} hex @returns {Rgb} */
function rgb(hex) {
  const value = Number.parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
