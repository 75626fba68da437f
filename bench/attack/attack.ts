// One attack: what it asks for, in what manner, and how often.
import type { RateLimitSettings } from "../../local/colo.ts";
import type { Draws } from "../../testing/draws.ts";
import type { Asking } from "./askings.ts";

/**
 * `ask`: reads the whole answer. `reset-before`, `reset-during`: resets its connection before the
 * answer comes, or at its first byte. `slow-read`, `slow-upload`: a byte a second until the end.
 */
export type Manner = "ask" | "reset-before" | "reset-during" | "slow-read" | "slow-upload";

export interface Attack {
  readonly name: string;
  readonly said: string;
  readonly manner: Manner;
  /** Of the base rate: less where each costs the attacker's side more than a request does. */
  readonly rateShare: number;
  readonly asking: (nth: number, draws: Draws) => Asking;
  /** What honest clients also ask for, beside this attack: it has to be cached in the end. */
  readonly alsoHonest?: readonly Asking[];
  /** Of the platform's rate limiter before the origin; absent, there is none. */
  readonly limit?: RateLimitSettings;
  /** A bounded redis-server in the place of an unbounded database; and whether the journal has its own. */
  readonly database?: { readonly policy: string; readonly hasOwnJournal?: true };
  /** Why a demand need not hold without the platform's rate limiter; absent, it has to. */
  readonly limiterNeeded?: string;
}
