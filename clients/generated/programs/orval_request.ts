/** How the client that orval makes sends a request: to the service that is named, with the token. */

import { baseUrl, token } from "./expectations";

export async function request<T>(path: string, options: RequestInit): Promise<T> {
  const headers = new Headers(options.headers);
  headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(new URL(path, baseUrl), { ...options, headers });
  const isJson = /^application\/(problem\+)?json$/.test(response.headers.get("Content-Type") ?? "");
  const data: unknown = isJson ? await response.json() : await response.blob();
  return { data, status: response.status, headers: response.headers } as T;
}
