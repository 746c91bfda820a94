/**
 * Kinds of events that streams send.
 *
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 * @typedef {import("./types.js").Status} Status
 */

/** Whether the event has the status of a run. @param {TrainingEvent} event @returns {event is Extract<TrainingEvent, { data: { status: Status } }>} */
export function hasStatus(event) {
  return "status" in event.data;
}
