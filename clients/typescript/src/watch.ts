/** Watching a training: a live stream of its events. */

import type { ConnectionState, LiveStream } from "./connection/live_stream.js";
import type { TrainingEvent } from "./types.js";

export type WatchState = ConnectionState;

/** The events of a stream, every log entry once and in order. Iterating it again resumes after the last one. */
export type Watch = LiveStream<TrainingEvent>;

export interface WatchOptions {
  /** Follows this run until it ends; otherwise follows the domain from run to run, without an end. */
  trainingRunId?: string | undefined;
  /** The `lastEventId` of an earlier watch, to resume after it. */
  lastEventId?: string | undefined;
  /** Ends the watch, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with the connection state, and with the reason while it is `waiting` to reconnect. */
  onState?: ((state: WatchState, why: string) => void) | undefined;
}
