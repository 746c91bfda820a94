/** A whole run with the client that @hey-api/openapi-ts makes, the live stream of the run included. */

import * as api from "../build/hey_api";
import { client } from "../build/hey_api/client.gen";
import type { Problem, TrainingEvent } from "../build/hey_api";
import { baseUrl, config, domain, id, metrics, result, tell, token } from "./expectations";

client.setConfig({ baseUrl, auth: token });
const inDomain = { path: { domain_name: domain }, throwOnError: true } as const;
const ofRun = { path: { training_run_id: id }, throwOnError: true } as const;

async function problemOf(pending: Promise<{ error?: Problem }>): Promise<Problem> {
  const { error } = await pending;
  if (!error) throw new Error("This was to be refused.");
  return error;
}

const newDomain = { name: domain, description: "A domain of a generated client" };
const { data: created } = await api.createDomain({ body: newDomain, throwOnError: true });
const { data: changed } = await api.changeDomain({ ...inDomain, body: { stall_limit_s: 90, kept_days: null } });

const newRun = { id, optimizer: "gepa", sample_count: 120, config, tags: ["nightly"] };
const started = await api.startTrainingRun({ ...inDomain, body: newRun });
const again = await api.startTrainingRun({ ...inDomain, body: newRun });
const now = new Date().toISOString();
await api.sendEvents({
  ...ofRun,
  body: {
    sent_at: now,
    events: [
      { type: "phase", n: 1, phase: "entity_extraction_optimization", timestamp: now },
      { type: "progress", n: 2, fraction: 0.5, message: "trial 3 of 6", metrics },
      { type: "log", n: 3, level: "WARNING", message: "slow", step: null },
    ],
  },
});
const { data: receipt } = await api.sendHeartbeat(ofRun);
const wrong = { events: [{ type: "log", n: 9, level: "INFO", message: "" } as const] };
const gap = await problemOf(api.sendEvents({ path: ofRun.path, body: wrong }));

const { data: training } = await api.getTrainingStatus(inDomain);
const { data: log } = await api.listTrainingLogs({ ...inDomain, query: { level: ["INFO", "WARNING"], order: "asc", run: 1 } });
const { data: warnings } = await api.listTrainingLogs({ ...inDomain, query: { level: ["WARNING"] } });
const download = { ...inDomain, query: { format: "text", min_level: "WARNING" }, parseAs: "blob" } as const;
const text = await (await api.downloadTrainingLogs(download)).data.text();

const events = [{ type: "complete", n: 4, message: "done", metrics: { entity_f1: 0.87 }, result } as const];
await api.sendEvents({ ...ofRun, body: { events } });

const told: TrainingEvent[] = [];
const { stream } = await api.streamTraining({ path: inDomain.path, query: { training_run_id: id } });
for await (const event of stream) {
  if (!event) continue; // nothing comes with a 204
  told.push(event);
  if (event.event_type === "completed") break;
}
const entries = told.flatMap((event) => (event.event_type === "log" ? [event.data.seq] : []));
if (entries.join() !== "1,2,3,4") throw new Error(`The stream has told ${JSON.stringify(told)}`);

const { data: noted } = await api.changeTrainingRun({ ...ofRun, body: { note: "kept" } });
const { data: read } = await api.getTrainingRunByNumber({ path: { domain_name: domain, run_number: 1 }, throwOnError: true });
const { data: history } = await api.getTrainingHistory(inDomain);
const { data: produced } = await api.getTrainingRunResult(ofRun);
const exported = await (await api.exportTrainingRun({ ...ofRun, parseAs: "blob" })).data.text();

const deletions = [await api.deleteTrainingRun(ofRun), await api.deleteDomain(inDomain)];
const gone = await problemOf(api.getDomain({ path: inDomain.path }));

tell({
  created: [created.name, created.llm_model, created.latest_run],
  changed: [changed.stall_limit_s, changed.kept_days],
  started: [started.response.status, again.response.status, again.data.training_run_id === id],
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
  deleted: deletions.map((answer) => answer.response.status),
  gone: [gone.status, gone.code],
});
