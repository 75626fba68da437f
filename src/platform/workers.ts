// What Cloudflare Workers give.
import { pause } from "../patience.ts";
import type { Platform } from "./platform.ts";

/** Asks the runtime at each use, never when it is loaded. */
export const workers: Platform = {
  cache: () => caches.default,
  fetch: (url, init) => fetch(url, init),
  nowAtMs: () => Date.now(),
  random: () => Math.random(),
  turn: () => pause(0),
  log: (line) => console.error(line),
};
