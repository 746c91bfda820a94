/**
 * The candidates of a run as a family: parents, children, and the line that leads to the best.
 *
 * @typedef {import("../types.js").Lineage} Lineage
 * @typedef {{name: string, origin: string | null, score: number | null, split: import("../types.js").Candidate["split"], exampleCount: number | null, parents: Member[], children: Member[], childCount: number}} Member
 */

/** @param {Lineage} lineage @returns {{members: Member[], best: Member | null}} */
export function familyOf({ best, candidates }) {
  const members = candidates.candidate.map((name, place) => ({
    name,
    origin: candidates.origin[place] ?? null,
    score: candidates.score[place] ?? null,
    split: candidates.split[place] ?? null,
    exampleCount: candidates.example_count[place] ?? null,
    parents: /** @type {Member[]} */ ([]),
    children: /** @type {Member[]} */ ([]),
    childCount: candidates.child_count[place] ?? 0,
  }));
  members.forEach((member, place) => {
    for (const parent of candidates.parents[place] ?? []) {
      const one = members[parent];
      if (!one) continue;
      member.parents.push(one);
      one.children.push(member);
    }
  });
  return { members, best: members.find((member) => member.name === best) ?? null };
}

/** A member and the parents that it came from, the first of each, from the oldest on. @param {Member} member */
export function lineOf(member) {
  const line = [member];
  for (let one = member.parents[0]; one && !line.includes(one); one = one.parents[0]) line.unshift(one);
  return line;
}

/** The best on the most examples first, those without a score last. @param {Member[]} members @param {boolean} lowerIsBetter */
export function byScore(members, lowerIsBetter) {
  const sign = lowerIsBetter ? -1 : 1;
  return [...members].sort((one, other) => {
    const sizes = (other.exampleCount ?? -1) - (one.exampleCount ?? -1);
    return sizes || sign * ((other.score ?? 0) - (one.score ?? 0));
  });
}
