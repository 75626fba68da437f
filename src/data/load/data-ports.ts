// The dependencies of lookups, loads and writes: one object of each cache. Also orders the loads and writes of
// each key, so that a slow load does not overwrite a newer value.
import type { OperatorError } from "../../base/operator-error.ts";
import type { TurnPorts } from "../../cache/lock-turn.ts";
import type { KeyedSemaphore } from "../../cache/keyed-semaphore.ts";
import type { LoadPorts } from "../../cache/load.ts";
import { BoundedMarks } from "../../base/bounded-map.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import type { TierName } from "../../config/tier-names.ts";
import type { PurgeView } from "../../purge/view/view-port.ts";
import type { DataDetail } from "../value/data-record.ts";
import type { EventListener } from "../value/events.ts";
import type { DataTiers, DataPlace } from "../value/space.ts";
import type { DataCounts } from "./data-counts.ts";
import type { LoadOutcome } from "./load-outcome.ts";

/** The methods of the purge view that the data cache uses. */
export type JudgingView = Pick<
  PurgeView,
  "judge" | "mayBeValidated" | "seek" | "stamp" | "renewIfDue"
>;

/** The dependencies of a verdict. */
export interface VerdictPorts {
  readonly view: JudgingView;
  /** The location of this isolate. Rule 7 (b) trusts values that were loaded at the same location. */
  readonly colo: () => string;
  /** N of the purge protocol. */
  readonly maxLagMs: number;
  /**
   * A of the purge protocol. A value from further in the future has an unknown age: the writer's
   * clock is wrong, or this clock was set back.
   */
  readonly allowanceMs: number;
}

/**
 * The dependencies of lookups, loads and writes. `flights` are the loads of this isolate, and `random` returns a
 * number n, 0 ≤ n < 1.
 */
export interface DataPorts
  extends VerdictPorts, LoadPorts<LoadOutcome>, TurnPorts<RecordHead<DataDetail>> {
  /** The purge view without `UnpurgedWrites`, whose holds make `view` refuse values. */
  readonly viewOfPurges: JudgingView;
  readonly tiers: DataTiers;
  /** The host of the Cache API keys. */
  readonly host: string;
  readonly stores: StoreOrder;
  /** The slots for calls that cannot share a load. */
  readonly loadSlots: KeyedSemaphore;
  readonly counts: DataCounts;
  /** The application's listener; `undefined` if it has none. */
  readonly events: EventListener | undefined;
  /** The time of each key's last failed load. */
  readonly failures: BoundedMarks<number>;
  /** The largest value that Redis stores. */
  readonly sharedBodyBytes: number;
  readonly onBadRecord: () => void;
  readonly randomText: () => string;
  /**
   * Returns the hold on a key. The key's values are neither used nor stored until a purge of the
   * key is accepted.
   */
  readonly holdOn: (place: DataPlace) => object | undefined;
  /** Called for a value that is too large for every tier. */
  readonly onTooLarge?: (error: OperatorError) => unknown;
  /** Called after each write. */
  readonly onWritten?: (written: WriteResult) => void;
}

/** The result of one write. */
export interface WriteResult {
  readonly tier: TierName;
  readonly key: RecordKey;
  /** `kept`, `unavailable`, or the rule that refused the value. */
  readonly result: string;
}

export class StoreOrder {
  #last = 0;
  /** Whether the journal had new entries at the last `set` in Redis alone, so that the next one reads it first. */
  hasNews = false;
  /** The namespaces whose last `set` kept older tags, so that the next one reads them before the script. */
  readonly tagged = new Set<string>();
  readonly #storedByKey = new BoundedMarks<number>();
  readonly #setAtMsByKey = new BoundedMarks<number>();

  /** Returns the order of a load or a write. Callers take it before they call the source. */
  begin(): number {
    this.#last += 1;
    return this.#last;
  }

  /**
   * Records the value as stored, unless a value with a later start is already stored.
   *
   * @param order from `begin`
   * @returns `false` if a value with a later start is stored
   */
  mayStore(key: string, order: number): boolean {
    const stored = this.#storedByKey.get(key) ?? 0;
    if (stored < order) this.#storedByKey.set(key, order);
    return stored <= order;
  }

  /** Records the time of a `set` whose value is in Redis alone, in epoch milliseconds. */
  wasSet(key: string, atMs: number): void {
    this.#setAtMsByKey.set(key, atMs);
  }

  /** Returns the time of the last recorded `set`; −∞ if unknown. */
  lastSetAtMs(key: string): number {
    return this.#setAtMsByKey.get(key) ?? -Infinity;
  }
}
