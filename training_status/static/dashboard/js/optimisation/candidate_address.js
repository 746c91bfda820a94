/** The address of a candidate on the page of its run: `#candidate-NAME`. */

const PREFIX = "#candidate-";

/** @param {string} name */
export function candidateAddress(name) {
  return PREFIX + encodeURIComponent(name);
}

/** The candidate that the address of the page names; null without one. */
export function addressedCandidate() {
  if (!location.hash.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(location.hash.slice(PREFIX.length));
  } catch {
    return null; // a % that encodes nothing: no candidate has this address
  }
}
