// An account of what the store has accepted, beside the code under test: it says what values may be.

/** How much was accepted by then. */
export type Moment = number;

export interface Ledger<Change, Value> {
  readonly now: Moment;
  /** The store has taken it into a slice. */
  accept(slice: number, change: Change): void;
  /**
   * The store has lost what came since.
   *
   * @param isKept whether the database has what the slice holds of the key
   */
  lose(since: Moment, isKept: (slice: number, key: string) => boolean): void;
  /**
   * Whether a value is what has been accepted, and not lost.
   *
   * @param from what was accepted before it has to be in the value
   * @param to   what was accepted from then on cannot be in it
   * @returns what is wrong with it; `undefined`: nothing
   */
  violationOf(key: string, value: Value | undefined, from: Moment, to: Moment): string | undefined;
}
