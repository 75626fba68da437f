// Plays one point: a site with a number of colos, a request rate and a mix of stores. Counts what
// the stores and the origin receive in a window of simulated time.
import type { WrittenRoute } from "../../src/config/written-route.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { boundsMs } from "../../src/observe/histogram.ts";
import type { Sums } from "../../src/observe/sums.ts";
import { Draws } from "../../testing/draws.ts";
import { countsIn, type PlayedIsolate, PlayedSite } from "./played-site.ts";
import { PlayedTime } from "./played-time.ts";
import { sampledPages } from "./sample.ts";
import { type MixName, openStores, type StoreCalls } from "./stores.ts";
import { type OtherPurges, Traffic } from "./traffic.ts";

export interface PointSettings {
  readonly mix: MixName;
  readonly colos: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
  readonly pageCount: number;
  /** About how many requests to play. It decides how many pages are sampled. */
  readonly playedCount: number;
  readonly isolateRequestsPerSecond: number;
  readonly isolateLifeMinutes: number;
  readonly editsPerSecond: number;
  readonly maxLagSeconds: number;
  readonly clockAllowanceSeconds: number;
  /** The number of objects that store records. */
  readonly objects: number;
  /** The options of the only route. */
  readonly route: Omit<WrittenRoute, "name" | "match">;
  readonly otherPurges?: OtherPurges;
  readonly tagsAPage?: number;
  readonly bodyBytes?: number;
  /** Routes before that of all pages, which match none. Default: 0. */
  readonly otherRoutes?: number;
  /** The duration of each call of a store. Default: 0. */
  readonly roundTripMs?: number;
  /** The seconds that are counted. Default: by the rate. */
  readonly windowSeconds?: number;
  readonly isWhole?: boolean;
  /** The number of sampled pages, in place of one from `playedCount`. */
  readonly sampleCount?: number;
}

/** The counts of a point, for the whole site and per second. */
export interface Counted {
  readonly settings: PointSettings;
  readonly isolates: number;
  readonly sampleCount: number;
  readonly playedCount: number;
  readonly windowSeconds: number;
  readonly originPerSecond: number;
  /** Reads of the shared tier, and those that found a record. */
  readonly lookUpsPerSecond: number;
  readonly foundPerSecond: number;
  readonly writesPerSecond: number;
  /** The rows that objects write for records, without those of deletions. */
  readonly rowsPerSecond: number;
  /** Redis commands, by purpose, without those that depend on time alone. */
  readonly redisPerSecond: Readonly<Record<string, number>>;
  readonly journalReadsPerSecond: number;
  /** Redis commands, or calls of the journal's object, by purpose, without `epochReadsPerSecond`. */
  readonly journalPerSecond: Readonly<Record<string, number>>;
  /** Reads of epochs, and first reads of the journal. */
  readonly epochReadsPerSecond: number;
  /** The times from purges until other isolates had read them, in milliseconds, at most: median and 99th percentile. */
  readonly lagMs: { readonly median: number; readonly p99: number };
  readonly purgesPerSecond: number;
  /** The requests of all objects that store records. */
  readonly recordObjectsPerSecond: number;
  readonly troubles: readonly string[];
}

const warmUpSeconds = 60;
/** The time after which all colos see a write to the shared tier. */
const visibleAfterMs = 200;

/** Returns the seconds that are counted: long enough for the purges and expiries of a rare page. */
function windowSecondsOf(requestsPerSecond: number): number {
  if (requestsPerSecond < 100) return 1_800;
  return requestsPerSecond < 5_000 ? 900 : 300;
}

export async function played(settings: PointSettings): Promise<Counted> {
  const time = new PlayedTime();
  return time.keeping(() => new Point(settings, time).run());
}

class Point {
  readonly #settings: PointSettings;
  readonly #time: PlayedTime;
  readonly #windowSeconds: number;
  readonly #isolatesAColo: number;
  readonly #watchedColos: number;

  constructor(settings: PointSettings, time: PlayedTime) {
    const { colos, requestsPerSecond, isolateRequestsPerSecond } = settings;
    this.#settings = settings;
    this.#time = time;
    this.#windowSeconds = settings.windowSeconds ?? windowSecondsOf(requestsPerSecond);
    const isolates = requestsPerSecond / colos / isolateRequestsPerSecond;
    this.#isolatesAColo = Math.max(1, Math.round(isolates));
    this.#watchedColos = Math.min(colos, Math.max(1, Math.round(12 / this.#isolatesAColo)));
  }

  get #sampleCount(): number {
    const { pageCount, playedCount, sampleCount, requestsPerSecond, colos } = this.#settings;
    if (sampleCount !== undefined) return sampleCount;
    const slots = colos * this.#isolatesAColo;
    // A page is played in an isolate at most as often as its lifetime and its requests allow.
    const oftenest = 0.007 * slots * pageCount;
    const seconds = warmUpSeconds + this.#windowSeconds;
    const all = Math.min(requestsPerSecond, oftenest) * seconds;
    const tens = Math.round((pageCount * playedCount) / all / 10);
    return Math.min(pageCount, 10 * Math.max(requestsPerSecond > 50_000 ? 1 : 2, tens));
  }

  async run(): Promise<Counted> {
    const settings = this.#settings;
    const { mix, pageCount, maxLagSeconds, clockAllowanceSeconds, objects, route } = settings;
    const time = this.#time;
    const draws = new Draws(settings.seed);
    const sampleCount = this.#sampleCount;
    const stores = openStores(mix, time, objects, settings.roundTripMs);
    const { tagsAPage, bodyBytes, otherRoutes } = settings;
    const pages = sampledPages({ pageCount, sampleCount, tagsAPage, bodyBytes }, draws.fork());
    const config: WrittenConfig = {
      metrics: "off",
      purge: { maxLagSeconds, clockAllowanceSeconds },
      routes: [...routesBefore(otherRoutes), { name: "all", match: "*", ...route }],
    };
    const site = new PlayedSite({ time, stores, draws: draws.fork(), config, pages });
    const { colos: coloCount, requestsPerSecond, editsPerSecond, isWhole = false } = settings;
    const traffic = new Traffic({
      site,
      time,
      pages,
      pageCount,
      coloCount,
      requestsPerSecond,
      editsPerSecond,
      otherPurges: settings.otherPurges ?? { perSecond: 0, isolates: 1 },
      isWhole,
      draws: draws.fork(),
      isolatesAColo: this.#isolatesAColo,
      isolateLifeMs: settings.isolateLifeMinutes * 60_000,
      watchedColos: this.#watchedColos,
      viewAgeMs: 0.35 * (maxLagSeconds - clockAllowanceSeconds) * 1_000,
      visibleAfterMs,
    });
    traffic.begin();
    await time.passTo(time.atMs + visibleAfterMs + warmUpSeconds * 1_000);
    const { watched, others } = traffic.started;
    [...watched, ...others].forEach((isolate) => isolate.taken());
    const before = { calls: stores.calls(), origin: site.originRequests };
    await time.passTo(time.atMs + this.#windowSeconds * 1_000);
    const after = { calls: stores.calls(), origin: site.originRequests };
    return this.#counted({ before, after, watched, others, sampleCount, traffic, site });
  }

  #counted(of: {
    before: { calls: StoreCalls; origin: number };
    after: { calls: StoreCalls; origin: number };
    watched: readonly PlayedIsolate[];
    others: readonly PlayedIsolate[];
    sampleCount: number;
    traffic: Traffic;
    site: PlayedSite;
  }): Counted {
    const { before, after, watched, others, sampleCount } = of;
    const { pageCount, colos, editsPerSecond } = this.#settings;
    const windowSeconds = this.#windowSeconds;
    const sums = (isolates: readonly PlayedIsolate[]): Sums[] => isolates.map((one) => one.taken());
    const [inWatched, elsewhere] = [sums(watched), sums(others)];
    const all = countsIn([...inWatched, ...elsewhere]);
    const ofPages = pageCount / sampleCount / windowSeconds;
    const journal = countsOfJournal(inWatched);
    const epochReads = after.calls.epochReads - before.calls.epochReads;
    const ofTime = colos / this.#watchedColos / windowSeconds;
    const perSecond = Object.entries(all.redisCommands).map(
      ([purpose, count = 0]) => [purpose, count * ofPages] as const,
    );
    const { shared = {} } = all.reads;
    const writes = all.writes["shared"] ?? {};
    const objectCalls = after.calls.recordObjects.map(
      (count, nth) => count - (before.calls.recordObjects[nth] ?? 0),
    );
    const objectSum = objectCalls.reduce((sum, count) => sum + count, 0);
    return {
      settings: this.#settings,
      isolates: colos * this.#isolatesAColo,
      sampleCount,
      playedCount: of.traffic.playedCount,
      windowSeconds,
      originPerSecond: (after.origin - before.origin) * ofPages,
      lookUpsPerSecond: ((shared["found"] ?? 0) + (shared["absent"] ?? 0)) * ofPages,
      foundPerSecond: (shared["found"] ?? 0) * ofPages,
      writesPerSecond: (writes["kept"] ?? 0) * ofPages,
      rowsPerSecond: (after.calls.recordRows - before.calls.recordRows) * ofPages,
      redisPerSecond: Object.fromEntries(perSecond),
      journalReadsPerSecond: (journal["journal read"] ?? 0) * ofTime,
      journalPerSecond: Object.fromEntries(
        Object.entries(journal).map(([purpose, count]) => [
          purpose,
          // Each colo reads, but an entry is appended only once.
          purpose === "journal read" ? (count - epochReads) * ofTime : count / windowSeconds,
        ]),
      ),
      epochReadsPerSecond: epochReads * ofPages,
      lagMs: lagsIn(inWatched, this.#settings.otherPurges?.isolates ?? 0),
      purgesPerSecond: editsPerSecond + (this.#settings.otherPurges?.perSecond ?? 0),
      recordObjectsPerSecond: objectSum * ofPages,
      troubles: of.site.troubles,
    };
  }
}

/**
 * Returns the upper bounds of the buckets with the median and the 99th percentile of the times in which colos have
 * read purges. Omits the first colos, which accept the purges.
 */
function lagsIn(sums: readonly Sums[], acceptingColos: number): Counted["lagMs"] {
  const counts = boundsMs.map(() => 0);
  for (const [series, count] of sums.flatMap((each) => [...each])) {
    const [, colo, bucket] = /^purgeSpread\|colo-(\d+)\|b(\d+)$/.exec(series) ?? [];
    if (Number(colo) > acceptingColos) counts[Number(bucket)]! += count;
  }
  const all = counts.reduce((sum, count) => sum + count, 0);
  const boundOf = (share: number) => {
    let seen = 0;
    return boundsMs[counts.findIndex((count) => (seen += count) >= share * all)] ?? 0;
  };
  return all === 0 ? { median: 0, p99: 0 } : { median: boundOf(0.5), p99: boundOf(0.99) };
}

/** Returns routes that match no page of a played site. */
export function routesBefore(count = 0): WrittenRoute[] {
  return Array.from({ length: count }, (_, nth) => ({ name: `r${nth}`, match: `/r${nth}/:id/*` }));
}

/** Returns the counts of the journal by purpose: Redis commands, and calls of its object. */
function countsOfJournal(sums: readonly Sums[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of sums) {
    for (const [series, count] of each) {
      const [family, purpose = ""] = series.split("|");
      if (family !== "redisCommands" && family !== "objectCalls") continue;
      if (/^(?:journal|purge)/.test(purpose)) counts[purpose] = (counts[purpose] ?? 0) + count;
    }
  }
  return counts;
}
