import type { components } from "./dist/schema.js";

/** How a run is going, as the service tells it. */
export type TrainingStatus = components["schemas"]["TrainingStatus"];

/** The names of the parts. */
export type TrainingPart = "connection" | "state" | "eta" | "progress" | "metrics" | "log" | "result";

/** What the element tells: `training-progress` whenever the run goes on, `training-end` once when it ends. */
export type TrainingElementEvent = CustomEvent<{ readonly status: TrainingStatus }>;

export interface TrainingElementEventMap extends HTMLElementEventMap {
  "training-progress": TrainingElementEvent;
  "training-end": TrainingElementEvent;
}

/** `<domain-training-progress domain="medical" base="https://status.example">` */
export declare class DomainTrainingProgress extends HTMLElement {
  /** The domain's name; attribute `domain`. */
  domain: string;
  /** Where the service is; empty: where the page is from. Attribute `base`. */
  base: string;
  /** The run to show; null: the latest one, and the next ones as they start. Attribute `run`. */
  run: number | null;
  /** The parts to show, their names with blanks between; attribute `show`. */
  show: string;
  /** The bearer token; empty: none. Never an attribute. */
  token: string;
  /** The status as it was last told; null before that. */
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
