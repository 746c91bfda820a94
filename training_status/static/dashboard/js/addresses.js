/** URLs of the service's pages, which may be under a path prefix. */

/** The path prefix, such as `/training`; empty without one. */
export const urlPrefix = document.documentElement.dataset["urlPrefix"] ?? "";

/** The page of a domain's latest run. @param {string} domain */
export function domainAddress(domain) {
  return `${urlPrefix}/domains/${encodeURIComponent(domain)}`;
}

/** The page of a run. @param {string} domain @param {number} number */
export function runAddress(domain, number) {
  return `${domainAddress(domain)}/runs/${number}`;
}
