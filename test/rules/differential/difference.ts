// A difference between Tidemark and http-cache-semantics. docs/differences.md explains it.
import type { Exchange } from "./exchange.ts";
import type { Facet } from "./facets.ts";

export interface Difference {
  /** As in the row of docs/differences.md that explains the difference. */
  readonly id: string;
  /**
   * The exchange with this case taken out of it, and the very same exchange where the case is not
   * in it. What is explained is what then agrees: no other oddity can hide behind this one.
   */
  readonly without: (exchange: Exchange) => Exchange;
  /**
   * The facets that it explains, and in what share of the exchanges with this case alone the two
   * agree in that facet all the same, 0 to 1: how much broader the case is than the difference. An
   * odd directive seldom decides anything; that it hides nothing, `without` sees to.
   */
  readonly agreedShareMax: Readonly<Partial<Record<Facet, number>>>;
}
