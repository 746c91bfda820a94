/** The error class of this client. */

import type { Problem } from "./types.js";

export interface ErrorDetails {
  status?: number | undefined;
  code?: string | undefined;
  errors?: NonNullable<Problem["errors"]> | undefined;
  retryAfterS?: number | undefined;
  cause?: unknown;
}

/** A failed request, with the `detail` of the service's response, or a message of ours without a response. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** The HTTP status; 0 without a response. */
  readonly status: number;
  /** An error code, such as `no_training`; empty without one. */
  readonly code: string;
  /** For invalid input: the fields and their errors. */
  readonly errors: NonNullable<Problem["errors"]>;
  /** Seconds to wait before a retry; 0 when the service did not specify. */
  readonly retryAfterS: number;

  constructor(message: string, { status = 0, code = "", errors = [], retryAfterS = 0, ...options }: ErrorDetails = {}) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterS = retryAfterS;
  }
}

/** The error of an unsuccessful response. `body` is its JSON; anything else comes from a proxy. */
export function refusal({ status, headers }: Response, body: unknown): ServiceError {
  const { detail, code, errors } = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const sentence = detail ?? `The service responded with status ${status}.`;
  return new ServiceError(sentence, { status, code, errors, retryAfterS: retryAfterS(headers) });
}

/** Parses `Retry-After`: seconds, or a date, which is compared with the response's `Date`. */
function retryAfterS(headers: Headers): number {
  const value = headers.get("Retry-After");
  if (!value) return 0;
  const seconds = Number(value);
  const now = Date.parse(headers.get("Date") ?? "") || Date.now();
  return Math.max(0, Number.isNaN(seconds) ? (Date.parse(value) - now) / 1000 || 0 : seconds);
}
