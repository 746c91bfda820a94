/** How the pages describe runs, for tests: reads cases as JSON from stdin, and writes their texts. */

import { text as wholeText } from "node:stream/consumers";

import { displayName, formatTime, progressText } from "../../static/dashboard/js/format.js";
import * as runText from "../../static/dashboard/js/run_text.js";

const cases = JSON.parse(await wholeText(process.stdin));
const now = Date.parse(cases.now);
console.log(
  JSON.stringify({
    durations: cases.durations.map(({ seconds }) => runText.durationText(seconds)),
    ages: cases.ages.map(({ seconds }) => runText.ageText(seconds)),
    moments: cases.moments.map(({ value }) => formatTime(value, 0)),
    states: cases.states.map(({ run }) => runText.stateText(run)),
    classes: cases.states.map(({ run }) => runText.stateClass(run)),
    times_left: cases.times_left.map(({ run }) => runText.timeLeftText(run, now)),
    ranks: cases.by_time_left.map((run) => Math.min(Number.MAX_VALUE, runText.timeLeftRank(run, now))),
    forecast_bases: cases.forecast_bases.map(({ forecast }) => runText.forecastBasisText(forecast)),
    step_percents: cases.steps.map(({ step }) => runText.stepPercent(step)),
    step_states: cases.steps.map(({ step }) => displayName(step.status)),
    elapsed: cases.elapsed.map(({ run }) => runText.elapsedText(run, now)),
    progress: cases.progress.map(({ run }) => progressText(run)),
    names: cases.names.map(({ value }) => displayName(value)),
  }),
);
