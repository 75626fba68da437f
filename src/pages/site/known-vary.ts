// Remembers the fields by which responses vary, for routes that forward only some fields.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

/** The field names by the key before `Vary`, even if no marker is stored. */
export class KnownVary {
  readonly #names = new BoundedMarks<readonly string[]>(undefined, (names) => names.join());

  /** Returns the known names; empty for none. */
  names(key: string): readonly string[] {
    return this.#names.get(key) ?? [];
  }

  /** Replaces the known names. */
  learn(key: string, names: readonly string[]): void {
    this.#names.set(key, names);
  }

  /** Forgets all names except these, because the newest response does not vary by the rest. */
  forgetOthers(key: string, names: readonly string[]): void {
    const known = this.#names.get(key) ?? [];
    const kept = known.filter((name) => names.includes(name));
    if (kept.length === 0) this.#names.delete(key);
    else if (kept.length < known.length) this.#names.set(key, kept);
  }
}
