// Computes the origin requests of a cache in each colo for a trace: the cache sorts no parameters,
// learns of no purges, evicts nothing, and its responses take no time.
import { coloCount, pageAt, type Trace, withoutTracking } from "./trace.ts";

interface CacheKind {
  /** Whether tracking parameters are no part of the key. */
  readonly strips?: boolean;
  /** Whether a miss of a colo asks one more cache, which asks the origin. */
  readonly isTiered?: boolean;
}

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

export function compute(
  { pages, events }: Trace,
  { strips = false, isTiered = false }: CacheKind = {},
): Computed {
  const caches = Array.from({ length: coloCount }, () => new Map<string, Kept>());
  const upper = isTiered ? new Map<string, Kept>() : undefined;
  const versions = pages.map(() => 1);
  let [originRequests, unchangedBytes, bytes] = [0, 0, 0];
  for (const event of events) {
    if (event.kind === "edit") {
      for (const number of event.pages) versions[number] = (versions[number] ?? 1) + 1;
      continue;
    }
    const page = pageAt(pages, event.page);
    const key = strips ? withoutTracking(event.target) : event.target;
    const isFresh = (kept: Kept | undefined) =>
      kept !== undefined && event.atMs - kept.atMs < page.lifetimeSeconds * 1_000;
    const own = caches[event.colo];
    if (isFresh(own?.get(key))) continue;
    const kept = (upper ?? own)?.get(key);
    if (upper !== undefined && kept !== undefined && isFresh(kept)) {
      own?.set(key, kept);
      continue;
    }
    originRequests += 1;
    const version = versions[event.page] ?? 1;
    if (kept?.version === version) unchangedBytes += page.bodyBytes;
    else bytes += page.bodyBytes;
    for (const cache of [own, upper]) cache?.set(key, { version, atMs: event.atMs });
  }
  return { originRequests, bytes, unchangedBytes };
}
