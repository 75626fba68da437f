// The platform of Cloudflare Workers, and the subset of it that other runtimes provide.
import { isOnWorkers } from "../base/node-globals.ts";
import { OperatorError } from "../base/operator-error.ts";
import type { LogLevel } from "../observe/log-line.ts";
import { pause } from "../base/timeouts.ts";
import { ProvenCache } from "./proven-cache.ts";
import type { HostPlatform, Platform } from "./platform.ts";

/** Prints each line at its level, which the platform's log shows. */
const print: Readonly<Record<LogLevel, (text: string) => void>> = {
  info: (text) => console.log(text),
  warn: (text) => console.warn(text),
  error: (text) => console.error(text),
};

const colo = new ProvenCache({
  cache: () => caches.default,
  nowAtMs: () => Date.now(),
  onNothingStored: () =>
    workers.log({
      event: "cache-api",
      level: "warn",
      message:
        "Edge tier: The Cache API accepts responses, and finds none of them again: this isolate stops using it. Health names the causes.",
      kind: "stores-nothing",
    }),
});

/** The Workers runtime, accessed at each use rather than when the module is loaded. */
const workers: Platform = {
  cache: () => colo,
  fetch: (url, init) => fetch(url, init),
  nowAtMs: () => Date.now(),
  random: () => Math.random(),
  turn: () => pause(0),
  log: (line) => print[line.level](JSON.stringify(line)),
};

/**
 * Returns the platform of this runtime. Node is a server even if an application defines a Cache API
 * there, because clients control the `CF-*` fields.
 */
export function platformHere(): HostPlatform {
  const here = platformOfData();
  return isOnWorkers() ? here : { ...here, fetch: undefined, isServer: true };
}

/** Returns the platform of a cache that sends no requests; without an edge tier if there is no Cache API. */
export function platformOfData(): Platform {
  refuseOldDate();
  const { cache, ...withoutCache } = workers;
  return {
    ...withoutCache,
    ...(globalThis.caches?.default !== undefined && { cache }),
    ...(!isOnWorkers() && { aheadMs: () => Date.now() - performance.now() }),
  };
}

/**
 * Refuses a runtime whose `fetch` throws for `cache: "no-store"`, which requests to origins and to Redis have. Called
 * when the main module is evaluated, so that Cloudflare refuses the upload.
 *
 * @throws OperatorError on Workers with an old compatibility date
 */
export function refuseOldDate(): void {
  if (!isOnWorkers() || "cache" in Request.prototype) return;
  throw new OperatorError({
    what: "The Worker does not start.",
    why: 'Its compatibility date is before 2024-11-11: fetch refuses cache: "no-store".',
    hint: 'Set compatibility_date to "2024-11-11" or later.',
  });
}
