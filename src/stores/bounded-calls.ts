// Calls of a store with a bound on every wait. What does not answer in time fails; after three such
// failures in a row nothing is asked of it but a probe per pause, behind an answer.
import { Condition } from "../observe/condition.ts";
import type { Log, LogLine } from "../observe/log-line.ts";
import { OutOfTime, within } from "../base/patience.ts";
import type { TierTrouble } from "../cache/tiers/tier.ts";
import { Breaker } from "../redis/breaker.ts";

export interface BoundedCallsSettings {
  /** What is called, as a sentence begins with it. */
  readonly about: string;
  readonly event: LogLine["event"];
  readonly nowAtMs: () => number;
  /** Told in a line for the operator when it stops answering, and when it answers again. */
  readonly tell?: Log | undefined;
}

/** A client may wait for what is read. */
export const readMsMax = 1_000;
export const writeMsMax = 5_000;

export class BoundedCalls {
  readonly #settings: BoundedCallsSettings;
  /** An error that comes in time costs nobody anything: it opens nothing. */
  readonly #breaker = new Breaker();
  readonly #condition: Condition<"timeout">;
  readonly #shutOff: Condition<"shut-off">;

  constructor(settings: BoundedCallsSettings) {
    const { about, event, tell = () => undefined } = settings;
    this.#settings = settings;
    this.#condition = new Condition({
      tell,
      about: () => ({ event }),
      troubleLine: () => `${this.#why}.`,
      wellLine: (lasted) => `${about} answers again after ${lasted}.`,
    });
    this.#shutOff = new Condition({
      tell,
      about: () => ({ event: "breaker" }),
      troubleLine: () => `${about} is shut off: only probes ask it, behind answers.`,
      wellLine: (lasted) => `${about} was shut off for ${lasted}, and is no longer.`,
    });
  }

  get #why(): string {
    return `${this.#settings.about} does not answer in time`;
  }

  get isShutOff(): boolean {
    return this.#breaker.isOpen;
  }

  /** The last, also once it is over. */
  get trouble(): TierTrouble | undefined {
    const { trouble } = this.#condition;
    return trouble && { ...trouble, why: this.#why };
  }

  /** @param probe what is asked behind the answer, if a probe is due */
  mayBeAsked(
    probe: () => Promise<unknown>,
    afterAnswer: (work: () => Promise<void>) => void,
  ): boolean {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") afterAnswer(async () => void (await probe().catch(() => undefined)));
    return state === "closed";
  }

  /**
   * Rejects as the call does, or with `OutOfTime`.
   *
   * @param onLate gets an answer that nobody waits for any longer
   */
  async answered<T>(
    call: () => Promise<T>,
    msMax: number,
    onLate?: (answer: T) => void,
  ): Promise<T> {
    const { nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    let called: Promise<T> | undefined;
    try {
      // A store that is not there throws.
      called = call();
      const answer = await within(called, msMax);
      this.#isWell();
      return answer;
    } catch (cause) {
      if (cause instanceof OutOfTime) {
        void called?.then(onLate, () => undefined);
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
