// One attack: its requests, its manner and its rate.
import type { RateLimitSettings } from "../../local/colo.ts";
import type { Draws } from "../../testing/draws.ts";
import type { Asking } from "./askings.ts";

/**
 * `ask`: reads the whole answer. `reset-before`, `reset-during`: resets its connection before the
 * answer, or at its first byte. `slow-read`, `slow-upload`: one byte a second until the end.
 */
export type Manner = "ask" | "reset-before" | "reset-during" | "slow-read" | "slow-upload";

export interface Attack {
  readonly name: string;
  readonly said: string;
  readonly manner: Manner;
  /** A share of the base rate, lower for attacks that cost the attacker more than a request. */
  readonly rateShare: number;
  readonly asking: (nth: number, draws: Draws) => Asking;
  /** Requests that honest clients also send during this attack. Their pages must end up cached. */
  readonly alsoHonest?: readonly Asking[];
  /** The limit of the platform's rate limiter before the origin; absent without one. */
  readonly limit?: RateLimitSettings;
  /**
   * A bounded redis-server instead of an unbounded database, and whether the journal has its own.
   */
  readonly database?: { readonly policy: string; readonly hasOwnJournal?: true };
  /**
   * The reason why a demand may fail without the platform's rate limiter; absent if it must hold.
   */
  readonly limiterNeeded?: string;
}
