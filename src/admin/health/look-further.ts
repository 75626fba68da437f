// Asks what only others can tell: the database how it fares, and all isolates what they counted.
import { configWarnings } from "../../proxy/request/config-warnings.ts";
import type { Attention } from "../../purge/view/view.ts";
import { type DatabaseInfo, readDatabaseInfo } from "../../redis/database-info.ts";
import { type ClockDifference, readClockDifference } from "../../redis/database-time.ts";
import type { RedisClient } from "../../redis/redis-client.ts";
import { whyOf } from "../../redis/trouble.ts";
import type { Totals } from "../../reports/totals.ts";
import { hitRateMinsOf } from "./hit-rate-mins.ts";
import { type HealthSettings, type Looked, lookHere } from "./looked.ts";

/** What was seen, and sentences on what could not be looked at. */
export interface FarLook {
  readonly looked: Looked;
  readonly notLookedAt: readonly string[];
}

/** Remembers between looks of one isolate how many keys the database had let go. */
export class EvictionWatch {
  #count: number | undefined;
  #risenAtMs: number | undefined;

  /**
   * @param count `null` where the database does not tell it; less than before after its restart
   * @returns when a look last found more than the look before; `undefined` for never
   */
  seen(count: number | null, atMs: number): number | undefined {
    if (count === null) return this.#risenAtMs;
    if (this.#count !== undefined && count > this.#count) this.#risenAtMs = atMs;
    this.#count = count;
    return this.#risenAtMs;
  }
}

/**
 * Two commands for the database, one or more for the journal, and what the totals take. What is shut
 * off is probed as by any request. Never rejects.
 */
export async function lookFurther(
  settings: HealthSettings,
  watch: EvictionWatch,
  attention: Attention,
): Promise<FarLook> {
  const { cache, isolate, environment } = settings;
  const { nowAtMs, config } = isolate;
  const [database, totals] = await Promise.all([
    databaseLook(cache.redis, nowAtMs),
    totalsLook(cache.reports),
    renewed(cache.purging, attention),
  ]);
  const { clock, info } = database;
  const looked: Looked = {
    // Last, so that it has what the looks have learnt.
    ...lookHere(settings),
    clock,
    info,
    evictedAtMs: watch.seen(info?.evictedKeys ?? null, nowAtMs()),
    totals: totals.totals,
    hitRateMins: hitRateMinsOf(config),
    configWarnings: configWarnings(config, environment.siteHosts),
  };
  return { looked, notLookedAt: [...database.not, ...totals.not] };
}

interface DatabaseLook {
  readonly clock?: ClockDifference;
  readonly info?: DatabaseInfo;
  readonly not: readonly string[];
}

/** One that does not answer is asked once. */
async function databaseLook(
  redis: RedisClient | undefined,
  nowAtMs: () => number,
): Promise<DatabaseLook> {
  if (redis === undefined) return { not: [] };
  const clock = await readClockDifference(redis, nowAtMs);
  if (clock.kind === "unavailable") {
    return { not: [`The database's clock and memory. ${reasonOf(redis)}`] };
  }
  const info = await readDatabaseInfo(redis, "health");
  if (info.kind === "answered") return { clock: clock.value, info: info.value, not: [] };
  return { clock: clock.value, not: [`The database's memory. ${reasonOf(redis)}`] };
}

function reasonOf({ trouble }: RedisClient): string {
  return trouble === undefined ? "It did not answer." : `${whyOf(trouble.kind)}.`;
}

async function totalsLook({
  readTotals,
}: HealthSettings["cache"]["reports"]): Promise<{ totals?: Totals; not: readonly string[] }> {
  const totals = await readTotals();
  return "kind" in totals
    ? { not: [`The counts of all isolates, such as hit rates. ${totals.why}`] }
    : { totals, not: [] };
}

/** The view is renewed where that is due; one that is past its bound is waited for. */
async function renewed(
  purging: HealthSettings["cache"]["purging"],
  attention: Attention,
): Promise<void> {
  await purging?.view.attend(attention)?.();
}
