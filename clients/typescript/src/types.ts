/** Short names for the API types in `schema.d.ts`, which is generated from openapi.yaml. */

import type { components } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

type Schemas = components["schemas"];

export type TrainingStatus = Schemas["TrainingStatus"];
export type TrainingRun = Schemas["TrainingRun"];
export type TrainingComparison = Schemas["TrainingComparison"];
export type TrainingHistory = Schemas["TrainingHistory"];
export type TrainingEvent = Schemas["TrainingEvent"];
export type LogEntry = Schemas["TrainingLogEntry"];
export type LogLevel = Schemas["LogLevel"];
export type PhaseName = Schemas["PhaseName"];
export type Domain = Schemas["Domain"];
export type StreamTicket = Schemas["StreamTicket"];
export type Problem = Schemas["Problem"];
