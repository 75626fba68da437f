// Checks the values of a counter. Each add raises its key by its own power of 4, so that the digits
// of a sum show how often each add counts.
import type { Add } from "../../../src/write-behind/sinks/sink.ts";
import { type Accepted, AcceptedChanges, type Ledger, type Moment } from "./ledger.ts";

interface Noted {
  readonly isReset: boolean;
  /** The digits of the adds in this change. They count after its reset, if it is one. */
  readonly digits: readonly number[];
}
type Event = Accepted & Noted;

/** The maximum number of adds of a key whose sum is a safe integer. */
const digitsMax = 26;

export class AddsLedger extends AcceptedChanges<Add, Noted> implements Ledger<Add, number> {
  readonly #given = new Map<string, number>();

  /** @returns the amount of the next add of the key; `undefined` after the maximum number */
  next(key: string): number | undefined {
    const digit = this.#given.get(key) ?? 0;
    if (digit >= digitsMax) return undefined;
    this.#given.set(key, digit + 1);
    return 4 ** digit;
  }

  protected noted({ by, isReset }: Add): Noted {
    return { isReset, digits: digitsOf(by).flatMap((times, digit) => (times > 0 ? [digit] : [])) };
  }

  /** Returns whether the add was ever accepted into a slice. */
  has(key: string, by: number): boolean {
    const digit = Math.round(Math.log2(by) / 2);
    return this.eventsOf(key).some(({ digits }) => digits.includes(digit));
  }

  violationOf(key: string, value = 0, from: Moment, to: Moment): string | undefined {
    if (!Number.isSafeInteger(value) || value < 0) return `${key} is ${value}`;
    const events = this.eventsOf(key).filter(({ at }) => at < to);
    const counted = digitsOf(value);
    const given = Math.max(this.#given.get(key) ?? 0, counted.length);
    for (let digit = 0; digit < given; digit += 1) {
      const times = counted[digit] ?? 0;
      const wrong = times > 1 ? `counts ${times} times` : wrongAbout(digit, times, events, from);
      if (wrong !== undefined) return `${key}: add ${digit} (${4 ** digit}) ${wrong}`;
    }
    return undefined;
  }
}

function wrongAbout(
  digit: number,
  times: number,
  events: readonly Event[],
  from: Moment,
): string | undefined {
  const own = events.filter(({ digits }) => digits.includes(digit));
  if (own.length === 0) return times === 0 ? undefined : "counts, and was not accepted";
  const resets = events.filter(({ isReset }) => isReset);
  const isBefore = (one: Event, other: Event) =>
    one.slice === other.slice ? one.at < other.at : one.slice < other.slice;
  const isSure = ({ at, isLost }: Event) => at < from && !isLost;
  const hasToCount = own.some(
    (add) => isSure(add) && !resets.some((reset) => isBefore(add, reset)),
  );
  if (hasToCount) return times === 1 ? undefined : "was accepted, and does not count";
  const isRemoved = own.every((add) =>
    resets.some((reset) => isSure(reset) && isBefore(add, reset)),
  );
  return isRemoved && times > 0 ? "was removed, and counts" : undefined;
}

/** Returns how often each add counts, by the digit of the add. */
function digitsOf(value: number): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 4)) digits.push(rest % 4);
  return digits;
}
