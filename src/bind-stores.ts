// Binds the stores that a Worker passes in code to its bindings.
import { type Fault, isFault } from "./base/operator-error.ts";
import type { MakeTier, TierInCode } from "./cache/tiers/tier-in-code.ts";
import { tierScopes } from "./config/tier-names.ts";
import type { Environment } from "./platform/environment.ts";
import type { Env } from "./protocol/variables/bindings.ts";
import { redisJournalAt } from "./create-purging.ts";
import type { JournalInCode, JournalMaker } from "./purge/journal-in-code.ts";
import { journalWords } from "./redis/trouble.ts";

interface StoresInCode {
  readonly tiers?: readonly TierInCode[] | undefined;
  readonly journal?: JournalInCode | undefined;
}

/**
 * Binds the stores of a Worker to the Worker's bindings. Without Redis, a tier of regional copies is
 * the shared tier, if there is a journal. Adds a fault for each unusable tier. If the journal in
 * code is unusable, Redis is not used either, because isolates do not read another journal.
 */
export function bindStores(
  environment: Environment,
  { tiers = [], journal }: StoresInCode,
  env: Env,
) {
  const { redis } = environment;
  const hasRedis = redis !== undefined && !isFault(redis);
  const opened = journal?.bound(env, redisJournalOf(environment)) ?? environment.journal;
  const hasWorld = hasRedis || tiers.some(({ name }) => tierScopes[name] === "world");
  const made = tiers.map((tier) => {
    if (!hasRedis && typeof opened !== "function") return lacksJournal(tier);
    return hasWorld || tierScopes[tier.name] !== "region"
      ? tier.bound(env)
      : asShared(tier.bound(env));
  });
  const idle = journal === undefined || journal.move ? [] : idleVariablesOf(environment);
  const faults = [...environment.faults, ...[...made, opened].filter(isFault), ...idle];
  const makers = made.filter((one) => typeof one === "function");
  return isFault(opened)
    ? { environment: { ...environment, redis: opened, faults }, makers }
    : { environment: { ...environment, faults }, makers, journal: opened };
}

/** Returns how to open the journal in Redis, for a store in code that moves away from it. */
function redisJournalOf({ redis, journal }: Environment): JournalMaker | undefined {
  if (journal !== undefined) return redisJournalAt({ words: journalWords, ...journal });
  return redis === undefined || isFault(redis) ? undefined : redisJournalAt(redis);
}

function idleVariablesOf({ journal }: Environment): Fault[] {
  if (journal === undefined) return [];
  const why = "The Worker passes another journal in code.";
  return [{ what: "JOURNAL_REDIS_REST_URL has no effect.", why, hint: "Unset it." }];
}

function asShared(make: MakeTier | Fault): MakeTier | Fault {
  return isFault(make) ? make : (settings) => make({ ...settings, name: "shared" });
}

function lacksJournal({ name }: TierInCode): Fault {
  return {
    what: `The tier ${JSON.stringify(name)} is off.`,
    why: "There is neither a usable Redis database nor another journal, so no purge could reach it.",
    hint: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or pass durableObjectJournal() as journal.",
  };
}
