// Reads the state of the databases, and the counts of all isolates.
import { whyOf } from "../../remote/trouble.ts";
import { configWarnings } from "../../pages/request/config-warnings.ts";
import type { Attention } from "../../purge/view/view.ts";
import { readDatabaseInfo, withLimit } from "../../remote/redis/database-info.ts";
import { type ClockDifference, readClockDifference } from "../../remote/redis/database-info.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import type { Totals } from "../../observe/reports/totals.ts";
import { hitRateMinsOf } from "./hit-rate-mins.ts";
import {
  type DatabaseName,
  databaseOfJournal,
  type HealthSettings,
  type SiteState,
  lookHere,
  type RoomState,
} from "./site-state.ts";

/** The result of a full check, and sentences on what it could not read. */
export interface FarLook {
  readonly state: SiteState;
  readonly notLookedAt: readonly string[];
}

/** Remembers a database's count of evicted keys from one check of the isolate to the next. */
export class EvictionWatch {
  #count: number | undefined;
  #risenAtMs: number | undefined;

  /**
   * Notes a count.
   *
   * @param count the number of evicted keys since the database started; `null` if the database does
   *   not report it
   * @returns the time of the last check that saw the count rise; `undefined` if none did
   */
  seen(count: number | null, atMs: number): number | undefined {
    if (count === null) return this.#risenAtMs;
    if (this.#count !== undefined && count > this.#count) this.#risenAtMs = atMs;
    this.#count = count;
    return this.#risenAtMs;
  }
}

/** One watch per database. */
export type EvictionWatches = Map<DatabaseName, EvictionWatch>;

/**
 * Makes a full check. It costs two commands on each database, a read of the totals and, if the view is due, a
 * read of the journal. A Redis client that is shut off sends at most its probe. Never rejects.
 */
export async function lookFurther(
  settings: HealthSettings,
  watches: EvictionWatches,
  attention: Attention,
): Promise<FarLook> {
  const { cache, site, environment } = settings;
  const { nowAtMs, config } = site;
  const place = databaseOfJournal(cache);
  const own = place === "journal's database" ? cache.purging?.redis : undefined;
  const { outward } = settings;
  const [database, journal, totals, reports] = await Promise.all([
    databaseLook(cache.redis, nowAtMs, "database"),
    databaseLook(own, nowAtMs, "journal's database"),
    totalsLook(cache.reports),
    outward?.reports(),
    renewed(cache.purging, attention),
  ]);
  const rooms = [database, journal].flatMap(({ room }): RoomState[] => {
    if (room === undefined) return [];
    const { database: name, info } = room;
    const watch = watches.get(name) ?? new EvictionWatch();
    watches.set(name, watch);
    const evictedAtMs = watch.seen(info.evictedKeys, nowAtMs());
    // `limits.databaseBytes` describes only the database of the shared tier.
    const limitBytes = name === "journal's database" ? undefined : config.limits.databaseBytes;
    const holdsJournal = name === place;
    return [{ database: name, holdsJournal, info: withLimit(info, limitBytes), evictedAtMs }];
  });
  const state: SiteState = {
    // Call `lookHere` only after the reads above, because the reads update this isolate's state.
    ...lookHere(settings),
    clock: (own === undefined ? database : journal).clock,
    rooms: rooms.length === 0 ? undefined : rooms,
    totals: totals.totals,
    hitRateMins: hitRateMinsOf(config),
    refusedHere: settings.gate.refusals.here,
    outward: outward && reports && { reports, dueAfterMs: outward.dueAfterMs },
    configWarnings: configWarnings(config, environment.siteHosts, cache),
  };
  return {
    state: state,
    notLookedAt: [
      ...database.not,
      ...journal.not,
      ...totals.not,
      ...(reports ?? []).flatMap(([name, { kind }]) =>
        kind === "report" ? [] : notReported(name),
      ),
    ],
  };
}

const notReported = (target: string) =>
  `The target ${JSON.stringify(target)} of outward purges. The journal did not answer.`;

interface DatabaseLook {
  readonly clock?: ClockDifference;
  readonly room?: Pick<RoomState, "database" | "info">;
  readonly not: readonly string[];
}

/** Reads a database's clock and room. Skips `INFO` if `TIME` fails. */
async function databaseLook(
  redis: RedisClient | undefined,
  nowAtMs: () => number,
  database: DatabaseName,
): Promise<DatabaseLook> {
  if (redis === undefined) return { not: [] };
  const clock = await readClockDifference(redis, nowAtMs);
  if (clock.kind === "unavailable") {
    return { not: [`The ${database}'s clock and memory. ${reasonOf(redis)}`] };
  }
  const info = await readDatabaseInfo(redis, "health");
  if (info.kind === "answered") {
    return { clock: clock.value, room: { database, info: info.value }, not: [] };
  }
  return { clock: clock.value, not: [`The ${database}'s memory. ${reasonOf(redis)}`] };
}

function reasonOf({ health }: RedisClient): string {
  const { trouble, words } = health;
  return trouble === undefined ? "The database did not answer." : `${whyOf(trouble.kind, words)}.`;
}

async function totalsLook({
  readTotals,
}: HealthSettings["cache"]["reports"]): Promise<{ totals?: Totals; not: readonly string[] }> {
  const totals = await readTotals();
  return "kind" in totals
    ? { not: [`The counts of all isolates, such as hit rates. ${totals.why}`] }
    : { totals, not: [] };
}

/** Renews the view if due. Waits only if the view is older than N − A. */
async function renewed(
  purging: HealthSettings["cache"]["purging"],
  attention: Attention,
): Promise<void> {
  await purging?.view.attend(attention)?.();
}
