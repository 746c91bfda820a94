/** What the pages make of numbers, for tests: reads cases as JSON from stdin, and writes their texts. */

import { text as wholeText } from "node:stream/consumers";

import { parseJson } from "../../static/dashboard/js/exact_json.js";
import { differenceText, exactNumberText, numberText, numberTexts } from "../../static/dashboard/js/number_text.js";
import { formatMetric } from "../../static/dashboard/js/format.js";

const { values, groups, pairs, metrics } = parseJson(await wholeText(process.stdin));
console.log(
  JSON.stringify({
    texts: values.map((value) => numberText(value)),
    exact: values.map(exactNumberText),
    groups: groups.map(numberTexts),
    differences: pairs.map(([value, earlier]) => differenceText(value, earlier)),
    metrics: metrics.map((value) => formatMetric(value)),
  }),
);
