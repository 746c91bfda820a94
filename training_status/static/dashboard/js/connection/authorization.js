/**
 * The credentials of requests.
 *
 * @typedef {string | (() => string | Promise<string>)} Token a bearer token, or a function that is called for one before
 *   each request. An empty token is not sent
 */

import { ServiceError } from "./service_error.js";

/** Adds the token to the request. Throws ServiceError when there is none to be had. @param {Request} request @param {Token} token */
export async function authorize(request, token) {
  try {
    const value = typeof token === "string" ? token : await token();
    if (value) request.headers.set("Authorization", `Bearer ${value}`);
  } catch (cause) {
    throw new ServiceError("Could not get a token.", { cause });
  }
}
