// Remembers recent observations about the requests of each route, for the health report.
import { isWithinMs } from "../../base/elapsed.ts";

/** The recent observations about one route. Instants are in epoch milliseconds. */
export interface RouteNote {
  /** The route's name; empty if none matched. */
  readonly route: string;
  /** The sorted texts of the observations. */
  readonly entries: readonly string[];
  /** The first of a series of observations with gaps below 15 minutes. */
  readonly sinceAtMs: number;
}

/** The time for which an observation is reported. */
const keptMs = 15 * 60_000;
/** The maximum number of entries of a route, because clients can cause some of them. */
const entriesMax = 64;

interface Notes {
  readonly entries: Set<string>;
  readonly sinceAtMs: number;
  lastAtMs: number;
}

/** The observations of one isolate. */
export class RouteNotes {
  readonly #byRoute = new Map<string, Notes>();

  note(route: string, entries: readonly string[], atMs: number): void {
    const before = this.#byRoute.get(route);
    const isRecent = before !== undefined && isWithinMs(keptMs, before.lastAtMs, atMs);
    const kept = isRecent
      ? before
      : { entries: new Set<string>(), sinceAtMs: atMs, lastAtMs: atMs };
    for (const entry of entries) if (kept.entries.size < entriesMax) kept.entries.add(entry);
    kept.lastAtMs = atMs;
    this.#byRoute.set(route, kept);
  }

  /** Returns the observations of the last 15 minutes, by route. */
  recent(atMs: number): RouteNote[] {
    return [...this.#byRoute]
      .filter(([, { lastAtMs }]) => isWithinMs(keptMs, lastAtMs, atMs))
      .map(([route, { entries, sinceAtMs }]) => ({
        route,
        entries: [...entries].toSorted(),
        sinceAtMs,
      }));
  }
}
