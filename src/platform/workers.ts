// The platform of Cloudflare Workers, and its parts that Web standards provide elsewhere.
import type { LogLevel } from "../observe/log-line.ts";
import { pause } from "../base/timeouts.ts";
import { nodeFetch } from "./node-fetch.ts";
import type { Platform } from "./platform.ts";

/** By level, so that the platform's own log shows it. */
const print: Readonly<Record<LogLevel, (text: string) => void>> = {
  info: (text) => console.log(text),
  warn: (text) => console.warn(text),
  error: (text) => console.error(text),
};

/** Accesses the runtime at each use, not when the module is loaded. */
export const workers: Platform = {
  cache: () => caches.default,
  fetch: (url, init) => fetch(url, init),
  nowAtMs: () => Date.now(),
  random: () => Math.random(),
  turn: () => pause(0),
  log: (line) => print[line.level](JSON.stringify(line)),
};

/**
 * Returns the platform of this runtime, without an edge tier if there is no Cache API. A replaced Cache API does not
 * make Node a Worker: there, clients control Cloudflare's fields.
 */
export function platformHere(): Platform {
  const { cache: _, ...withoutCache } = workers;
  const here = globalThis.caches?.default === undefined ? withoutCache : workers;
  return "WebSocketPair" in globalThis ? here : { ...here, fetch: nodeFetch, isServer: true };
}
