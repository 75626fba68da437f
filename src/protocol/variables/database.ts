// Reads the Redis databases from the Worker's bindings: the cache's and the purge journal's.
import { httpUrlFault } from "./origin-url.ts";
import { guessableBy } from "./weak-secrets.ts";
import { type Fault, isFault } from "../../base/operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";

/** The address and token of a database with Upstash's REST interface. */
export interface Database {
  readonly url: string;
  readonly token: string;
  /** The keys that seal and check what the database stores; absent without SEAL_KEY. */
  readonly sealKeys?: readonly string[] | undefined;
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
 * Reads both databases. If the journal's database is faulty, the cache's database is not used
 * either. Otherwise purges would enter a journal that no other isolate reads.
 *
 * @param faults receives a fault for a setting without effect
 */
export function databasesOf(env: Env, faults: Fault[]): Databases {
  const found = withSealKeys(env, unsealedDatabases(env, faults));
  if (found.redis === undefined && isSet(env, "SEAL_KEY")) {
    faults.push({
      what: "SEAL_KEY has no effect.",
      why: "It seals what Redis stores, and UPSTASH_REDIS_REST_URL is not set.",
      hint: "Unset SEAL_KEY, or set the database.",
    });
  }
  return found;
}

/** Returns the databases with the keys of SEAL_KEY; with a fault as `redis` if they are unusable. */
export function withSealKeys<Known extends Database>(
  env: Env,
  found: Databases<Known>,
): Databases<Known> {
  const sealKeys = sealKeysOf(env);
  if (sealKeys === undefined) return found;
  if (typeof sealKeys === "string") {
    const hint = hintOfSealKey;
    return { redis: { what, why: sealKeys, hint }, journal: undefined };
  }
  const { redis, journal } = found;
  return {
    redis: isUsable(redis) ? { ...redis, sealKeys } : redis,
    journal: journal && { ...journal, sealKeys },
  };
}

/**
 * Returns a fault for each database in the variables of a cache that does not use them.
 *
 * @param inCode the databases that the stores name in code, which code may have read from the variables;
 *   `undefined` if no store is in Redis
 */
export function idleDatabases(env: Env, inCode?: Databases): Fault[] {
  const used = [inCode?.redis, inCode?.journal].filter(isUsable);
  const isUnsealed = used.length > 0 && used.every(({ sealKeys }) => sealKeys === undefined);
  const names = [...databaseVariables.URL, ...(isUnsealed ? ["SEAL_KEY"] : [])];
  const why = inCode
    ? "The stores name their database in code."
    : "The cache has no stores in Redis.";
  const otherwise = inCode ? "pass it in code" : "pass stores: upstash() of tidemark/upstash";
  const hrefs = used.map(({ url }) => URL.parse(url)?.href);
  const isUsed = (name: string) => hrefs.includes(URL.parse(textOf(env, name) ?? "")?.href ?? "");
  const set = names.filter((name) => isSet(env, name) && !isUsed(name));
  return set.map((name) => ({
    what: `${name} has no effect.`,
    why,
    hint: `Unset it, or ${otherwise}.`,
  }));
}

const isUsable = (one: Database | Fault | undefined): one is Database =>
  one !== undefined && !isFault(one);

export const noDatabases: Databases = { redis: undefined, journal: undefined };

function unsealedDatabases(env: Env, faults: Fault[]): Databases {
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

const sealKeyCharsMin = 32;

/**
 * Reads SEAL_KEY: one or more keys, separated by spaces. The first one seals, and all check.
 *
 * @returns the reason if a key is unusable; `undefined` if none is set
 */
export function sealKeysOf(env: Env): readonly string[] | string | undefined {
  if (!isSet(env, "SEAL_KEY")) return undefined;
  const keys = textOf(env, "SEAL_KEY")?.split(/\s+/) ?? [];
  if (keys.length === 0) return "SEAL_KEY is not a string.";
  if (keys.length > sealKeysMax) return `SEAL_KEY has more than ${sealKeysMax} keys.`;
  if (keys.some((key) => key.length < sealKeyCharsMin)) {
    return `A key of SEAL_KEY has fewer than ${sealKeyCharsMin} characters and could be guessed.`;
  }
  const [guessable] = keys.flatMap((key) => guessableBy(key) ?? []);
  if (guessable !== undefined) return `A key of SEAL_KEY ${guessable}.`;
  const same = databaseVariables.TOKEN.find((name) => keys.includes(textOf(env, name) ?? ""));
  if (same === undefined) return keys;
  return `SEAL_KEY holds the same secret as ${same}, which whoever writes to Redis may have.`;
}

/** Each key costs another HMAC for a text without a valid seal. */
const sealKeysMax = 4;

export const hintOfSealKey =
  "Write the output of `openssl rand -base64 32`; separate several keys with spaces. Unset it to store without seals.";

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
