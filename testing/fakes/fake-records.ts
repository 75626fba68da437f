// The records of the fake of Upstash, which expire by the test's clock, and the commands for them.
import type { FakeClock } from "./fake-clock.ts";

export interface KeptRecord {
  text: string;
  untilAtMs: number;
}

export class FakeRecords {
  readonly #clock: FakeClock;
  readonly kept = new Map<string, KeptRecord>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get(key: string): KeptRecord | undefined {
    const held = this.kept.get(key);
    if (held !== undefined && this.#clock.atMs >= held.untilAtMs) this.kept.delete(key);
    return this.kept.get(key);
  }

  /** Removes expired records, as Redis does in the background. */
  removeExpired(): void {
    for (const key of this.kept.keys()) this.get(key);
  }

  /** Runs SET key value PX ms, also with XX. */
  set(key: string, [text = "", ...options]: readonly string[]): "OK" | null {
    const words = options.map((option) => option.toUpperCase());
    const ms = words[words.indexOf("PX") + 1];
    if (words.includes("XX") && this.get(key) === undefined) return null;
    this.kept.set(key, { text, untilAtMs: this.#clock.atMs + Number(ms) });
    return "OK";
  }

  /** Runs SETRANGE at offset 0. */
  setRange(key: string, text: string): number {
    const held = this.get(key) ?? { text: "", untilAtMs: Infinity };
    held.text = text + held.text.slice(text.length);
    this.kept.set(key, held);
    return held.text.length;
  }

  /** Runs PEXPIRE key ms, also with GT. */
  expire(key: string, [ms, option]: readonly string[]): number {
    const held = this.get(key);
    const untilAtMs = this.#clock.atMs + Number(ms);
    const isLess = option === "GT" && held !== undefined && untilAtMs <= held.untilAtMs;
    if (held === undefined || isLess) return 0;
    held.untilAtMs = untilAtMs;
    return 1;
  }

  /**
   * Returns one page of a SCAN. The first `foreign` keys belong to other applications, and do not
   * match. A page is longer than COUNT, which is only a hint.
   */
  page(from: number, count: number, foreign: number): [cursor: string, keys: string[]] {
    const to = from + count + 7;
    const keys = [...this.kept.keys()];
    const found = keys.slice(Math.max(0, from - foreign), Math.max(0, to - foreign));
    return [to < foreign + keys.length ? String(to) : "0", found];
  }
}
