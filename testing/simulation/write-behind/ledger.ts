// A ledger of the changes that the store has accepted, independent of the code under test. It
// decides which values are allowed.

/** The number of changes accepted by then. */
export type Moment = number;

export interface Ledger<Change, Value> {
  readonly now: Moment;
  /** Records that the store accepted a change into a slice. */
  accept(slice: number, change: Change): void;
  /**
   * Records that the store lost the changes since a moment.
   *
   * @param isKept whether the database has the slice's changes of the key
   */
  lose(since: Moment, isKept: (slice: number, key: string) => boolean): void;
  /**
   * Checks that a value equals the accepted changes that were not lost.
   *
   * @param from the moment before which changes must be in the value
   * @param to the moment from which changes cannot be in it
   * @returns the violation; `undefined` if there is none
   */
  violationOf(key: string, value: Value | undefined, from: Moment, to: Moment): string | undefined;
}
