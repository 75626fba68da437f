// What Cloudflare Workers give, and of that what Web standards give elsewhere.
import type { LogLevel } from "../observe/log-line.ts";
import { pause } from "../base/patience.ts";
import { nodeFetch } from "./node-fetch.ts";
import type { Platform } from "./platform.ts";

/** By the name that a platform's own log shows as the level. */
const print: Readonly<Record<LogLevel, (text: string) => void>> = {
  info: (text) => console.log(text),
  warn: (text) => console.warn(text),
  error: (text) => console.error(text),
};

/** Asks the runtime at each use, never when it is loaded. */
export const workers: Platform = {
  cache: () => caches.default,
  fetch: (url, init) => fetch(url, init),
  nowAtMs: () => Date.now(),
  random: () => Math.random(),
  turn: () => pause(0),
  log: (line) => print[line.level](JSON.stringify(line)),
};

/**
 * The platform of this runtime. Without a colo's Cache API there is no edge tier. What a program on Node
 * may put in that API's place makes it no Worker: there, Cloudflare's fields are the client's words.
 */
export function platformHere(): Platform {
  const { cache: _, ...withoutCache } = workers;
  const here = globalThis.caches?.default === undefined ? withoutCache : workers;
  return "WebSocketPair" in globalThis ? here : { ...here, fetch: nodeFetch, isServer: true };
}
