// Which of two loads or writes of one key began last, as this isolate has seen it: a slow load must not
// put its older value in the place of a newer one.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

export class StoreOrder {
  #last = 0;
  readonly #storedByKey = new BoundedMarks<number>();

  /** To be called before the source is asked. */
  begin(): number {
    this.#last += 1;
    return this.#last;
  }

  /**
   * @param order of `begin`
   * @returns false where what began later has been stored under the key; else it is noted as stored
   */
  mayStore(key: string, order: number): boolean {
    if ((this.#storedByKey.get(key) ?? 0) > order) return false;
    this.#storedByKey.set(key, order);
    return true;
  }
}
