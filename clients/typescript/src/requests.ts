/** Sends requests with the token. Failures throw ServiceError, or the reason of the aborted signal. */

import createClient from "openapi-fetch";
import type { Client } from "openapi-fetch";

import type { paths } from "./schema.js";
import { refusal, ServiceError } from "./service_error.js";

/** A bearer token, or a function that is called for one before each request. An empty token is not sent. */
export type Token = string | (() => string | Promise<string>);

export type Api = Client<paths>;

/** The openapi-fetch client of the service at `baseUrl`. */
export function apiOf(
  baseUrl: string,
  token: Token = "",
  fetch: (request: Request) => Promise<Response> = (request) => globalThis.fetch(request),
): Api {
  const api = createClient<paths>({
    baseUrl: baseUrl.replace(/\/+$/, ""),
    cache: "no-store",
    fetch: (request) => fetch(request).catch((cause: unknown) => giveUp(request.signal, cause)),
  });
  api.use({
    async onRequest({ request }) {
      try {
        const value = typeof token === "string" ? token : await token();
        if (value) request.headers.set("Authorization", `Bearer ${value}`);
      } catch (cause) {
        throw new ServiceError("Could not get a token.", { cause });
      }
      return request;
    },
  });
  return api;
}

/** The data of a successful response. Throws ServiceError, or the signal's reason once it is aborted. */
export async function dataOf<Data>(
  pending: Promise<{ data?: Data; error?: unknown; response: Response }>,
  signal?: AbortSignal | null,
): Promise<Data> {
  const { data, error, response } = await pending.catch((cause: unknown) => giveUp(signal, cause));
  if (!response.ok) throw refusal(response, error);
  return data as Data;
}

/** Throws the error of a failed request. */
export function giveUp(signal: AbortSignal | null | undefined, cause: unknown): never {
  signal?.throwIfAborted();
  throw cause instanceof ServiceError ? cause : new ServiceError("The service cannot be reached.", { cause });
}
