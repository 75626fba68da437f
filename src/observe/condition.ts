// How something outside fares: its last trouble, and a line for the operator once it changes.
import type { Log, LogLine, LogValue } from "./log-line.ts";

export interface Trouble<Kind extends string> {
  readonly kind: Kind;
  /** Of the first failure since it last went well. */
  readonly sinceAtMs: number;
  readonly lastAtMs: number;
  readonly isOver: boolean;
  /** How often each kind was met since this isolate began. */
  readonly counts: Readonly<Partial<Record<Kind, number>>>;
}

export interface ConditionSettings<Kind extends string> {
  readonly tell: Log;
  /** What its lines are about, and which of several things it is. */
  readonly about: (kind: Kind) => Pick<LogLine, "event"> & Readonly<Record<string, LogValue>>;
  readonly troubleLine: (kind: Kind) => string;
  /** @param lasted such as `42 s` */
  readonly wellLine: (lasted: string) => string;
}

/** What comes and goes all the time must not flood the log: one line of each kind in that time. */
const quietMs = 60_000;

/** The condition of one thing outside, as this isolate meets it. */
export class Condition<Kind extends string> {
  readonly #settings: ConditionSettings<Kind>;
  #trouble: Trouble<Kind> | undefined;
  #endedAtMs = 0;
  /** What the log says last; `undefined` is that all is well. */
  #told: { readonly kind: Kind; readonly sinceAtMs: number } | undefined;
  readonly #toldAtMs = new Map<Kind | "well", number>();

  constructor(settings: ConditionSettings<Kind>) {
    this.#settings = settings;
  }

  /** The last, also once it is over; `undefined` if there was none. */
  get trouble(): Trouble<Kind> | undefined {
    return this.#trouble;
  }

  /** It has failed: the first of its kind in a minute is told. */
  failed(kind: Kind, atMs: number): void {
    const before = this.#trouble;
    const sinceAtMs = before === undefined || before.isOver ? atMs : before.sinceAtMs;
    const counts: Partial<Record<Kind, number>> = { ...before?.counts };
    counts[kind] = (counts[kind] ?? 0) + 1;
    this.#trouble = { kind, sinceAtMs, lastAtMs: atMs, isOver: false, counts };
    if (this.#told?.kind === kind || !this.#mayTell(kind, atMs)) return;
    this.#told = { kind, sinceAtMs: this.#told?.sinceAtMs ?? sinceAtMs };
    const { tell, about, troubleLine } = this.#settings;
    tell({ ...about(kind), level: "warn", message: troubleLine(kind), state: "began", kind });
  }

  /** It has gone well: the end of a trouble that was told is told, too. */
  succeeded(atMs: number): void {
    if (this.#trouble === undefined) return;
    if (!this.#trouble.isOver) {
      this.#trouble = { ...this.#trouble, isOver: true };
      this.#endedAtMs = atMs;
    }
    if (this.#told === undefined || !this.#mayTell("well", atMs)) return;
    const { kind, sinceAtMs } = this.#told;
    const lastedSeconds = Math.max(0, Math.round((this.#endedAtMs - sinceAtMs) / 1_000));
    this.#told = undefined;
    const { tell, about, wellLine } = this.#settings;
    const message = wellLine(`${lastedSeconds} s`);
    tell({ ...about(kind), level: "info", message, state: "ended", kind, lastedSeconds });
  }

  /** A line that has to wait is told by the next failure or success after that. */
  #mayTell(of: Kind | "well", atMs: number): boolean {
    const toldAtMs = this.#toldAtMs.get(of) ?? -Infinity;
    // A clock that was set back must not silence it.
    if (Math.abs(atMs - toldAtMs) < quietMs) return false;
    this.#toldAtMs.set(of, atMs);
    return true;
  }
}
