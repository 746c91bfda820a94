/**
 * Requests to the service: JSON with exact integers, errors with a message for people, and the service's clock.
 *
 * @typedef {import("./types.js").Problem} Problem
 */

import { parseJson } from "./exact_json.js";

const API = "/api/v1/admin";
const UNREACHABLE = "The service cannot be reached.";

/** A failed request, with the `detail` of the service's problem response, or a message of ours without a response. */
export class ServiceError extends Error {
  /**
   * @param {string} detail a sentence for people
   * @param {number} status the HTTP status; 0 without a response
   * @param {number} retryAfterS seconds to wait before a retry
   */
  constructor(detail, status, retryAfterS = 0) {
    super(detail);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }

  /** Whether a retry cannot succeed without other credentials or another URL. */
  get isFinal() {
    return [401, 403, 404, 422].includes(this.status);
  }
}

export class Service {
  #clockOffsetMs = 0;

  /**
   * @param {string} base URL of the service, such as `https://status.example`, with its path prefix; without a host for
   *   the page's own origin, with the session
   * @param {() => string} token the bearer token to send; empty: none
   */
  constructor(base = "", token = () => "") {
    this.base = base.replace(/\/+$/, "");
    this.token = token;
  }

  /** Whether requests use the session of the page. */
  get hasSession() {
    return !/^([a-z]+:)?\/\//i.test(this.base) && this.token() === "";
  }

  /** The current time by the service's clock, so that countdowns and ages do not depend on the local clock. */
  now() {
    return Date.now() + this.#clockOffsetMs;
  }

  /** @param {string} timestamp a time that the service has just written */
  learnClock(timestamp) {
    const offset = Date.parse(timestamp) - Date.now();
    const known = this.#clockOffsetMs;
    // Network latency only makes timestamps older, so the largest offset is the most accurate.
    if (known === 0 || offset > known || Math.abs(offset - known) > 5000) this.#clockOffsetMs = offset;
  }

  /**
   * @param {string} path below the API, such as `/domains/medical/training-status`
   * @param {Record<string, string | number | readonly string[] | null | undefined>} [query] empty values are omitted
   */
  address(path, query = {}) {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value === null || value === undefined || value === "") continue;
      for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
    }
    const text = parameters.toString();
    return this.base + API + path + (text ? `?${text}` : "");
  }

  /**
   * Sends GET and returns the JSON of the response. Throws ServiceError.
   *
   * @template T
   * @param {string} url from `address`
   * @param {AbortSignal} [signal]
   * @returns {Promise<T>}
   */
  async get(url, signal) {
    const answer = await this.ask(url, signal ? { signal } : {});
    return read(async () => parseJson(await answer.text()), signal);
  }

  /** Sends GET and returns the response as a Blob. Throws ServiceError. @param {string} url */
  async file(url) {
    const answer = await this.ask(url, {});
    return read(() => answer.blob());
  }

  /**
   * Sends POST without a body, with the page's CSRF token. Throws ServiceError.
   *
   * @template T
   * @param {string} url from `address`
   * @returns {Promise<T>}
   */
  async post(url) {
    const answer = await this.ask(url, { method: "POST", headers: csrfToken() });
    return read(async () => parseJson(await answer.text()));
  }

  /**
   * Sends PATCH with a JSON body and the page's CSRF token. Throws ServiceError.
   *
   * @template T
   * @param {string} url from `address`
   * @param {object} body
   * @returns {Promise<T>}
   */
  async patch(url, body) {
    const headers = { ...csrfToken(), "Content-Type": "application/json" };
    const answer = await this.ask(url, { method: "PATCH", headers, body: JSON.stringify(body) });
    return read(async () => parseJson(await answer.text()));
  }

  /**
   * Sends a request and returns a successful response. Throws ServiceError.
   *
   * @param {string} url
   * @param {RequestInit & {headers?: Record<string, string>}} options
   */
  async ask(url, options) {
    const token = this.token();
    const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    let answer;
    try {
      answer = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options, headers });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ServiceError(UNREACHABLE, 0);
    }
    const date = answer.headers.get("Date");
    if (date !== null && this.#clockOffsetMs === 0) this.#clockOffsetMs = Date.parse(date) + 500 - Date.now();
    if (answer.ok) return answer;
    const retryAfterS = Number(answer.headers.get("Retry-After") ?? 0) || 0;
    throw new ServiceError(await sentence(answer), answer.status, retryAfterS);
  }
}

/** @returns {Record<string, string>} the CSRF header */
function csrfToken() {
  return { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "" };
}

/**
 * Reads the body of a response. Throws ServiceError when it is incomplete or not JSON.
 *
 * @template T
 * @param {() => Promise<T>} rest
 * @param {AbortSignal} [signal]
 */
async function read(rest, signal) {
  try {
    return await rest();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServiceError(UNREACHABLE, 0);
  }
}

/** @param {Response} answer */
async function sentence(answer) {
  try {
    const { detail } = /** @type {Partial<Problem>} */ (await answer.json());
    if (detail) return detail;
  } catch {
    // Not a problem response of the service, for example a proxy's error page.
  }
  return `The service responded with status ${answer.status}.`;
}
