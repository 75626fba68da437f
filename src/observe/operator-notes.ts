// Observations for operators: notes by route, and tags that purges cannot use.
// No decision about a request depends on them.
import { isWithinMs } from "../base/elapsed.ts";
import type { Log } from "./log-line.ts";
import type { Metrics } from "./metrics.ts";
import type { FindingCode } from "../protocol/finding.ts";
import { tagBytesMax } from "../protocol/purge-order.ts";

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

/** The observations of one isolate, by the code of their finding and by route. */
export class RouteNotes {
  readonly #byCode = new Map<FindingCode, Map<string, Notes>>();

  /** @returns whether the observation begins a series */
  note(code: FindingCode, route: string, entries: readonly string[], atMs: number): boolean {
    const byRoute = this.#byCode.get(code) ?? new Map<string, Notes>();
    this.#byCode.set(code, byRoute);
    const before = byRoute.get(route);
    const isRecent = before !== undefined && isWithinMs(keptMs, before.lastAtMs, atMs);
    const kept = isRecent
      ? before
      : { entries: new Set<string>(), sinceAtMs: atMs, lastAtMs: atMs };
    for (const entry of entries) if (kept.entries.size < entriesMax) kept.entries.add(entry);
    kept.lastAtMs = atMs;
    byRoute.set(route, kept);
    return !isRecent;
  }

  /** Returns the observations of the last 15 minutes, by route. */
  recent(code: FindingCode, atMs: number): RouteNote[] {
    return [...(this.#byCode.get(code) ?? [])]
      .filter(([, { lastAtMs }]) => isWithinMs(keptMs, lastAtMs, atMs))
      .map(([route, { entries, sinceAtMs }]) => ({
        route,
        entries: [...entries].toSorted(),
        sinceAtMs,
      }));
  }
}

export interface LeftOutTagsSettings {
  readonly metrics: Pick<Metrics, "add">;
  readonly log: Log;
}

/**
 * Counts tags that are too long, and logs the first such tag. Also logs the first failure of each
 * route's function.
 */
export class LeftOutTags {
  readonly #settings: LeftOutTagsSettings;
  #isSaid = false;
  readonly #saidFailed = new Set<string>();

  constructor(settings: LeftOutTagsSettings) {
    this.#settings = settings;
  }

  /**
   * @param bytes the sizes of one response's tags that are too long
   * @param route the route's name; empty if none matched
   */
  add(bytes: readonly number[], route: string): void {
    const { metrics, log } = this.#settings;
    for (const _ of bytes) metrics.add("tagsLeftOut");
    if (this.#isSaid || bytes[0] === undefined) return;
    this.#isSaid = true;
    const where = route === "" ? "outside of all routes" : `on the route ${JSON.stringify(route)}`;
    const message =
      `A response ${where} has a tag of ${bytes[0]} bytes, and no purge can name it: a tag may have up to ` +
      `${tagBytesMax} bytes. Shorten it. Further such tags are only counted, as tagsLeftOut in /_cache/stats.`;
    log({ event: "tag-too-long", level: "warn", message, route, bytes: bytes[0] });
  }

  /** Logs a route's first failure. Metrics count failures with the other refusals to store. */
  addFailed(route: string): void {
    if (this.#saidFailed.has(route)) return;
    this.#saidFailed.add(route);
    const message =
      `The tags function of the route ${JSON.stringify(route)} threw, or did not return an array of strings. ` +
      "Tidemark sends such pages, but does not store them. Fix the function. Further failures are " +
      "only counted, as tags-failed in /_cache/stats.";
    this.#settings.log({ event: "tags-failed", level: "warn", message, route });
  }
}
