/**
 * The run page: one run, or the latest run of a domain and each new one.
 *
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Status} Status
 *
 * @typedef {{domain: string, runNumber: number | null, mayCancel: boolean, now: string}} Page
 */

import { runAddress, urlPrefix } from "./addresses.js";
import { CancelView } from "./cancel_view.js";
import { readJsonScript, getElement, setText } from "./dom.js";
import { LogStateInUrl } from "./log/log_state.js";
import { OptimisationSection } from "./optimisation_section.js";
import { OtherRunsView } from "./other_runs_view.js";
import { Service } from "./service.js";
import { TrainingView } from "./training_view.js";
import { stateText } from "./run_text.js";
import { usageLine } from "./usage_line.js";

const PARTS = /** @type {const} */ (["state", "eta", "progress", "metrics", "curves", "log", "result", "connection", "announcer"]);

/** @type {Page} */
const page = readJsonScript("page");
const service = new Service(urlPrefix);
service.learnClock(page.now);
const others = new OtherRunsView(getElement("other-runs"), service, page.domain);
const cancel = page.mayCancel ? new CancelView(getElement("cancel"), service, (status) => training.showAnswer(status)) : null;
const optimisation = new OptimisationSection(getElement("optimisation"), service);
const training = new TrainingView(service, page, Object.fromEntries(PARTS.map((name) => [name, getElement(name)])), {
  onRun: showRun,
  onStatus: showStatus,
  onFinding: (finding) => optimisation.take(finding),
  onLeft: () => {},
  logStateFor: (number) => new LogStateInUrl(runAddress(page.domain, number)),
  keyboard: document,
});
await training.start();

/** @param {Run} run */
function showRun(run) {
  getElement("run").hidden = false;
  getElement("no-run").hidden = true;
  setText(getElement("run-name"), `run ${run.run_number}`);
  optimisation.mount(run);
  void others.load(run.run_number);
}

/** @param {Status} status */
function showStatus(status) {
  cancel?.update(status);
  const line = usageLine(status);
  setText(getElement("usage-line"), line);
  getElement("usage-line").hidden = line === "";
  optimisation.update(status);
  document.title = `${title(status)} · ${status.domain_name} · Aegis Training Status`;
}

/** @param {Status} status */
function title(status) {
  return status.status === "training" ? `${status.progress} %` : stateText(status);
}
