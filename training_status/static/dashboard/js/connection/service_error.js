/**
 * The error of a failed request.
 *
 * @typedef {{field: string, detail: string}} FieldError
 *
 * @typedef {object} ErrorDetails
 * @property {number | undefined} [status]
 * @property {string | undefined} [code]
 * @property {FieldError[] | undefined} [errors]
 * @property {number | undefined} [retryAfterS]
 * @property {unknown} [cause]
 */

const FINAL = [401, 403, 404, 422];
const RETRY_AFTER_MAX_S = 2_000_000; // a timer of 25 days would end at once

/** A failed request, with the `detail` of the service's response, or a message of ours without a response. */
export class ServiceError extends Error {
  /** @readonly @override */
  name = "ServiceError";

  /** @param {string} message a sentence for people @param {ErrorDetails} [details] */
  constructor(message, { status = 0, code = "", errors = [], retryAfterS = 0, ...options } = {}) {
    super(message, options);
    /** The HTTP status; 0 without a response. @readonly */
    this.status = status;
    /** An error code, such as `no_training`; empty without one. @readonly */
    this.code = code;
    /** For invalid input: the fields and their errors. @readonly */
    this.errors = errors;
    /** Seconds to wait before a retry; 0 when the service did not specify. @readonly */
    this.retryAfterS = retryAfterS;
  }

  /** Whether a retry cannot succeed without other credentials or another URL: 401, 403, 404 and 422. */
  get isFinal() {
    return FINAL.includes(this.status);
  }
}

/**
 * The error of an unsuccessful response.
 *
 * @param {Response} response
 * @param {unknown} body its JSON; anything else than a problem of the service comes from a proxy
 */
export function refusal({ status, headers }, body) {
  const problem = /** @type {{detail?: string, code?: string, errors?: FieldError[]} | null | undefined} */ (body);
  const { detail, code, errors } = typeof problem?.detail === "string" ? problem : {};
  const sentence = detail || `The service responded with status ${status}.`;
  return new ServiceError(sentence, { status, code, errors, retryAfterS: retryAfterS(headers) });
}

/**
 * Throws the error of a request without a complete response: the signal's reason once it is aborted, else a
 * ServiceError.
 *
 * @param {AbortSignal | null | undefined} signal
 * @param {unknown} cause
 * @returns {never}
 */
export function giveUp(signal, cause) {
  signal?.throwIfAborted();
  throw cause instanceof ServiceError ? cause : new ServiceError("The service cannot be reached.", { cause });
}

/** Parses `Retry-After`: seconds, or a date, which is compared with the response's `Date`. @param {Headers} headers */
function retryAfterS(headers) {
  const value = headers.get("Retry-After");
  if (!value) return 0;
  const seconds = Number(value);
  const now = Date.parse(headers.get("Date") ?? "") || Date.now();
  const asked = Number.isNaN(seconds) ? (Date.parse(value) - now) / 1000 || 0 : seconds;
  return Math.min(Math.max(0, asked), RETRY_AFTER_MAX_S);
}
