// What Cloudflare Workers give, and of that what Web standards give elsewhere.
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

/** Without an edge tier where there is no Cache API of a colo, as on Node. */
export function platformHere(): Platform {
  if (globalThis.caches?.default !== undefined) return workers;
  const { cache: _, ...elsewhere } = workers;
  return elsewhere;
}
