// Orders the loads and writes of each key by their start, so that a slow load does not overwrite a newer value.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

export class StoreOrder {
  #last = 0;
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
    if ((this.#storedByKey.get(key) ?? 0) > order) return false;
    this.#storedByKey.set(key, order);
    return true;
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
