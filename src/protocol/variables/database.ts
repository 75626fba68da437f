// Reads the Redis databases from the Worker's bindings: the cache's and the purge journal's.
import { httpUrlFault } from "./origin-url.ts";
import type { Fault } from "../../base/operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";

/** The address and token of a database with Upstash's REST interface. */
export interface Database {
  readonly url: string;
  readonly token: string;
}

/** The databases of a deployment. */
export interface Databases {
  /** The cache's database; a fault if it is unusable; `undefined` if none is set. */
  readonly redis: Database | Fault | undefined;
  /** The database of the journal and the switch; `undefined` if they use `redis`. */
  readonly journal: Database | undefined;
}

const what = "The database is not used: the shared tier and purges are off.";

/**
 * Reads both databases. If the journal's database is faulty, the cache's database is not used
 * either. Otherwise purges would enter a journal that no other isolate reads.
 *
 * @param faults receives a fault for a setting without effect
 */
export function databasesOf(env: Env, faults: Fault[]): Databases {
  const redis = databaseOf(env);
  const journal = named(env, "JOURNAL_REDIS_REST");
  if (journal === undefined) return { redis, journal };
  if ("why" in journal)
    return { redis: redis !== undefined && "why" in redis ? redis : journal, journal: undefined };
  if (redis === undefined) {
    const why = "JOURNAL_REDIS_REST_URL is set, and UPSTASH_REDIS_REST_URL is not set.";
    const hint = "Set the cache's database as well. The journal's database stores no pages.";
    return { redis: { what, why, hint }, journal: undefined };
  }
  if ("why" in redis) return { redis, journal: undefined };
  if (new URL(journal.url).href === new URL(redis.url).href) {
    faults.push({
      what: "JOURNAL_REDIS_REST_URL has no effect.",
      why: "It names the database of UPSTASH_REDIS_REST_URL, so stored responses can fill the journal's space.",
      hint: "Name another database, or unset it.",
    });
    return { redis, journal: undefined };
  }
  return { redis, journal };
}

/** Returns the cache's database; a fault if it is unusable; `undefined` if none is set. */
export function databaseOf(env: Env): Database | Fault | undefined {
  if (isSet(env, "SEAL_KEY")) {
    const why = "SEAL_KEY is set, but sealed records are not built yet.";
    return { what, why, hint: "Unset SEAL_KEY to store records unsealed." };
  }
  return named(env, "UPSTASH_REDIS_REST");
}

function named(env: Env, prefix: string): Database | Fault | undefined {
  const names = [`${prefix}_URL`, `${prefix}_TOKEN`];
  if (!names.some((name) => isSet(env, name))) return undefined;
  const [url = "", token = ""] = names.map((name) => textOf(env, name));
  const missing = names.find((name) => textOf(env, name) === undefined);
  const why =
    missing === undefined
      ? databaseFault(prefix, { url, token })
      : `${missing} is ${isSet(env, missing) ? "not a string" : "not set"}.`;
  if (why === undefined) return { url, token };
  return {
    what,
    why,
    hint: "Set both as shown on the database's page, or neither to run without a database.",
  };
}

function databaseFault(prefix: string, { url, token }: Database): string | undefined {
  const fault = httpUrlFault(url);
  if (fault !== undefined) {
    return `${prefix}_URL ${fault}; it must be the REST address, with "https:".`;
  }
  if (canBeBorne(token)) return undefined;
  return `${prefix}_TOKEN has an invalid character.`;
}
