// Marks on names that clients choose, each with an expiry.
import { BoundedMarks } from "./bounded-map.ts";

/** The marks of one isolate, limited in bytes. */
export class Marks {
  readonly #keptMs: number;
  readonly #keptMsMax: number;
  readonly #untilAtMs = new BoundedMarks<number>();

  constructor(keptMs: number, keptMsMax = keptMs) {
    this.#keptMs = keptMs;
    this.#keptMsMax = keptMsMax;
  }

  /** @param forMs the duration, at most `keptMsMax` */
  mark(key: string, atMs: number, forMs = this.#keptMs): void {
    this.#untilAtMs.set(key, atMs + forMs);
  }

  has(key: string, atMs: number): boolean {
    const leftMs = (this.#untilAtMs.get(key) ?? -Infinity) - atMs;
    // A clock that was set back must not extend the mark.
    return leftMs > 0 && leftMs <= this.#keptMsMax;
  }

  /** Marks a key, but never extends a mark. Returns whether the key was not marked. */
  begin(key: string, atMs: number): boolean {
    if (this.has(key, atMs)) return false;
    this.mark(key, atMs);
    return true;
  }

  /** Returns whether the key was marked and not forgotten, even if the mark is over. */
  remembers(key: string): boolean {
    return this.#untilAtMs.has(key);
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}
