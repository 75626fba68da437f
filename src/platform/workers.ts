// What Cloudflare Workers give, and of that what Web standards give elsewhere.
import type { LogLevel } from "../observe/log-line.ts";
import { pause } from "../patience.ts";
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

/** Without an edge tier where there is no Cache API of a colo, as on Node. */
export function platformHere(): Platform {
  if (globalThis.caches?.default !== undefined) return workers;
  const { cache: _, ...elsewhere } = workers;
  return elsewhere;
}
