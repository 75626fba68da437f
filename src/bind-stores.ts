// Binds the stores that a Worker passes in code to its bindings.
import { type Fault, isFault } from "./base/operator-error.ts";
import type { BodiesInCode, MakeTier, TierInCode } from "./cache/tiers/tier-in-code.ts";
import type { Environment } from "./platform/environment.ts";
import type { Env } from "./protocol/variables/bindings.ts";
import type { JournalInCode } from "./purge/journal-in-code.ts";
import type { RedisAddress } from "./redis/open-client.ts";

interface StoresInCode {
  readonly tiers?: readonly TierInCode[] | undefined;
  readonly bodies?: BodiesInCode | undefined;
  readonly journal?: JournalInCode | undefined;
  readonly database?: RedisAddress | undefined;
}

/**
 * Binds the stores of a Worker to the Worker's bindings. Adds a fault for each unusable store. If the
 * journal in code is unusable, Redis is not used either, because isolates do not read another journal.
 */
export function bindStores<Databases extends Pick<Environment, "redis" | "journal" | "faults">>(
  read: Databases,
  { tiers = [], bodies, journal, database }: StoresInCode,
  env: Env,
) {
  const environment = database === undefined ? read : { ...read, redis: database };
  const { redis } = environment;
  const hasRedis = redis !== undefined && !isFault(redis);
  const opened = journal?.bound(env) ?? environment.journal;
  const over = bodies && (hasRedis || tiers.length > 0 ? bodies.bound(env) : lacksShared);
  const overShared = isFault(over) ? undefined : over;
  const isUsable = hasRedis || typeof opened === "function";
  // A journal in code that is unusable has a fault of its own.
  const unusable = isFault(opened) ? opened : lacksJournal;
  const bound = tiers.map((tier) => (isUsable ? tier.bound(env) : unusable));
  const idle = journal === undefined ? [] : idleVariablesOf(environment);
  const own = environment.faults.map((fault) =>
    fault === redis && journal !== undefined
      ? { ...fault, what: "The database is not used." }
      : fault,
  );
  const faults = [...own, ...new Set([...bound, over, opened].filter(isFault)), ...idle];
  const isMaker = (one: MakeTier | Fault) => typeof one === "function";
  // Data stores no large bodies.
  const dataTiers = bound.filter(isMaker);
  const withBodies = overShared ? dataTiers.map((make) => overShared(make)) : dataTiers;
  const makers = { tiers: withBodies, dataTiers, overShared };
  return isFault(opened)
    ? { environment: { ...environment, redis: opened, faults }, makers }
    : { environment: { ...environment, faults }, makers, journal: opened };
}

function idleVariablesOf({ journal }: Pick<Environment, "journal">): Fault[] {
  if (journal === undefined) return [];
  const why = "The Worker passes another journal in code.";
  return [{ what: "JOURNAL_REDIS_REST_URL has no effect.", why, hint: "Unset it." }];
}

const lacksShared: Fault = {
  what: "The store of large bodies is off.",
  why: "There is no shared tier, which would have the records of the bodies.",
  hint: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or pass durableObjectRecords() in tiers.",
};

const lacksJournal: Fault = {
  what: "The shared tier is off.",
  why: "There is neither a usable Redis database nor another journal, so no purge could reach it.",
  hint: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or pass durableObjectJournal() as journal.",
};
