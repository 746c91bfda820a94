/** An entry as text, as the service's download has it (`training_status/serializers/log_text.py`). */

import { oneLine, visibleTextWithTargets } from "../visible_text.js";

const CONTINUATION = "    ";

/**
 * Its time, level, step and message. Further lines of the message are indented: none of them can pass for an entry.
 *
 * @param {Pick<import("../types.js").LogEntry, "timestamp" | "level" | "step" | "message">} entry
 */
export function logText({ timestamp, level, step, message }) {
  const lines = visibleTextWithTargets(message).replaceAll("\n", `\n${CONTINUATION}`);
  return `${timestamp} ${level}${step ? ` [${oneLine(step)}]` : ""} ${lines}\n`;
}
