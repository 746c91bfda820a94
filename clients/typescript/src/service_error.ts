/** The one error of this client. */

import type { Problem } from "./types.js";

export interface ErrorDetails {
  status?: number | undefined;
  code?: string | undefined;
  errors?: NonNullable<Problem["errors"]> | undefined;
  retryAfterS?: number | undefined;
  cause?: unknown;
}

/** What went wrong with a request: the service's own sentence, or ours when there was no answer of the service. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** A word for programs, such as `no_training`; empty when the service did not say one. */
  readonly code: string;
  /** For bad input: which field, and why. */
  readonly errors: NonNullable<Problem["errors"]>;
  /** Seconds after which it may be tried again; 0 when the service did not say. */
  readonly retryAfterS: number;

  constructor(message: string, { status = 0, code = "", errors = [], retryAfterS = 0, ...options }: ErrorDetails = {}) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterS = retryAfterS;
  }
}

/** What an answer says that is not a good one. `body` is its JSON; anything else comes from a proxy. */
export function refusal({ status, headers }: Response, body: unknown): ServiceError {
  const { detail, code, errors } = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const sentence = detail ?? `The service responded with status ${status}.`;
  return new ServiceError(sentence, { status, code, errors, retryAfterS: retryAfterS(headers) });
}

/** `Retry-After`: seconds, or a time, which is taken by the clock of whoever answered. */
function retryAfterS(headers: Headers): number {
  const value = headers.get("Retry-After");
  if (!value) return 0;
  const seconds = Number(value);
  const now = Date.parse(headers.get("Date") ?? "") || Date.now();
  return Math.max(0, Number.isNaN(seconds) ? (Date.parse(value) - now) / 1000 || 0 : seconds);
}
