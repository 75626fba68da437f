// A ledger of the changes that the store has accepted. It shares no code with the product, and
// decides which values are allowed.

/** A moment, as the number of changes that were accepted before it. */
export type Moment = number;

/** An accepted change. */
export interface Accepted {
  readonly at: Moment;
  slice: number;
  isLost: boolean;
}

export interface Ledger<Change extends { readonly key: string }, Value> extends Pick<
  AcceptedChanges<Change, object>,
  "now" | "accept" | "move" | "lose"
> {
  /**
   * Checks that a value equals the accepted changes that were not lost.
   *
   * @param from the value must contain changes from before this moment
   * @param to the value cannot contain changes from this moment on
   * @returns the violation; `undefined` if there is none
   */
  violationOf(key: string, value: Value | undefined, from: Moment, to: Moment): string | undefined;
}

/** @typeParam Noted what a ledger notes of a change */
export abstract class AcceptedChanges<Change extends { readonly key: string }, Noted> {
  #count = 0;
  readonly #events = new Map<string, (Accepted & Noted)[]>();

  get now(): Moment {
    return this.#count;
  }

  protected abstract noted(change: Change): Noted;

  /** Records that the store accepted a change into a slice. */
  accept(slice: number, change: Change): void {
    const accepted = { at: this.#count, slice, isLost: false, ...this.noted(change) };
    this.#events.set(change.key, [...this.eventsOf(change.key), accepted]);
    this.#count += 1;
  }

  /** Records that the changes of a slice moved to another slice. */
  move(from: number, to: number): void {
    for (const event of [...this.#events.values()].flat()) {
      if (event.slice === from) event.slice = to;
    }
  }

  /**
   * Records that the store lost the changes since a moment.
   *
   * @param isKept returns whether the database has the slice's changes of the key
   */
  lose(since: Moment, isKept: (slice: number, key: string) => boolean): void {
    for (const [key, events] of this.#events) {
      for (const event of events) {
        if (event.at >= since && !isKept(event.slice, key)) event.isLost = true;
      }
    }
  }

  protected eventsOf(key: string): readonly (Accepted & Noted)[] {
    return this.#events.get(key) ?? [];
  }
}
