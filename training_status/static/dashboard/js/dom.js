/** Creates elements. Strings are inserted as text, never as HTML, after `visibleText` has made hidden characters visible. */

import { visibleText } from "./visible_text.js";

const READ_BY_PEOPLE = new Set(["title", "aria-label", "aria-valuetext", "placeholder"]);

import { parseJson } from "./exact_json.js";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, READ_BY_PEOPLE.has(name) ? visibleText(value) : value);
  element.append(...children.map((child) => (typeof child === "string" ? visibleText(child) : child)));
  return element;
}

/** @param {string} id the ID of an element that must exist. Throws Error without one */
export function getElement(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element #${id}.`);
  return element;
}

/**
 * The data that the template embedded with `json_script`.
 *
 * @template T
 * @param {string} id
 * @returns {T}
 */
export function readJsonScript(id) {
  return parseJson(getElement(id).textContent ?? "null");
}

/**
 * Sets the text of an element only when it differs, so that live regions announce changes only.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const shown = visibleText(text);
  if (element.textContent !== shown) element.textContent = shown;
}
