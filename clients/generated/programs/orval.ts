/** A whole run with the client that orval makes, on `fetch`. */

import * as api from "../build/orval/client";
import type { Problem } from "../build/orval/client";
import { config, domain, id, metrics, result, tell } from "./expectations";

/** The data of the answer with that status. */
function dataOf<Answer extends { status: number; data: unknown }, Status extends Answer["status"]>(
  answer: Answer, status: Status,
): Extract<Answer, { status: Status }>["data"] {
  if (answer.status !== status) throw new Error(`${answer.status}: ${JSON.stringify(answer.data)}`);
  return answer.data;
}

function problemOf(answer: { status: number; data: unknown }): Problem {
  if (answer.status < 400) throw new Error("This was to be refused.");
  return answer.data as Problem;
}

async function textOf(answer: object): Promise<string> {
  if (!("data" in answer && answer.data instanceof Blob)) throw new Error("This was to be a file.");
  return answer.data.text();
}

const created = dataOf(await api.createDomain({ name: domain, description: "A domain of a generated client" }), 201);
const changed = dataOf(await api.changeDomain(domain, { stall_limit_s: 90, kept_days: null }), 200);

const newRun = { id, optimizer: "gepa", sample_count: 120, config, tags: ["nightly"] };
const started = await api.startTrainingRun(domain, newRun);
const again = await api.startTrainingRun(domain, newRun);
const now = new Date().toISOString();
dataOf(await api.sendEvents(id, {
  sent_at: now,
  events: [
    { type: "phase", n: 1, phase: "entity_extraction_optimization", timestamp: now },
    { type: "progress", n: 2, fraction: 0.5, message: "trial 3 of 6", metrics },
    { type: "log", n: 3, level: "WARNING", message: "slow", step: null },
  ],
}), 200);
const receipt = dataOf(await api.sendHeartbeat(id), 200);
const gap = problemOf(await api.sendEvents(id, { events: [{ type: "log", n: 9, level: "INFO", message: "" }] }));

const training = dataOf(await api.getTrainingStatus(domain), 200);
const log = dataOf(await api.listTrainingLogs(domain, { level: ["INFO", "WARNING"], order: "asc", run: 1 }), 200);
const warnings = dataOf(await api.listTrainingLogs(domain, { level: ["WARNING"] }), 200);
const text = await api.downloadTrainingLogs(domain, { format: "text", min_level: "WARNING" });

const events = [{ type: "complete", n: 4, message: "done", metrics: { entity_f1: 0.87 }, result } as const];
dataOf(await api.sendEvents(id, { events }), 200);
const noted = dataOf(await api.changeTrainingRun(id, { note: "kept" }), 200);
const read = dataOf(await api.getTrainingRunByNumber(domain, 1), 200);
const history = dataOf(await api.getTrainingHistory(domain), 200);
const produced = dataOf(await api.getTrainingRunResult(id), 200);
const exported = await api.exportTrainingRun(id);

const deletions = [await api.deleteTrainingRun(id), await api.deleteDomain(domain)];
const gone = problemOf(await api.getDomain(domain));

tell({
  created: [created.name, created.llm_model, created.latest_run],
  changed: [changed.stall_limit_s, changed.kept_days],
  started: [started.status, again.status, dataOf(again, 200).training_run_id === id],
  last_n: receipt.last_n,
  gap: [gap.status, gap.code, gap.expected_n],
  training: [training.status, training.current_step, training.progress, training.steps.length, training.metrics],
  log: log.logs.map((entry) => [entry.seq, entry.level, entry.message, entry.step, entry.metrics]),
  warnings: warnings.total_logs,
  text: (await textOf(text)).trimEnd().split(" ").slice(1),
  completed: [read.status, read.progress, read.optimizer, read.sample_count, read.config, read.tags, noted.note],
  history: history.training_runs.map((past) => [past.run_number, past.status, past.metrics.entity_f1]),
  result: produced,
  exported: (await textOf(exported)).trimEnd().split("\n").length,
  deleted: deletions.map((answer) => answer.status),
  gone: [gone.status, gone.code],
});
