// Answers Prometheus from the counts of one process, which has no `/_cache/metrics` of a Worker.
import { knownData } from "../../compose/data-beside-pages.ts";
import type { Gauges } from "../../observe/reports/totals.ts";
import { scrapeAnswer, scrapedInfo } from "../../observe/reports/scrape.ts";
import { version } from "../../version.ts";
import type { DataCache } from "../create-data-cache.ts";

/** The gauges before the first use of the cache. */
const unused: Gauges = {
  lagMs: null,
  lagWorstMs: null,
  viewAgeMs: null,
  memoryBytes: 0,
  memoryRecords: 0,
};

/** How long scrapes share an answer to `INFO`. */
const infoSharedMs = 15_000;

/**
 * Returns a handler that answers a scrape with the counts of this process since its start, and with
 * the state of its database, which costs at most one `INFO` in 15 seconds. The metrics are those of
 * `/_cache/metrics`. The handler checks no credentials. A scrape does not count as the first use of
 * the cache.
 *
 * @returns text format 0.0.4; never rejects
 * @throws OperatorError for an object that `createDataCache` did not create
 * @example
 * const scrape = prometheus(cache);
 * const answer = isAllowed(request) ? await scrape() : new Response(null, { status: 404 });
 */
export function prometheus(cache: DataCache): () => Promise<Response> {
  const { core: coreOf, settings } = knownData(cache);
  const { platform, config } = settings;
  let shared: { readonly atMs: number; readonly info: ReturnType<typeof scrapedInfo> } | undefined;
  const infoOf = (redis: Parameters<typeof scrapedInfo>[0] | undefined, atMs: number) => {
    if (redis === undefined) return undefined;
    // The clock may be set back.
    if (shared === undefined || Math.abs(atMs - shared.atMs) >= infoSharedMs) {
      shared = { atMs, info: scrapedInfo(redis) };
    }
    return shared.info;
  };
  return async () => {
    const core = coreOf();
    const atMs = platform.nowAtMs();
    const state = { atMs, ...(core?.gauges.at(atMs) ?? unused) };
    const totals = {
      startedAtMs: core?.metrics.sinceAtMs ?? atMs,
      sums: core?.metrics.sums() ?? new Map(),
      colos: new Map([[core?.metrics.colo ?? "", state]]),
      windows: [],
    };
    const build = { version, purgeBoundSeconds: config.purge.visibleWithinSeconds };
    return scrapeAnswer({ totals, build, info: await infoOf(core?.redis, atMs) });
  };
}
