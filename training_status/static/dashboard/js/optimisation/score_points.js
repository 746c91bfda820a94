/**
 * The evaluations of one metric as points of a chart, and which of them were the best so far.
 *
 * @typedef {import("../types.js").EvaluationScores} EvaluationScores
 * @typedef {import("../types.js").Evaluation} Evaluation
 * @typedef {{number: number, candidate: string, score: number, split: string, exampleCount: number, afterMs: number, isBest: boolean}} ScorePoint
 */

const SPLITS = ["development", "test", "train", "minibatch"]; // of as many examples, the first of them is the largest

export class ScorePoints {
  /** @param {EvaluationScores} scores */
  constructor({ metric, lower_is_better: lowerIsBetter, total, splits, largest_split: largest, first_at: firstAt, points }) {
    this.metric = metric;
    this.lowerIsBetter = lowerIsBetter;
    this.total = total;
    this.minibatches = splits.find(({ split }) => split === "minibatch")?.evaluation_count ?? 0;
    this.largest = largest;
    this.firstAt = firstAt === null ? NaN : Date.parse(firstAt);
    /** @type {ScorePoint[]} by number */
    this.points = points.number.map((number, place) => ({
      number,
      candidate: points.candidate[place] ?? "",
      score: points.score[place] ?? NaN,
      split: points.split[place] ?? "",
      exampleCount: points.example_count[place] ?? 0,
      afterMs: points.after_ms[place] ?? 0,
      isBest: points.is_best_so_far[place] ?? false,
    }));
  }

  /** The steps of the best score so far, the last of which is the best. */
  get steps() {
    return this.points.filter((point) => point.isBest);
  }

  /** Adds an evaluation that is newer than all others. @param {Evaluation} evaluation of the metric */
  append(evaluation) {
    const { number, candidate, score, split, example_count: exampleCount, at } = evaluation;
    if (number <= (this.points.at(-1)?.number ?? 0)) return;
    if (Number.isNaN(this.firstAt)) this.firstAt = Date.parse(at);
    this.total += 1;
    if (split === "minibatch") this.minibatches += 1;
    if (this.#isLarger(split, exampleCount)) {
      this.largest = { split: evaluation.split, example_count: exampleCount };
      for (const point of this.points) point.isBest = false;
    }
    const best = this.steps.at(-1);
    const isLargest = split === this.largest?.split && exampleCount === this.largest.example_count;
    const isBest = isLargest && (!best || (this.lowerIsBetter ? score < best.score : score > best.score));
    this.points.push({ number, candidate, score, split, exampleCount, afterMs: Date.parse(at) - this.firstAt, isBest });
  }

  /** @param {string} split @param {number} count */
  #isLarger(split, count) {
    if (this.largest === null) return true;
    if (count !== this.largest.example_count) return count > this.largest.example_count;
    return SPLITS.indexOf(split) < SPLITS.indexOf(this.largest.split);
  }
}
