/** Reduces the number of points of a curve. */

/**
 * Keeps the first and the last point, and the lowest and highest point of each bucket in between.
 *
 * @template {{x: number, y: number | bigint}} P
 * @param {P[]} points by x
 * @param {number} most maximum number of points
 * @returns {P[]}
 */
export function thinned(points, most) {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length <= most) return points;
  const inner = points.slice(1, -1);
  const parts = Math.floor((most - 2) / 2);
  const kept = [first];
  for (let part = 0; part < parts; part += 1) {
    const bucket = inner.slice(Math.floor((part * inner.length) / parts), Math.floor(((part + 1) * inner.length) / parts));
    const least = bucket.reduce((one, other) => (other.y < one.y ? other : one));
    const greatest = bucket.reduce((one, other) => (other.y > one.y ? other : one));
    kept.push(...(least === greatest ? [least] : least.x < greatest.x ? [least, greatest] : [greatest, least]));
  }
  return [...kept, last];
}
