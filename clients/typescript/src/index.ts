/** The public API of the package. */

export { TrainingClient } from "./client.js";
export type { ClientOptions, LogOptions, RequestOptions, StatusOptions } from "./client.js";
export { ServiceError } from "./connection/service_error.js";
export type { Watch, WatchOptions, WatchState } from "./watch.js";
export type { Token } from "./connection/authorization.js";
export type * from "./types.js";
