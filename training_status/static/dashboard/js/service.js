/** Requests to the service: JSON with exact integers, errors with a message for people, and the service's clock. */

import { authorize } from "./connection/authorization.js";
import { giveUp, refusal } from "./connection/service_error.js";
import { parseJson } from "./exact_json.js";

const API = "/api/v1/admin";

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
    const answer = await read(async () => {
      const request = new Request(url, { credentials: "same-origin", cache: "no-store", ...options });
      await authorize(request, this.token);
      return fetch(request);
    }, options.signal);
    const date = answer.headers.get("Date");
    if (date !== null && this.#clockOffsetMs === 0) this.#clockOffsetMs = Date.parse(date) + 500 - Date.now();
    if (answer.ok) return answer;
    throw refusal(answer, problem(await read(() => answer.text(), options.signal)));
  }
}

/** @returns {Record<string, string>} the CSRF header */
function csrfToken() {
  return { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "" };
}

/**
 * Awaits a response, or its body. Throws ServiceError when it is incomplete or not JSON.
 *
 * @template T
 * @param {() => Promise<T>} rest
 * @param {AbortSignal | null} [signal]
 */
function read(rest, signal) {
  return rest().catch((cause) => giveUp(signal, cause));
}

/** The body of an unsuccessful response; null when it is not JSON, as a proxy's error page. @param {string} text */
function problem(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
