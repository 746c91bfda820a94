/**
 * Download links. A link cannot send a token, so with a token the file is fetched by script.
 *
 * @typedef {import("./service.js").Service} Service
 */

import { ServiceError } from "./connection/service_error.js";
import { make } from "./dom.js";

/**
 * @param {HTMLElement} link
 * @param {Service} service
 * @param {(sentence: string) => void} onTrouble called when the download fails
 * @param {AbortSignal} [signal] removes the listener when aborted
 */
export function authorizeDownload(link, service, onTrouble, signal) {
  const options = signal ? { signal } : {};
  link.addEventListener(
    "click",
    (event) => {
      if (service.token() === "") return;
      event.preventDefault();
      const { href, download } = /** @type {HTMLAnchorElement} */ (link);
      save(service, href, download || "log.txt").catch((error) => {
        if (!(error instanceof ServiceError)) throw error;
        onTrouble(`Download failed: ${error.message}`);
      });
    },
    options,
  );
}

/** @param {Service} service @param {string} url @param {string} fileName */
async function save(service, url, fileName) {
  const file = URL.createObjectURL(await service.file(url));
  make("a", { href: file, download: fileName }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}
