/**
 * The history page: all runs of a domain, metric trends, and the comparison of selected runs.
 *
 * @typedef {import("./history/run_cells.js").Row} Row
 * @typedef {{domain: string, number: number, pageSize: number, total: number, runs: Row[], baseline: number | null, mayPin: boolean, now: string}} Page
 */

import { urlPrefix } from "./addresses.js";
import { ServiceError } from "./connection/service_error.js";
import { readJsonScript, make, getElement, setText } from "./dom.js";
import { RunSelection } from "./history/run_selection.js";
import { ComparisonView } from "./history/comparison_view.js";
import { LiveHistory } from "./history/live_history.js";
import { RunsTable } from "./history/runs_table.js";
import { Trends } from "./history/trends.js";
import { numberText } from "./number_text.js";
import { Service } from "./service.js";

/** @type {Page} */
const page = readJsonScript("page");
const service = new Service(urlPrefix);
service.learnClock(page.now);
const selection = new RunSelection(showSelection);
const { domain } = page;
const table = new RunsTable(getElement("runs"), { domain, service, selection, mayPin: page.mayPin, onPin: (number) => void pin(number) });
const trends = new Trends({ domain, selection });
const comparison = new ComparisonView({ service, domain, selection });
/** @type {Map<string, Row>} */
let runs = new Map();
let compared = "";
const live = new LiveHistory(service, page, {
  onLook: (look) => show(look.page.items, look.page.total, look.domain.baseline_run_number),
  onStatus: (status) => {
    const before = runs.get(status.training_run_id);
    if (!before) return page.number === 1;
    const run = { ...before, ...status };
    runs.set(run.training_run_id, run);
    table.update(run);
    return run.status !== before.status || (run.completed_at === null) !== (before.completed_at === null);
  },
  hasOthers: (latest) => [...runs.values()].some((run) => run.completed_at === null && run.training_run_id !== latest),
});
setInterval(() => table.tick(), 1000);
getElement("clear-choice").addEventListener("click", () => selection.clearRuns());
show(page.runs, page.total, page.baseline);
void live.start();

/** @param {Row[]} items newest first @param {number} total @param {number | null} baseline */
function show(items, total, baseline) {
  runs = new Map(items.map((run) => [run.training_run_id, run]));
  getElement("history").hidden = total === 0;
  getElement("no-runs").hidden = total > 0;
  table.show(items, baseline);
  trends.show(items);
  const first = (page.number - 1) * page.pageSize + 1;
  const last = first + items.length - 1;
  setText(getElement("range"), items.length ? `${first} to ${last} of ${numberText(total)}, newest first` : `No runs on this page. The domain has ${numberText(total)} runs.`);
  const paging = getElement("paging");
  if (page.number * page.pageSize < total && !paging.querySelector("[rel=next]")) {
    paging.append(make("a", { rel: "next", "data-page": String(page.number + 1) }, "Older →"));
  }
  showSelection();
}

/** Updates everything that depends on the selected runs. */
function showSelection() {
  table.showSelection();
  const chosen = selection.runs.map((number) => `run ${number}`).join(", ");
  getElement("choice").hidden = selection.runs.length === 0;
  setText(getElement("choice-text"), selection.runs.length === 1 ? `Selected: ${chosen}. Select another run to compare.` : `Selected: ${chosen}.`);
  getElement("to-comparison").hidden = selection.runs.length < 2;
  for (const link of document.querySelectorAll("[data-page]")) link.setAttribute("href", selection.address(link.getAttribute("data-page") ?? ""));
  // The comparison is loaded again when the selection, the baseline or the state of a selected run changes.
  const told = JSON.stringify([selection.runs, table.baseline, selection.runs.map((number) => table.lines.get(number)?.run.status)]);
  if (told !== compared) void comparison.load();
  compared = told;
}

/** @param {number | null} number the run to pin; null unpins */
async function pin(number) {
  setText(getElement("announcer"), "");
  getElement("pin-problem").replaceChildren();
  try {
    await service.patch(service.address(`/domains/${encodeURIComponent(domain)}`), { baseline_run_number: number });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    getElement("pin-problem").replaceChildren(make("p", { class: "wrong" }, error.message));
    return;
  }
  await live.look();
  setText(getElement("announcer"), number === null ? "No run is pinned as the baseline." : `Run ${number} is pinned as the baseline.`);
}
