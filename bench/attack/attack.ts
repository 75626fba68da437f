// The description of one attack: its requests, their rate, and how the client uses its connection.
import type { RateLimitSettings } from "../../local/colo.ts";
import type { Draws } from "../../testing/draws.ts";
import { pageCount, pagePath } from "./site.ts";

/**
 * `ask` reads the whole response. `reset-before` and `reset-during` reset the connection: before
 * the response, or at its first byte. `slow-read` and `slow-upload` read or send one byte a second
 * until the attack ends. `stall` reads nothing. `crowd` sends `crowdCount` requests at once.
 */
export type Manner =
  | "ask"
  | "crowd"
  | "reset-before"
  | "reset-during"
  | "slow-read"
  | "stall"
  | "slow-upload";

export const crowdCount = 150;

/**
 * The share of the time in which stalled clients arrive. Until the kernel is full, it takes some 5 MB of each
 * of their bodies, as it would for clients that read. Honest clients count once all have arrived.
 */
export const arrivalShare = { stall: 2 / 3 };

export interface Attack {
  readonly name: string;
  readonly said: string;
  readonly manner: Manner;
  /**
   * The attack's share of the base rate. The share is lower if the request costs the attacker more.
   */
  readonly rateShare: number;
  readonly asking: (nth: number, draws: Draws) => Asking;
  /**
   * Requests that honest clients also send during this attack. At the end, most of them must be
   * hits.
   */
  readonly alsoHonest?: readonly Asking[];
  /** Whether another colo has stored the responses to `alsoHonest` in Redis before the attack. */
  readonly isStoredElsewhere?: true;
  /** The limit of `ORIGIN_LIMITER`; absent if the attack runs without a rate limiter. */
  readonly limit?: RateLimitSettings;
  /**
   * The eviction policy of a redis-server with bounded memory, and whether the journal has a
   * separate database. Without this member, the database is unbounded.
   */
  readonly database?: { readonly policy: string; readonly hasOwnJournal?: true };
  /**
   * Makes all pages old before the attack: a new isolate does not know their stamps, so it reads epochs with the names of
   * 100,000 purged tags. The attack first requests its first `pageCount` pages.
   */
  readonly aged?: { readonly stores: "redis" | "cloudflare"; readonly pageCount: number };
  /**
   * Stricter demands: the largest ratio of honest clients' p99, and the most bytes of heap and backing
   * storage near the end, after a collection of garbage.
   */
  readonly demands?: { readonly p99RatioMax: number; readonly heldBytesMax: number };
  /** The size of each Durable Object of records, on a site without Redis; absent with Redis. */
  readonly objectBytes?: number;
  /**
   * Why this attack may miss a demand without the platform's rate limiter; absent if all demands
   * must hold.
   */
  readonly limiterNeeded?: string;
}

export interface Asking {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The media type that honest clients must get in the last third of the time. */
  readonly type?: string;
}

export const word = (draws: Draws): string => Math.floor(draws.between(0, 2 ** 52)).toString(36);
export const someNumber = (draws: Draws, below: number): number =>
  Math.floor(draws.between(0, below));
export const somePage = (draws: Draws): string => pagePath(someNumber(draws, pageCount));
export const kibibyte = 1_024;
export const mebibyte = kibibyte ** 2;
export const large = (bytes: number, name: string): string => `/large/${bytes}/${name}`;

/**
 * Creates fields with distinct names. Attacks share the result, because creating the fields costs
 * more than sending them.
 */
function fieldsOf(count: number, valueChars: number): Record<string, string> {
  const value = "v".repeat(valueChars);
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-field-${at}`, value]));
}

export const oneLargeField = fieldsOf(1, 60 * kibibyte);
export const manyFields = fieldsOf(1_000, 40);

const bodyOfTags = (count: number): string =>
  JSON.stringify({ tags: Array.from({ length: count }, (_, at) => `tag-${at}`) });

export const smallOrder = bodyOfTags(2);
/** A body just below 65,536 bytes, the longest purge that the site reads. */
export const largeOrder = bodyOfTags(5_950);

export function someRange(draws: Draws, bodyBytes: number): Record<string, string> {
  const bytes = someNumber(draws, 64 * kibibyte) + 1;
  const from = someNumber(draws, bodyBytes - bytes);
  return { range: `bytes=${from}-${from + bytes - 1}` };
}

/**
 * Creates a purge that is valid except for its signature. The Worker needs its secret to detect the
 * forgery.
 */
export function forgedPurge(draws: Draws, body: string): Asking {
  const signature = Buffer.from(Array.from({ length: 32 }, () => someNumber(draws, 256)));
  return {
    path: "/_cache/purge",
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": `msg_${word(draws)}`,
      "webhook-timestamp": String(Math.floor(Date.now() / 1_000)),
      "webhook-signature": `v1,${signature.toString("base64")}`,
    },
    body,
  };
}

export const post = (path: string): Asking => ({ path, method: "POST", body: "a=1" });
