/** Finds what two lists have in common, in order. */

const CELLS_MAX = 4_000_000; // above this size nothing counts as common

/**
 * The places of the longest common subsequence in both lists; none where comparing them would take too long.
 *
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[number, number][]}
 */
export function commonPlaces(a, b) {
  const width = b.length + 1;
  if ((a.length + 1) * width > CELLS_MAX) return [];
  const lengths = new Uint32Array((a.length + 1) * width); // of the subsequence of what follows each pair of places
  const at = (/** @type {number} */ i, /** @type {number} */ j) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  /** @type {[number, number][]} */
  const found = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return found;
}
