// Checks the values of a buffer. The newest accepted value that was not lost is the oldest that a
// key may have. A newer one is also right: it may have survived, or was accepted during the read.
import type { SequencedPut } from "../../../src/write-behind/change-kind.ts";
import type { Ledger, Moment } from "./ledger.ts";

interface Event {
  readonly at: number;
  slice: number;
  readonly put: SequencedPut;
  isLost: boolean;
}

export class PutsLedger implements Ledger<SequencedPut, string> {
  #count = 0;
  readonly #events = new Map<string, Event[]>();

  get now(): Moment {
    return this.#count;
  }

  accept(slice: number, put: SequencedPut): void {
    this.#of(put.key).push({ at: this.#count, slice, put, isLost: false });
    this.#count += 1;
  }

  move(from: number, to: number): void {
    for (const events of this.#events.values()) {
      for (const event of events) if (event.slice === from) event.slice = to;
    }
  }

  lose(since: Moment, isKept: (slice: number, key: string) => boolean): void {
    for (const [key, events] of this.#events) {
      for (const event of events) {
        if (event.at >= since && !isKept(event.slice, key)) event.isLost = true;
      }
    }
  }

  /** Returns whether the value was ever accepted into a slice. Each value is put once. */
  has(key: string, value: string): boolean {
    return this.#of(key).some(({ put }) => put.value === value);
  }

  violationOf(key: string, value: string | undefined, from: Moment, to: Moment) {
    const events = this.#of(key).filter(({ at }) => at < to);
    const newest = events
      .filter(({ at, isLost }) => at < from && !isLost)
      .reduce<Event | undefined>(
        (one, other) => (one && isNewer(one, other) ? one : other),
        undefined,
      );
    if (newest === undefined && value === undefined) return undefined;
    const isAllowed = events.some(
      (event) => (event.put.value ?? undefined) === value && !(newest && isNewer(newest, event)),
    );
    return isAllowed ? undefined : `${key} is ${value}, and the newest is ${newest?.put.value}`;
  }

  #of(key: string): Event[] {
    let events = this.#events.get(key);
    if (events === undefined) this.#events.set(key, (events = []));
    return events;
  }
}

const isNewer = (one: Event, other: Event): boolean =>
  one.slice === other.slice ? one.put.sequence > other.put.sequence : one.slice > other.slice;
