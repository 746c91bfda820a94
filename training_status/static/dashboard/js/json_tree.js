/** Shows JSON as a tree. The content of large branches is created when they are opened. */

import { make } from "./dom.js";

const AT_ONCE = 100;
const OPEN_UP_TO = 12;

/** @param {Record<string, unknown>} values the first level; small branches are open */
export function jsonTree(values) {
  return branch(Object.entries(values), true);
}

/** @param {[string, unknown][]} entries @param {boolean} opens whether small branches are open */
function branch(entries, opens) {
  const list = make("ul", { class: "tree" });
  more(list, entries, 0, opens);
  return list;
}

/**
 * @param {HTMLUListElement} list
 * @param {[string, unknown][]} entries
 * @param {number} from
 * @param {boolean} opens
 */
function more(list, entries, from, opens) {
  list.append(...entries.slice(from, from + AT_ONCE).map(([name, value]) => make("li", {}, node(name, value, opens))));
  const left = entries.length - from - AT_ONCE;
  if (left <= 0) return;
  const button = make("button", { type: "button", class: "link" }, `Show more (${left} left)`);
  const item = make("li", {}, button);
  button.addEventListener("click", () => {
    item.remove();
    more(list, entries, from + AT_ONCE, opens);
    list.children[from + AT_ONCE]?.querySelector("summary")?.focus();
  });
  list.append(item);
}

/** @param {string} name @param {unknown} value @param {boolean} opens */
function node(name, value, opens) {
  const key = make("span", { class: "tree-key" }, name);
  if (typeof value !== "object" || value === null) return make("span", {}, key, ": ", make("span", { class: "tree-value" }, String(value)));
  const entries = /** @type {[string, unknown][]} */ (Object.entries(value));
  const count = Array.isArray(value) ? plural(entries.length, "item", "items") : plural(entries.length, "field", "fields");
  if (entries.length === 0) return make("span", {}, key, ": ", make("span", { class: "tree-count" }, count));
  const details = make("details", {}, make("summary", {}, key, " ", make("span", { class: "tree-count" }, count)));
  const fill = () => {
    if (details.childElementCount === 1) details.append(branch(entries, false));
  };
  details.addEventListener("toggle", fill);
  if (opens && entries.length <= OPEN_UP_TO) {
    fill();
    details.open = true;
  }
  return details;
}

/** @param {number} count @param {string} one @param {string} many */
function plural(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}
