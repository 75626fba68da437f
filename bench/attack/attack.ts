// The description of one attack: its requests, their rate, and how the client uses its connection.
import type { RateLimitSettings } from "../../local/colo.ts";
import type { Draws } from "../../testing/draws.ts";
import type { Asking } from "./askings.ts";

/**
 * `ask` reads the whole response. `reset-before` and `reset-during` reset the connection: before
 * the response, or at its first byte. `slow-read` and `slow-upload` read or send one byte a second
 * until the attack ends. `crowd` sends `crowdCount` requests at once.
 */
export type Manner =
  | "ask"
  | "crowd"
  | "reset-before"
  | "reset-during"
  | "slow-read"
  | "slow-upload";

export const crowdCount = 150;

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
   * Makes all pages old before the attack: a new isolate does not know their stamps, so it looks up
   * each in the journal's book, beside 100,000 purged tags. The attack first requests its first
   * `pageCount` pages.
   */
  readonly aged?: { readonly stores: "redis" | "cloudflare"; readonly pageCount: number };
  /** The size of each Durable Object of records, on a site without Redis; absent with Redis. */
  readonly objectBytes?: number;
  /**
   * Why this attack may miss a demand without the platform's rate limiter; absent if all demands
   * must hold.
   */
  readonly limiterNeeded?: string;
}
