// A difference between Tidemark and http-cache-semantics.
import type { Exchange } from "./exchange.ts";
import type { Aspect } from "./aspects.ts";

export interface Difference {
  /** The name of the difference. */
  readonly id: string;
  /**
   * Returns the exchange without the case of this difference, or the same object if the exchange
   * does not have the case. A difference is explained if the two agree on the result, so no other
   * oddity can hide behind this case.
   */
  readonly without: (exchange: Exchange) => Exchange;
  /**
   * The aspects that the difference explains, each with a limit from 0 to 1. The limit applies to
   * the share of exchanges with only this case in which the two agree: how much broader the case is
   * than the difference. Limits are often high, because an odd directive seldom decides anything.
   */
  readonly agreedShareMax: Readonly<Partial<Record<Aspect, number>>>;
}
