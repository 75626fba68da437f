// A ledger of the changes that the store has accepted. It shares no code with the product, and
// decides which values are allowed.

/** A moment, as the number of changes that were accepted before it. */
export type Moment = number;

export interface Ledger<Change, Value> {
  readonly now: Moment;
  /** Records that the store accepted a change into a slice. */
  accept(slice: number, change: Change): void;
  /** Records that the changes of a slice moved to another slice. */
  move(from: number, to: number): void;
  /**
   * Records that the store lost the changes since a moment.
   *
   * @param isKept returns whether the database has the slice's changes of the key
   */
  lose(since: Moment, isKept: (slice: number, key: string) => boolean): void;
  /**
   * Checks that a value equals the accepted changes that were not lost.
   *
   * @param from the value must contain changes from before this moment
   * @param to the value cannot contain changes from this moment on
   * @returns the violation; `undefined` if there is none
   */
  violationOf(key: string, value: Value | undefined, from: Moment, to: Moment): string | undefined;
}
