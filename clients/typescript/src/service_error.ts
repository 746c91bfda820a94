/** The one error of this client. */

import type { Problem } from "./types.js";

export const UNREACHABLE = "The service cannot be reached.";

/** What went wrong with a request: the service's own sentence, or ours when there was no answer of the service. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";

  /**
   * @param message a sentence for people
   * @param status the HTTP status; 0 when there was no answer
   * @param code a word for programs, such as `no_training`; empty when the service did not say one
   * @param errors for bad input: which field, and why
   * @param retryAfterS seconds after which it may be tried again; 0 when the service did not say
   * @param cause what was thrown when there was no answer
   */
  constructor(
    message: string,
    readonly status = 0,
    readonly code = "",
    readonly errors: NonNullable<Problem["errors"]> = [],
    readonly retryAfterS = 0,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** What an answer says that is not a good one. `body` is its JSON; anything else comes from a proxy. */
export function refusal({ status, headers }: Response, body: unknown): ServiceError {
  const { detail, code, errors } = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  return new ServiceError(detail ?? `The service answered ${status}.`, status, code, errors, retryAfterS(headers));
}

/** `Retry-After`: seconds, or a time, which is taken by the clock of whoever answered. */
function retryAfterS(headers: Headers): number {
  const value = headers.get("Retry-After");
  if (!value) return 0;
  const seconds = Number(value);
  const now = Date.parse(headers.get("Date") ?? "") || Date.now();
  return Math.max(0, Number.isNaN(seconds) ? (Date.parse(value) - now) / 1000 || 0 : seconds);
}
