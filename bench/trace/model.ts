// Computes the origin requests of a plain cache in each colo for a trace: the cache strips and sorts
// no parameters, learns of no purges, evicts nothing, and its responses take no time.
import { coloCount, pageAt, type Trace } from "./trace.ts";

interface Computed {
  readonly originRequests: number;
  /** The bytes of all bodies, if the origin sends a 304 whenever possible. */
  readonly bytes: number;
  /**
   * The additional bytes if the cache never validates, so that the origin sends these bodies again.
   */
  readonly unchangedBytes: number;
}

interface Kept {
  readonly version: number;
  readonly atMs: number;
}

export function compute({ pages, events }: Trace): Computed {
  const caches = Array.from({ length: coloCount }, () => new Map<string, Kept>());
  const versions = pages.map(() => 1);
  let [originRequests, unchangedBytes, bytes] = [0, 0, 0];
  for (const event of events) {
    if (event.kind === "edit") {
      for (const number of event.pages) versions[number] = (versions[number] ?? 1) + 1;
      continue;
    }
    const page = pageAt(pages, event.page);
    const cache = caches[event.colo];
    const kept = cache?.get(event.target);
    if (kept !== undefined && event.atMs - kept.atMs < page.lifetimeSeconds * 1_000) continue;
    originRequests += 1;
    const version = versions[event.page] ?? 1;
    if (kept?.version === version) unchangedBytes += page.bodyBytes;
    else bytes += page.bodyBytes;
    cache?.set(event.target, { version, atMs: event.atMs });
  }
  return { originRequests, bytes, unchangedBytes };
}
