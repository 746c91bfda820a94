/** Sends requests with the token. Failures throw ServiceError, or the reason of the aborted signal. */

import createClient from "openapi-fetch";
import type { Client } from "openapi-fetch";

import { authorize } from "./connection/authorization.js";
import type { Token } from "./connection/authorization.js";
import { giveUp, refusal } from "./connection/service_error.js";
import type { paths } from "./schema.js";

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
    onRequest: ({ request }) => authorize(request, token),
  });
  return api;
}

type Pending<Data> = Promise<{ data?: Data; error?: unknown; response: Response }>;

/** The data of a successful response. Throws ServiceError, or the signal's reason once it is aborted. */
export async function dataOf<Data>(pending: Pending<Data>, signal?: AbortSignal | null): Promise<Data> {
  await responseOf(pending, signal);
  return (await pending).data as Data;
}

/** A successful response. Throws like `dataOf`. */
export async function responseOf(pending: Pending<unknown>, signal?: AbortSignal | null): Promise<Response> {
  const { error, response } = await pending.catch((cause: unknown) => giveUp(signal, cause));
  if (!response.ok) throw refusal(response, error);
  return response;
}
