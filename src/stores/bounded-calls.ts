// Limits every wait for a store. Three timeouts in a row shut the store off. While the store is
// shut off, `mayBeAsked` sends only one background probe per pause.
import { Condition } from "../observe/condition.ts";
import type { Log, LogLine } from "../observe/log-line.ts";
import { invocationHere, StoreCalls } from "../base/invocation.ts";
import { OutOfTime, within } from "../base/timeouts.ts";
import type { TierTrouble } from "../cache/tiers/tier.ts";
import { Breaker } from "../redis/breaker.ts";

export interface BoundedCallsSettings {
  /** The name of the store, as the subject of a sentence. */
  readonly about: string;
  readonly event: LogLine["event"];
  readonly nowAtMs: () => number;
  /** Receives the log lines when the store stops answering, and when it answers again. */
  readonly tell?: Log | undefined;
  /** Whether a call takes a connection of its invocation. Default: false. */
  readonly takesSlot?: boolean;
  /** Called for each call that fails for lack of subrequests. */
  readonly onRefused?: () => void;
}

/** The timeouts of reads, which a client may wait for, and of writes. */
export const readMsMax = 1_000;
export const writeMsMax = 5_000;

export class BoundedCalls {
  readonly #settings: BoundedCallsSettings;
  readonly #calls: StoreCalls;
  /** Counts only timeouts, because a prompt error does not delay requests. */
  readonly #breaker = new Breaker();
  readonly #condition: Condition<"timeout">;
  readonly #shutOff: Condition<"shut-off">;

  constructor(settings: BoundedCallsSettings) {
    const { about, event, onRefused, tell = () => undefined } = settings;
    this.#settings = settings;
    this.#calls = new StoreCalls(onRefused);
    this.#condition = new Condition({
      tell,
      about: () => ({ event }),
      troubleLine: () => `${this.#why}.`,
      wellLine: (lasted) => `${about} answers again after ${lasted}.`,
    });
    this.#shutOff = new Condition({
      tell,
      about: () => ({ event: "breaker" }),
      troubleLine: () => `${about} is shut off: only background probes use it.`,
      wellLine: (lasted) => `${about} was shut off for ${lasted} and is in use again.`,
    });
  }

  get #why(): string {
    return `${this.#settings.about} does not answer in time`;
  }

  get isShutOff(): boolean {
    return this.#breaker.isOpen;
  }

  /** The last trouble, even if it is over. */
  get trouble(): TierTrouble | undefined {
    const { trouble } = this.#condition;
    return trouble && { ...trouble, why: this.#why };
  }

  /** Returns whether the store may be used. If a probe is due, runs `probe` in the background. */
  mayBeAsked(
    probe: () => Promise<unknown>,
    afterAnswer: (work: () => Promise<void>) => void,
  ): boolean {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") afterAnswer(async () => void (await probe().catch(() => undefined)));
    return state === "closed";
  }

  /**
   * Makes a call. Rejects like the call, or with `OutOfTime`.
   *
   * @param onLate receives an answer that arrives after the timeout
   */
  answered<T>(call: () => Promise<T>, msMax: number, onLate?: (answer: T) => void): Promise<T> {
    const bounded = () => this.#bounded(call, msMax, onLate);
    if (this.#settings.takesSlot === true) return this.#calls.inSlot(bounded, msMax);
    return this.#calls.counted(bounded);
  }

  async #bounded<T>(
    call: () => Promise<T>,
    msMax: number,
    onLate: ((answer: T) => void) | undefined,
  ): Promise<T> {
    const { nowAtMs, takesSlot = false } = this.#settings;
    const sentAtMs = nowAtMs();
    const hasQueued = invocationHere().watchLoads();
    let called: Promise<T> | undefined;
    try {
      // Without a store, the call throws synchronously.
      called = call();
      const answer = await within(called, msMax);
      this.#isWell();
      return answer;
    } catch (cause) {
      if (cause instanceof OutOfTime) {
        void called?.then(onLate, () => undefined);
        // The call may have waited behind those of a load (docs/adr/0056).
        if (takesSlot && hasQueued()) throw cause;
        this.#breaker.failed(nowAtMs(), sentAtMs);
        this.#condition.failed("timeout", nowAtMs());
        if (this.isShutOff) this.#shutOff.failed("shut-off", nowAtMs());
      } else this.#isWell();
      throw cause;
    }
  }

  #isWell(): void {
    this.#breaker.succeeded();
    if (this.#condition.trouble === undefined) return;
    this.#condition.succeeded(this.#settings.nowAtMs());
    this.#shutOff.succeeded(this.#settings.nowAtMs());
  }
}
