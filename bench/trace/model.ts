// Computes the origin requests of an ideal cache for a trace. In an ideal cache, responses take no
// time, nothing is evicted, and purges apply at once.
import { coloCount, pageAt, type Trace, type Visit } from "./trace.ts";

export interface Modelled {
  readonly isShared: boolean;
  readonly strips: boolean;
  readonly sorts: boolean;
  readonly knowsPurges: boolean;
}

export type Cause = "first" | "expired" | "purged";

export interface Computed {
  readonly originRequests: number;
  /** Requests that the origin could answer with a 304. */
  readonly unchanged: number;
  /** The bytes of all bodies, if the origin sends a 304 whenever possible. */
  readonly bytes: number;
  /**
   * The additional bytes if the cache never validates, so that the origin sends these bodies again.
   */
  readonly unchangedBytes: number;
  readonly byCause: Readonly<Record<Cause, number>>;
}

interface Kept {
  version: number;
  atMs: number;
  isPurged: boolean;
}

export function compute({ pages, events }: Trace, modelled: Modelled): Computed {
  const caches = Array.from(
    { length: modelled.isShared ? 1 : coloCount },
    () => new Map<string, Kept>(),
  );
  const keysOfPage = new Map<number, Set<string>>();
  const versions = pages.map(() => 1);
  const byCause = { first: 0, expired: 0, purged: 0 };
  let [unchanged, unchangedBytes, bytes] = [0, 0, 0];
  for (const event of events) {
    if (event.kind === "edit") {
      for (const number of event.pages) {
        versions[number] = (versions[number] ?? 1) + 1;
        if (modelled.knowsPurges) forget(caches, keysOfPage.get(number));
      }
      continue;
    }
    const cache = caches[modelled.isShared ? 0 : event.colo] ?? new Map<string, Kept>();
    const page = pageAt(pages, event.page);
    const key = keyOf(event, modelled, page.path + page.query);
    const kept = cache.get(key);
    const cause = causeOf(kept, event.atMs, page.lifetimeSeconds);
    if (cause === undefined) continue;
    byCause[cause] += 1;
    const version = versions[event.page] ?? 1;
    if (kept?.version === version) {
      unchanged += 1;
      unchangedBytes += page.bodyBytes;
    } else bytes += page.bodyBytes;
    cache.set(key, { version, atMs: event.atMs, isPurged: false });
    keysOfPage.set(event.page, (keysOfPage.get(event.page) ?? new Set()).add(key));
  }
  const originRequests = byCause.first + byCause.expired + byCause.purged;
  return { originRequests, unchanged, bytes, unchangedBytes, byCause };
}

function causeOf(kept: Kept | undefined, atMs: number, lifetimeSeconds: number): Cause | undefined {
  if (kept === undefined) return "first";
  if (atMs - kept.atMs >= lifetimeSeconds * 1_000) return "expired";
  return kept.isPurged ? "purged" : undefined;
}

function keyOf(visit: Visit, { strips, sorts }: Modelled, sorted: string): string {
  const asked = strips ? visit.withoutTracking : visit.target;
  if (!sorts) return asked;
  return sorted + asked.slice(sorted.length);
}

function forget(caches: readonly Map<string, Kept>[], keys: Iterable<string> = []): void {
  for (const key of keys) {
    for (const cache of caches) {
      const kept = cache.get(key);
      if (kept !== undefined) kept.isPurged = true;
    }
  }
}
