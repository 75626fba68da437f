// By which fields the answers of an origin are known to vary, where its route forwards few of them.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

/** By primary keys, also where nothing is stored and no marker tells it. */
export class KnownVary {
  readonly #names = new BoundedMarks<readonly string[]>(undefined, (names) => names.join());

  /** @returns empty where none is known */
  names(key: string): readonly string[] {
    return this.#names.get(key) ?? [];
  }

  /** The same, without counting as a use. */
  peek(key: string): readonly string[] {
    return this.#names.peek(key) ?? [];
  }

  /** Takes the place of what was known. */
  learn(key: string, names: readonly string[]): void {
    this.#names.set(key, names);
  }

  /** An answer came that varies by these, so that no other field need go along. */
  forgetOthers(key: string, names: readonly string[]): void {
    const known = this.#names.get(key) ?? [];
    const kept = known.filter((name) => names.includes(name));
    if (kept.length === 0) this.#names.delete(key);
    else if (kept.length < known.length) this.#names.set(key, kept);
  }
}
