// Answers Prometheus from the counts of one process, which has no `/_cache/metrics` of a Worker.
import { knownData } from "../../compose/data-beside-pages.ts";
import type { Gauges } from "../../observe/reports/report-entry.ts";
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

/**
 * Returns a handler that answers a scrape with the counts of this process since its start, and with
 * the state of its database, which costs one `INFO`. The metrics are those of `/_cache/metrics`. The
 * handler checks no credentials. A scrape does not count as the first use of the cache.
 *
 * @returns text format 0.0.4; never rejects
 * @throws OperatorError for an object that `createDataCache` did not create
 * @example
 * app.get("/metrics", prometheus(cache));
 */
export function prometheus(cache: DataCache): () => Promise<Response> {
  const { core: coreOf, settings } = knownData(cache);
  const { platform, config } = settings;
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
    return scrapeAnswer({ totals, build, info: await scrapedInfo(core?.redis) });
  };
}
