// Limits every wait for a store whose calls reject, such as the Cache API. Three timeouts in a row shut
// the store off.
import type { Trouble } from "../observe/condition.ts";
import { OutOfTime, within } from "../base/timeouts.ts";
import { invocationHere, StoreCalls } from "./invocation.ts";
import { StoreHealth, type StoreHealthSettings } from "./store-health.ts";

export interface BoundedCallsSettings extends Omit<StoreHealthSettings, "words"> {
  /** Whether a call takes a connection of its invocation. Default: false. */
  readonly takesSlot?: boolean;
  /** Called for each call that fails for lack of subrequests. */
  readonly onRefused?: () => void;
}

export class BoundedCalls {
  readonly #settings: BoundedCallsSettings;
  readonly #calls: StoreCalls;
  /** Knows only timeouts, because a prompt error does not delay requests. */
  readonly health: StoreHealth;
  readonly #why: string;

  constructor(settings: BoundedCallsSettings) {
    this.#settings = settings;
    this.#calls = new StoreCalls(settings.onRefused);
    this.#why = `${settings.about} does not answer in time`;
    this.health = new StoreHealth({ ...settings, words: { timeout: [this.#why] } });
  }

  /** The last trouble, even if it is over. */
  get trouble(): (Trouble<"timeout"> & { readonly why: string }) | undefined {
    const { trouble } = this.health;
    return trouble && { ...trouble, kind: "timeout", why: this.#why };
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
        // The call may have waited behind those of a load (docs/internals/adr/0056).
        if (takesSlot && hasQueued()) throw cause;
        this.health.failed("timeout", "reads");
        this.health.isDown(sentAtMs);
      } else this.#isWell();
      throw cause;
    }
  }

  #isWell(): void {
    this.health.answered("reads");
    this.health.isUp();
  }
}
