// Orders the loads and writes of each key by their start, so that a slow load does not overwrite a newer value.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

export class StoreOrder {
  #last = 0;
  readonly #storedByKey = new BoundedMarks<number>();

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
}
