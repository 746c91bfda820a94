/**
 * Asking the service: JSON over fetch, whose long numbers stay exact, errors as sentences, and the service's clock.
 *
 * @typedef {import("./types.js").Problem} Problem
 */

import { parseJson } from "./exact_json.js";

const API = "/api/v1/admin";
const UNREACHABLE = "The service cannot be reached.";

/** What went wrong with a request: the service's own sentence, or ours when it could not be reached. */
export class ServiceError extends Error {
  /**
   * @param {string} detail a sentence for people
   * @param {number} status the HTTP status; 0 when there was no answer
   * @param {number} retryAfterS seconds after which it may be tried again
   */
  constructor(detail, status, retryAfterS = 0) {
    super(detail);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }

  /** Whether asking again cannot help: who asks, or what is asked for, has to be another. */
  get isFinal() {
    return [401, 403, 404, 422].includes(this.status);
  }
}

export class Service {
  #clockOffsetMs = 0;

  /**
   * @param {string} base where the service is, such as `https://status.example`, also under a path; without a host for
   *   the page's own, with its session
   * @param {() => string} token the bearer token to send; empty: none
   */
  constructor(base = "", token = () => "") {
    this.base = base.replace(/\/+$/, "");
    this.token = token;
  }

  /** Whether it is asked with the session of this very page. */
  get hasSession() {
    return !/^([a-z]+:)?\/\//i.test(this.base) && this.token() === "";
  }

  /** The time by the service's clock: whatever this computer's clock says, countdowns and ages are true. */
  now() {
    return Date.now() + this.#clockOffsetMs;
  }

  /** @param {string} timestamp a time that the service has just stamped on something */
  learnClock(timestamp) {
    const offset = Date.parse(timestamp) - Date.now();
    const known = this.#clockOffsetMs;
    // A time that has travelled is late, never early: the largest offset seen is the nearest to the truth.
    if (known === 0 || offset > known || Math.abs(offset - known) > 5000) this.#clockOffsetMs = offset;
  }

  /**
   * @param {string} path below the API, such as `/domains/medical/training-status`
   * @param {Record<string, string | number | readonly string[] | null | undefined>} [query] left out where empty
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
   * GET, and the JSON of the answer. Throws ServiceError.
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

  /** GET, and the file that the answer is. Throws ServiceError. @param {string} url */
  async file(url) {
    const answer = await this.ask(url, {});
    return read(() => answer.blob());
  }

  /**
   * POST without a body, with the page's CSRF token. Throws ServiceError.
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
   * PATCH with a JSON body and the page's CSRF token. Throws ServiceError.
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
   * The answer, when it is a good one. Throws ServiceError.
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

/** @returns {Record<string, string>} the header that says that it is our own page which asks */
function csrfToken() {
  return { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "" };
}

/**
 * The rest of an answer, which may break off, or be a proxy's page. Throws ServiceError.
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
    // It is not the service that has answered: what there is to say is said below.
  }
  return `The service responded with status ${answer.status}.`;
}
