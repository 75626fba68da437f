// Reads the Redis databases from the Worker's bindings: the cache's and the purge journal's.
import { httpUrlFault } from "./origin-url.ts";
import { type Fault, isFault } from "../../base/operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";

/** The address and token of a database with Upstash's REST interface. */
export interface Database {
  readonly url: string;
  readonly token: string;
}

/** The databases of a deployment. */
export interface Databases<Known extends Database = Database> {
  /** The cache's database; a fault if it is unusable; `undefined` if none is set. */
  readonly redis: Known | Fault | undefined;
  /** The database of the journal and the switch; `undefined` if they use `redis`. */
  readonly journal: Known | undefined;
}

/** The names of the variables with the address or the token of a database. */
export const databaseVariables: Readonly<Record<"URL" | "TOKEN", readonly string[]>> = {
  URL: ["UPSTASH_REDIS_REST_URL", "JOURNAL_REDIS_REST_URL"],
  TOKEN: ["UPSTASH_REDIS_REST_TOKEN", "JOURNAL_REDIS_REST_TOKEN"],
};

const what = "The database is not used: the shared tier and purges are off.";

/**
 * Returns a fault for each database in the variables of a cache that does not use them.
 *
 * @param inCode the databases that the stores name in code, which code may have read from the variables;
 *   `undefined` if no store is in Redis
 */
export function idleDatabases(env: Env, inCode?: Databases): Fault[] {
  const used = [inCode?.redis, inCode?.journal].filter(isUsable);
  const why = inCode
    ? "The stores name their database in code."
    : "The cache has no stores in Redis.";
  const otherwise = inCode ? "pass it in code" : "pass stores: upstash() of tidemark/upstash";
  const hrefs = used.map(({ url }) => URL.parse(url)?.href);
  const isUsed = (name: string) => hrefs.includes(URL.parse(textOf(env, name) ?? "")?.href ?? "");
  const set = databaseVariables.URL.filter((name) => isSet(env, name) && !isUsed(name));
  return set.map((name) => ({
    what: `${name} has no effect.`,
    why,
    hint: `Unset it, or ${otherwise}.`,
  }));
}

const isUsable = (one: Database | Fault | undefined): one is Database =>
  one !== undefined && !isFault(one);

export const noDatabases: Databases = { redis: undefined, journal: undefined };

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
  return named(env, "UPSTASH_REDIS_REST");
}

function named(env: Env, prefix: string): Database | Fault | undefined {
  const names = [`${prefix}_URL`, `${prefix}_TOKEN`];
  if (!names.some((name) => isSet(env, name))) return undefined;
  const [url = "", token = ""] = names.map((name) => textOf(env, name));
  const missing = names.find((name) => textOf(env, name) === undefined);
  const why =
    missing === undefined
      ? databaseFault(names, { url, token })
      : `${missing} is ${isSet(env, missing) ? "not a string" : "not set"}.`;
  if (why === undefined) return { url, token };
  return {
    what,
    why,
    hint: "Set both as shown on the database's page, or neither to run without a database.",
  };
}

function databaseFault(names: readonly string[], { url, token }: Database): string | undefined {
  const [nameOfUrl, nameOfToken] = names;
  const fault = httpUrlFault(url);
  if (fault !== undefined) {
    return `${nameOfUrl} ${fault}; it must be the REST address, with "https:".`;
  }
  if (canBeBorne(token)) return undefined;
  return `${nameOfToken} has an invalid character.`;
}
