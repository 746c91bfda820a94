/** A button that copies text, and says for a moment whether it did. */

import { copyText } from "./clipboard.js";
import { make } from "./dom.js";

const COPIED_FOR_MS = 2000;

/** @param {string} label @param {() => string} text called when the button is pressed */
export function copyButton(label, text) {
  const button = make("button", { type: "button", class: "quiet-button", "aria-label": label }, "Copy");
  button.addEventListener("click", async () => {
    const isCopied = await copyText(text());
    button.textContent = isCopied ? "Copied" : "Copy failed";
    button.setAttribute("aria-label", `${label}: ${button.textContent}`);
    setTimeout(() => {
      button.textContent = "Copy";
      button.setAttribute("aria-label", label);
    }, COPIED_FOR_MS);
  });
  return button;
}
