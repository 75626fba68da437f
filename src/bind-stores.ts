// Binds the stores that a Worker passes in code to its bindings.
import { type Fault, isFault } from "./base/operator-error.ts";
import type { BodiesInCode, MakeTier, TierInCode } from "./cache/tiers/tier-in-code.ts";
import { tierScopes } from "./config/tier-names.ts";
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
 * Binds the stores of a Worker to the Worker's bindings. Without Redis, a tier of regional copies is
 * the shared tier, if there is a journal. Adds a fault for each unusable store. If the journal in
 * code is unusable, Redis is not used either, because isolates do not read another journal.
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
  const hasWorld = hasRedis || tiers.some(({ name }) => tierScopes[name] === "world");
  const over = bodies && (hasRedis || tiers.length > 0 ? bodies.bound(env) : lacksShared);
  const overShared = isFault(over) ? undefined : over;
  const isUsable = hasRedis || typeof opened === "function";
  // A journal in code that is unusable has a fault of its own.
  const unusable = (tier: TierInCode) => (isFault(opened) ? opened : lacksJournal(tier));
  const bound = tiers.map((tier) => ({
    scope: tierScopes[tier.name],
    make: isUsable ? tier.bound(env) : unusable(tier),
  }));
  const made = bound.map(({ scope, make }) => {
    const isShared = scope === "world" || (!hasWorld && scope === "region");
    return isShared ? asShared(make, overShared) : make;
  });
  // Data uses neither copies of a region, which may be older than the last `set`, nor large bodies.
  const forData = bound.filter(({ scope }) => scope === "world").map(({ make }) => make);
  const idle = journal === undefined ? [] : idleVariablesOf(environment);
  const own = environment.faults.map((fault) =>
    fault === redis && journal !== undefined
      ? { ...fault, what: "The database is not used." }
      : fault,
  );
  const faults = [...own, ...new Set([...made, over, opened].filter(isFault)), ...idle];
  const isMaker = (one: MakeTier | Fault) => typeof one === "function";
  const makers = { tiers: made.filter(isMaker), dataTiers: forData.filter(isMaker), overShared };
  return isFault(opened)
    ? { environment: { ...environment, redis: opened, faults }, makers }
    : { environment: { ...environment, faults }, makers, journal: opened };
}

function idleVariablesOf({ journal }: Pick<Environment, "journal">): Fault[] {
  if (journal === undefined) return [];
  const why = "The Worker passes another journal in code.";
  return [{ what: "JOURNAL_REDIS_REST_URL has no effect.", why, hint: "Unset it." }];
}

function asShared(
  make: MakeTier | Fault,
  over: (make: MakeTier) => MakeTier = (same) => same,
): MakeTier | Fault {
  return isFault(make) ? make : over((settings) => make({ ...settings, name: "shared" }));
}

const lacksShared: Fault = {
  what: "The store of large bodies is off.",
  why: "There is no shared tier, which would have the records of the bodies.",
  hint: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or pass durableObjectRecords() or workersKv() in tiers.",
};

function lacksJournal({ name }: TierInCode): Fault {
  return {
    what: `The tier ${JSON.stringify(name)} is off.`,
    why: "There is neither a usable Redis database nor another journal, so no purge could reach it.",
    hint: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or pass durableObjectJournal() as journal.",
  };
}
