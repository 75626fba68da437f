// GET /_cache/stats: the counts, contents and troubles of one isolate.
import { snapshotOf } from "../../observe/snapshot.ts";
import { whyOf } from "../../remote/trouble.ts";
import type { RemoteHealth } from "../../remote/store-health.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { isoOf } from "../../base/iso-date.ts";
import { isFault } from "../../base/operator-error.ts";
import { acceptedAtMs } from "../../purge/journal/entry.ts";
import type { JournalExtent, Unavailable } from "../../purge/journal/journal.ts";
import type { JournalView } from "../../purge/view/journal-view.ts";
import { version } from "../../version.ts";
import type { PartHost } from "../../admin/part-contents.ts";
import { jsonAnswer } from "../../admin/json-answers.ts";

/**
 * Answers `GET /_cache/stats` with the state of only this isolate, except for the extent of the
 * shared journal.
 *
 * @param colo the colo that received the request
 */
export async function statsRoute(
  { environment, cache, site, data, parts, faults }: PartHost,
  colo: string,
): Promise<Response> {
  const { metrics, redis, purging, cacheApi: edge } = cache;
  const { memory } = cache.tiers;
  const { config, flights, originHealth, nowAtMs } = site;
  const without = isFault(environment.redis) ? "not usable" : "not configured";
  const askedAtMs = nowAtMs();
  const extent = await purging?.journal.extent();
  const roundTripMs = nowAtMs() - askedAtMs;
  return jsonAnswer({
    scope: "only this isolate; others have their own counts",
    version,
    colo,
    atMs: nowAtMs(),
    faults,
    ...snapshotOf(metrics),
    ...(purging ? {} : { invalidations: `only here: the journal is ${without}` }),
    ...(site.hits ? {} : { hotKeys: "off" }),
    memory: { bytes: memory.bytes, records: memory.count },
    ...(data && { data: data.stats() }),
    fillsUnderWay: flights.countAt(nowAtMs()),
    openBreakers: originHealth.openBreakers,
    originTroubles: Object.fromEntries(originHealth.troubles),
    edge: edge
      ? { breakerOpen: edge.isBreakerOpen, trouble: edge.trouble ?? "none" }
      : "none: the platform has no Cache API",
    // A site whose stores are Durable Objects has no Redis.
    ...((environment.redis !== undefined || !purging) && {
      redis: redis ? clientStats(redis) : without,
    }),
    journal:
      purging && extent
        ? {
            ...journalStats(purging.view, nowAtMs()),
            kept: keptStats(extent),
            ...("kind" in extent ? {} : { roundTripMs }),
            ...troubleStats(purging.health),
            hints: purging.hintsState,
          }
        : without,
    ...Object.assign({}, ...parts.map((part) => part.stats?.())),
    configuredRoutes: config.routes.map(({ name, bypass }) => ({ name, bypass })),
  });
}

function clientStats(redis: RedisClient) {
  const { health, readTimeoutMs } = redis;
  const { isBreakerOpen: breakerOpen, refusesWrites } = health;
  return { breakerOpen, refusesWrites, readTimeoutMs, ...troubleStats(health) };
}

/** Returns the number of entries in the shared journal, and the oldest one. */
function keptStats(extent: JournalExtent | Unavailable) {
  if ("kind" in extent) return "unavailable";
  const { count, oldest } = extent;
  return {
    entries: count,
    oldest: oldest && { position: oldest, at: isoOf(acceptedAtMs(oldest)) },
  };
}

/**
 * Returns the last trouble of any kind of command, and the last trouble of only writes. Both may be
 * over.
 */
function troubleStats({ trouble, troubleWithWrites, words }: RemoteHealth) {
  const last = (of: typeof trouble) => (of ? { ...of, why: whyOf(of.kind, words) } : "none");
  return { trouble: last(trouble), troubleWithWrites: last(troubleWithWrites) };
}

/** Returns the state of the view. `lag` is the time from a purge's acceptance to its read here. */
function journalStats({ tail, isBreakerOpen }: JournalView, atMs: number) {
  const { chain, sentAtMs, lag, failedAtMs, switched } = tail;
  return {
    breakerOpen: isBreakerOpen,
    position: chain?.end.position ?? "not read yet",
    entries: chain?.entries.length ?? 0,
    readAtMs: chain === undefined ? null : sentAtMs,
    ageMs: chain === undefined ? null : atMs - sentAtMs,
    bypass: switched?.bypass ?? false,
    lag: lag ?? "nothing to report yet",
    failedAtMs: failedAtMs ?? null,
  };
}
