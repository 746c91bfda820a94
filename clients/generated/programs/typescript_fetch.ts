/** A whole run with the client that openapi-generator's `typescript-fetch` makes. */

import { Configuration, DomainsApi, LogsApi, ReportingApi, ResponseError, RunsApi, StatusApi } from "../build/typescript_fetch";
import { baseUrl, config, domain, id, metrics, result, tell, token } from "./expectations";

const configuration = new Configuration({ basePath: baseUrl, accessToken: token });
const domains = new DomainsApi(configuration);
const reporting = new ReportingApi(configuration);
const runs = new RunsApi(configuration);
const status = new StatusApi(configuration);
const logs = new LogsApi(configuration);
const run = { trainingRunId: id };

async function problemOf(pending: Promise<unknown>): Promise<Record<string, unknown>> {
  const error: unknown = await pending.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof ResponseError)) throw new Error("This was to be refused.");
  return error.response.json();
}

const created = await domains.createDomain({ newDomain: { name: domain, description: "A domain of a generated client" } });
const changed = await domains.changeDomain({ domainName: domain, domainChange: { stallLimitS: 90, keptDays: null } });

const newRun = { id, optimizer: "gepa", sampleCount: 120, config, tags: ["nightly"] };
const started = await reporting.startTrainingRunRaw({ domainName: domain, newRun });
const again = await reporting.startTrainingRunRaw({ domainName: domain, newRun });
await reporting.sendEvents({
  ...run,
  batch: {
    sentAt: new Date(),
    events: [
      { type: "phase", n: 1, phase: "entity_extraction_optimization", timestamp: new Date() },
      { type: "progress", n: 2, fraction: 0.5, message: "trial 3 of 6", metrics },
      { type: "log", n: 3, level: "WARNING", message: "slow", step: null },
    ],
  },
});
const receipt = await reporting.sendHeartbeat(run);
const gap = await problemOf(reporting.sendEvents({ ...run, batch: { events: [{ type: "log", n: 9, level: "INFO", message: "" }] } }));

const training = await status.getTrainingStatus({ domainName: domain });
const log = await logs.listTrainingLogs({ domainName: domain, level: ["INFO", "WARNING"], order: "asc", run: 1 });
const warnings = await logs.listTrainingLogs({ domainName: domain, level: ["WARNING"] });
const text = await (await logs.downloadTrainingLogs({ domainName: domain, format: "text", minLevel: "WARNING" })).text();

await reporting.sendEvents({
  ...run,
  batch: { events: [{ type: "complete", n: 4, message: "done", metrics: { entity_f1: 0.87 }, result }] },
});
const noted = await runs.changeTrainingRun({ ...run, runChange: { note: "kept" } });
const read = await runs.getTrainingRunByNumber({ domainName: domain, runNumber: 1 });
const history = await status.getTrainingHistory({ domainName: domain });
const produced = await runs.getTrainingRunResult(run);
const exported = await (await runs.exportTrainingRun(run)).text();

const deletions = [await runs.deleteTrainingRunRaw(run), await domains.deleteDomainRaw({ domainName: domain })];
const gone = await problemOf(domains.getDomain({ domainName: domain }));

tell({
  created: [created.name, created.llmModel, created.latestRun],
  changed: [changed.stallLimitS, changed.keptDays],
  started: [started.raw.status, again.raw.status, (await again.value()).trainingRunId === id],
  last_n: receipt.lastN,
  gap: [gap.status, gap.code, gap.expected_n],
  training: [training.status, training.currentStep, training.progress, training.steps.length, training.metrics],
  log: log.logs.map((entry) => [entry.seq, entry.level, entry.message, entry.step, entry.metrics]),
  warnings: warnings.totalLogs,
  text: text.trimEnd().split(" ").slice(1),
  completed: [read.status, read.progress, read.optimizer, read.sampleCount, read.config, read.tags, noted.note],
  history: history.trainingRuns.map((past) => [past.runNumber, past.status, past.metrics.entity_f1]),
  result: produced,
  exported: exported.trimEnd().split("\n").length,
  deleted: deletions.map((answer) => answer.raw.status),
  gone: [gone.status, gone.code],
});
