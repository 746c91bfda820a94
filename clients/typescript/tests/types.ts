/** What must not compile. Each line after `@ts-expect-error` is a mistake: tsc complains where it is accepted. */

import { TrainingClient } from "aegis-training-client";
import type { LogEntry, Problem, ServiceError, TrainingEvent } from "aegis-training-client";

declare const client: TrainingClient;
declare const event: TrainingEvent;
declare const entries: LogEntry[];

export async function fields(): Promise<number | undefined> {
  const status = await client.status("medical", { run: 3 });
  status.progress satisfies number;
  // @ts-expect-error a misspelt field
  status.progres;
  // @ts-expect-error a state that there is not
  if (status.status === "finished") return 0;
  // @ts-expect-error it may be null
  status.forecast.completion;
  // @ts-expect-error nobody has looked whether there is a first entry
  entries[0].seq;
  return entries[0]?.seq;
}

export function events(): string | number | null {
  // @ts-expect-error a type of event that there is not
  if (event.event_type === "progress") return null;
  // @ts-expect-error not every event has a status
  event.data.status;
  if (event.event_type === "log") {
    // @ts-expect-error a log entry has none
    event.data.status;
    return event.data.message;
  }
  if (event.event_type === "gap") return event.data.first_seq;
  if (event.event_type === "candidate") return event.data.candidate;
  if (event.event_type === "evaluation") return event.data.score;
  event.event_type satisfies "started" | "phase_changed" | "progress_update" | "completed" | "failed";
  return event.data.status.health;
}

export async function parameters(): Promise<void> {
  client.logs("medical", { level: ["ERROR"], min_level: "INFO", step: "s", search: "s", order: "desc", run: 1 });
  // @ts-expect-error an unknown parameter
  client.logs("medical", { levels: ["ERROR"] });
  // @ts-expect-error an unknown level
  client.logs("medical", { level: ["FATAL"] });
  // @ts-expect-error pages are not the caller's business
  client.logs("medical", { page: 2 });
  // @ts-expect-error not a number
  await client.status("medical", { run: "3" });
  const { phases, prompts } = await client.compare("medical", [3, 1]);
  phases[0]?.seconds[0] satisfies number | null | undefined;
  prompts[0]?.texts[0] satisfies string | null | undefined;
  // @ts-expect-error not a list
  await client.compare("medical", 3);
  // @ts-expect-error a misspelt option
  client.watch("medical", { lastEventID: "1.2" });
  // @ts-expect-error an unknown state
  client.watch("medical", { onState: (state) => state === "closed" });
  // @ts-expect-error without an address
  new TrainingClient({ token: "secret" });
  // @ts-expect-error an unknown path
  await client.api.GET("/api/v1/admin/domain");
  const params = { path: { domain_name: "medical" } };
  await client.api.GET("/api/v1/admin/domains/{domain_name}", { params });
  // @ts-expect-error an unknown query parameter
  await client.api.GET("/api/v1/admin/domains", { params: { query: { size: 5 } } });
  // @ts-expect-error without the name of the domain
  await client.api.GET("/api/v1/admin/domains/{domain_name}");
}

export function errors(error: ServiceError): Required<Problem>["errors"] {
  // @ts-expect-error it is told, not set
  error.status = 404;
  return error.errors;
}

export async function absent(signal: AbortSignal | undefined, token: string | undefined): Promise<void> {
  const another = new TrainingClient({ baseUrl: "", token, fetch: globalThis.fetch });
  await another.status("medical", { signal, run: undefined });
  another.watch("medical", { signal, trainingRunId: undefined, lastEventId: undefined, onState: undefined });
}
