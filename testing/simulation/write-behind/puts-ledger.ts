// Checks the values of a buffer. The newest accepted value that was not lost is the oldest that a
// key may have. A newer one is also right: it may have survived, or was accepted during the read.
import type { SequencedPut } from "../../../src/write-behind/change-kind.ts";
import { type Accepted, AcceptedChanges, type Ledger, type Moment } from "./ledger.ts";

interface Noted {
  readonly put: SequencedPut;
}
type Event = Accepted & Noted;

export class PutsLedger
  extends AcceptedChanges<SequencedPut, Noted>
  implements Ledger<SequencedPut, string>
{
  protected noted(put: SequencedPut): Noted {
    return { put };
  }

  /** Returns whether the value was ever accepted into a slice. Each value is put once. */
  has(key: string, value: string): boolean {
    return this.eventsOf(key).some(({ put }) => put.value === value);
  }

  violationOf(key: string, value: string | undefined, from: Moment, to: Moment) {
    const events = this.eventsOf(key).filter(({ at }) => at < to);
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
}

const isNewer = (one: Event, other: Event): boolean =>
  one.slice === other.slice ? one.put.sequence > other.put.sequence : one.slice > other.slice;
