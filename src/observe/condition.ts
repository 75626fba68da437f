// Tracks the health of a part that can fail, such as an external service. Keeps its last trouble,
// and logs changes.
import type { Log, LogLine, LogValue } from "./log-line.ts";

export interface Trouble<Kind extends string> {
  readonly kind: Kind;
  /** The time of the first failure after the last success. */
  readonly sinceAtMs: number;
  readonly lastAtMs: number;
  readonly isOver: boolean;
  /** Failures by kind since this isolate started. */
  readonly counts: Readonly<Partial<Record<Kind, number>>>;
}

interface ConditionSettings<Kind extends string> {
  readonly tell: Log;
  /** Returns fields of the log lines. `level` replaces `warn` in the line of a failure. */
  readonly about: (
    kind: Kind,
  ) => Pick<LogLine, "event"> &
    Partial<Pick<LogLine, "level">> &
    Readonly<Record<string, LogValue>>;
  readonly troubleLine: (kind: Kind) => string;
  /** @param lasted a duration such as `42 s` */
  readonly wellLine: (lasted: string) => string;
}

/**
 * The minimum time between lines of one kind, so that an unstable service does not flood the log.
 */
const quietMs = 60_000;

/** The health of one service, as observed by this isolate. */
export class Condition<Kind extends string> {
  readonly #settings: ConditionSettings<Kind>;
  #trouble: Trouble<Kind> | undefined;
  #endedAtMs = 0;
  /** The last logged state; `undefined` if healthy. */
  #logState: { readonly kind: Kind; readonly sinceAtMs: number } | undefined;
  readonly #toldAtMs = new Map<Kind | "well", number>();

  constructor(settings: ConditionSettings<Kind>) {
    this.#settings = settings;
  }

  /** The last trouble, even if it is over; `undefined` if there was none. */
  get trouble(): Trouble<Kind> | undefined {
    return this.#trouble;
  }

  /**
   * Records a failure. Logs it if its kind differs from the logged state, at most once a minute per
   * kind.
   */
  failed(kind: Kind, atMs: number): void {
    const before = this.#trouble;
    const sinceAtMs = before === undefined || before.isOver ? atMs : before.sinceAtMs;
    const counts: Partial<Record<Kind, number>> = { ...before?.counts };
    counts[kind] = (counts[kind] ?? 0) + 1;
    this.#trouble = { kind, sinceAtMs, lastAtMs: atMs, isOver: false, counts };
    if (this.#logState?.kind === kind || !this.#mayTell(kind, atMs)) return;
    this.#logState = { kind, sinceAtMs: this.#logState?.sinceAtMs ?? sinceAtMs };
    const { tell, about, troubleLine } = this.#settings;
    tell({ level: "warn", ...about(kind), message: troubleLine(kind), state: "began", kind });
  }

  /** Records a success. Logs the end of a logged trouble, at most once a minute. */
  succeeded(atMs: number): void {
    if (this.#trouble === undefined) return;
    if (!this.#trouble.isOver) {
      this.#trouble = { ...this.#trouble, isOver: true };
      this.#endedAtMs = atMs;
    }
    if (this.#logState === undefined || !this.#mayTell("well", atMs)) return;
    const { kind, sinceAtMs } = this.#logState;
    const lastedSeconds = Math.max(0, Math.round((this.#endedAtMs - sinceAtMs) / 1_000));
    this.#logState = undefined;
    const { tell, about, wellLine } = this.#settings;
    const message = wellLine(`${lastedSeconds} s`);
    tell({ ...about(kind), level: "info", message, state: "ended", kind, lastedSeconds });
  }

  /** Returns whether a line may be logged now. If not, a later failure or success logs it. */
  #mayTell(of: Kind | "well", atMs: number): boolean {
    const reportedAtMs = this.#toldAtMs.get(of) ?? -Infinity;
    // Use the absolute difference, so that a clock that was set back does not suppress the line.
    if (Math.abs(atMs - reportedAtMs) < quietMs) return false;
    this.#toldAtMs.set(of, atMs);
    return true;
  }
}
