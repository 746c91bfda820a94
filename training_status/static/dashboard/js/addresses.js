/** The addresses of the service's own pages, which may be under a path of its host. */

/** That path, such as `/training`; empty where the service has its host for itself. */
export const urlPrefix = document.documentElement.dataset["urlPrefix"] ?? "";

/** The page of a domain's latest run. @param {string} domain */
export function domainAddress(domain) {
  return `${urlPrefix}/domains/${encodeURIComponent(domain)}`;
}

/** The page of a run. @param {string} domain @param {number} number */
export function runAddress(domain, number) {
  return `${domainAddress(domain)}/runs/${number}`;
}
