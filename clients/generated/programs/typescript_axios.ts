/** A whole run with the client that openapi-generator's `typescript-axios` makes. */

import { isAxiosError } from "axios";

import { Configuration, DomainsApi, LogsApi, ReportingApi, RunsApi, StatusApi } from "../build/typescript_axios";
import type { Problem } from "../build/typescript_axios";
import { baseUrl, config, domain, id, metrics, result, tell, token } from "./expectations";

const configuration = new Configuration({ basePath: baseUrl, accessToken: token });
const domains = new DomainsApi(configuration);
const reporting = new ReportingApi(configuration);
const runs = new RunsApi(configuration);
const status = new StatusApi(configuration);
const logs = new LogsApi(configuration);

// What the client calls a file is one when axios is told so.
const asFile = { adapter: "fetch", responseType: "blob" } as const;

async function problemOf(pending: Promise<unknown>): Promise<Problem> {
  const error: unknown = await pending.then(() => null, (reason: unknown) => reason);
  if (!isAxiosError<Problem>(error) || !error.response) throw new Error("This was to be refused.");
  return error.response.data;
}

const { data: created } = await domains.createDomain({ name: domain, description: "A domain of a generated client" });
const { data: changed } = await domains.changeDomain(domain, { stall_limit_s: 90, kept_days: null });

const newRun = { id, optimizer: "gepa", sample_count: 120, config, tags: ["nightly"] };
const started = await reporting.startTrainingRun(domain, newRun);
const again = await reporting.startTrainingRun(domain, newRun);
const now = new Date().toISOString();
await reporting.sendEvents(id, {
  sent_at: now,
  events: [
    { type: "phase", n: 1, phase: "entity_extraction_optimization", timestamp: now },
    { type: "progress", n: 2, fraction: 0.5, message: "trial 3 of 6", metrics },
    { type: "log", n: 3, level: "WARNING", message: "slow", step: null },
  ],
});
const { data: receipt } = await reporting.sendHeartbeat(id);
const gap = await problemOf(reporting.sendEvents(id, { events: [{ type: "log", n: 9, level: "INFO", message: "" }] }));

const { data: training } = await status.getTrainingStatus(domain);
const { data: log } = await logs.listTrainingLogs(
  domain, undefined, undefined, ["INFO", "WARNING"], undefined, "asc", undefined, undefined, 1,
);
const { data: warnings } = await logs.listTrainingLogs(domain, undefined, undefined, ["WARNING"]);
const download = await logs.downloadTrainingLogs(
  domain, undefined, undefined, undefined, undefined, undefined, "text", undefined, "WARNING", undefined, undefined,
  undefined, undefined, asFile,
);
const text = await download.data.text();

await reporting.sendEvents(id, {
  events: [{ type: "complete", n: 4, message: "done", metrics: { entity_f1: 0.87 }, result }],
});
const { data: noted } = await runs.changeTrainingRun(id, { note: "kept" });
const { data: read } = await runs.getTrainingRunByNumber(domain, 1);
const { data: history } = await status.getTrainingHistory(domain);
const { data: produced } = await runs.getTrainingRunResult(id);
const exported = await (await runs.exportTrainingRun(id, undefined, undefined, undefined, asFile)).data.text();

const deletions = [await runs.deleteTrainingRun(id), await domains.deleteDomain(domain)];
const gone = await problemOf(domains.getDomain(domain));

tell({
  created: [created.name, created.llm_model, created.latest_run],
  changed: [changed.stall_limit_s, changed.kept_days],
  started: [started.status, again.status, again.data.training_run_id === id],
  last_n: receipt.last_n,
  gap: [gap.status, gap.code, gap.expected_n],
  training: [training.status, training.current_step, training.progress, training.steps.length, training.metrics],
  log: log.logs.map((entry) => [entry.seq, entry.level, entry.message, entry.step, entry.metrics]),
  warnings: warnings.total_logs,
  text: text.trimEnd().split(" ").slice(1),
  completed: [read.status, read.progress, read.optimizer, read.sample_count, read.config, read.tags, noted.note],
  history: history.training_runs.map((past) => [past.run_number, past.status, past.metrics.entity_f1]),
  result: produced,
  exported: exported.trimEnd().split("\n").length,
  deleted: deletions.map((answer) => answer.status),
  gone: [gone.status, gone.code],
});
