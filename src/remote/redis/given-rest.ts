// The address of a database that code names: Upstash's REST address, or a client of @upstash/redis.
import { type Fault, isFault, OperatorError } from "../../base/operator-error.ts";
import { databaseOf } from "../../protocol/variables/database.ts";
import type { RedisAddress, RestAddress } from "./address.ts";
import { upstashWordsWith } from "./redis-trouble.ts";

/**
 * A `Redis` of `@upstash/redis`, version 1.34 or later. Only its address and token are used, so its
 * retries and decoding do not matter.
 */
export interface UpstashRedis {
  readonly use: (middleware: never) => void;
  readonly createScript: (script: string) => object;
}

/** The option of a cache that names a database. */
export type DatabaseOption = "redis" | "journal";

/** Returns whether this is a REST address or a client of @upstash/redis, and not a connection. */
export function isRestGiven(given: object): given is RestAddress | UpstashRedis {
  return isOfUpstash(given) || ("url" in given && "token" in given);
}

/**
 * Returns the address, or a fault if it has no usable URL or token.
 *
 * @throws OperatorError for a client whose requests `use` or an own requester changes
 */
export function restAddressOf(
  given: RestAddress | UpstashRedis,
  option: DatabaseOption,
): RedisAddress | Fault {
  const { url, token } = isOfUpstash(given) ? addressIn(given) : given;
  const named = databaseOf({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token });
  if (named !== undefined && !isFault(named))
    return { ...named, words: upstashWordsWith((hint) => asOption(hint, option)) };
  return {
    what: "The cache has no database.",
    why: asOption(named?.why ?? "UPSTASH_REDIS_REST_URL is not set.", option),
    hint: `Set \`${option}.url\` and \`${option}.token\` as the database's page shows them.`,
  };
}

/** Replaces the names of variables with the names of the options. */
function asOption(text: string, option: DatabaseOption): string {
  return text
    .replace("UPSTASH_REDIS_REST_URL", `\`${option}.url\``)
    .replace("UPSTASH_REDIS_REST_TOKEN", `\`${option}.token\``);
}

function isOfUpstash(given: object): given is UpstashRedis {
  return "createScript" in given && "client" in given;
}

/** The sender of a client. The package declares it `protected`. */
interface Requester {
  readonly baseUrl?: unknown;
  readonly headers?: { readonly authorization?: unknown };
}

function addressIn(given: UpstashRedis): RestAddress {
  const { client } = given as unknown as { readonly client: Requester };
  const { baseUrl, headers } = client;
  if (typeof baseUrl !== "string" || Object.hasOwn(client, "request")) throw changed();
  const [, token = ""] = /^Bearer (.*)$/.exec(String(headers?.authorization)) ?? [];
  // The package writes a missing token as text.
  return { url: baseUrl, token: token === "undefined" || token === "null" ? "" : token };
}

function changed(): OperatorError {
  return new OperatorError({
    what: "The client of @upstash/redis is unsuitable.",
    why: "`use`, or a requester of its own, handles its requests, but the cache takes only its address and token.",
    hint: "Pass a client without them, such as `Redis.fromEnv()`, or { url, token }.",
  });
}
