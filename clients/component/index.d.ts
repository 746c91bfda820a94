import type { components } from "./dist/schema.js";

/** The status of a run. */
export type TrainingStatus = components["schemas"]["TrainingStatus"];

/** The names of the parts. */
export type TrainingPart = "connection" | "state" | "eta" | "progress" | "metrics" | "log" | "result";

/** The events: `training-progress` with every new status, `training-end` once when the run ends. */
export type TrainingElementEvent = CustomEvent<{ readonly status: TrainingStatus }>;

export interface TrainingElementEventMap extends HTMLElementEventMap {
  "training-progress": TrainingElementEvent;
  "training-end": TrainingElementEvent;
}

/** `<domain-training-progress domain="medical" base="https://status.example">` */
export declare class DomainTrainingProgress extends HTMLElement {
  /** The domain's name; attribute `domain`. */
  domain: string;
  /** The URL of the service; empty for the page's own origin. Attribute `base`. */
  base: string;
  /** The run to show; null for the latest run and each new one. Attribute `run`. */
  run: number | null;
  /** The parts to show, separated by spaces; attribute `show`. */
  show: string;
  /** The bearer token; empty without one. Not an attribute. */
  token: string;
  /** The last received status; null before the first one. */
  readonly status: TrainingStatus | null;

  addEventListener<K extends keyof TrainingElementEventMap>(
    type: K,
    listener: (this: DomainTrainingProgress, event: TrainingElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof TrainingElementEventMap>(
    type: K,
    listener: (this: DomainTrainingProgress, event: TrainingElementEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "domain-training-progress": DomainTrainingProgress;
  }
}
