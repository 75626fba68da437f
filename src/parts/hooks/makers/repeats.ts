// Limits how often identical webhooks purge. Many senders sign no time, or sign nothing, so that
// anyone with a captured webhook can send it again. Without a limit, such repetitions would fill
// the journal.
import { pause } from "../../../base/timeouts.ts";

/** The minimum time between two purges for the same body and targets, in one isolate. */
const intervalMs = 1_000;
/** How often a webhook looks whether a purge under way is accepted. */
const pollMs = 50;
/** The maximum wait, if the purges meanwhile fail. */
const waitMsMax = 3_000;

interface Purge {
  readonly startedAtMs: number;
  readonly order: number;
  isAccepted: boolean;
}

/**
 * The latest purges of one hook, by the digest of the webhook's body and of its targets. No purge
 * is lost: a webhook within the interval waits, and then purges, unless another purge with the same
 * digest has begun since the webhook arrived, and is accepted.
 */
export class Repeats {
  /** The oldest first. */
  readonly #latest = new Map<string, Purge>();
  #order = 0;

  /**
   * Runs the purge, or joins a later one with the same digest.
   *
   * @returns the result of the purge; `joined`; or `busy` if no purge was accepted in time
   */
  async run<Result extends { readonly isAccepted: boolean }>(
    digest: string,
    nowAtMs: () => number,
    purge: () => Promise<Result>,
  ): Promise<Result | "joined" | "busy"> {
    const arrived = (this.#order += 1);
    for (let waitedMs = 0; ;) {
      const latest = this.#latest.get(digest);
      if (latest?.isAccepted === true && latest.order > arrived) return "joined";
      const leftMs = latest === undefined ? 0 : latest.startedAtMs + intervalMs - nowAtMs();
      // A longer time means that the clock was set back.
      if (latest === undefined || leftMs <= 0 || leftMs > intervalMs) break;
      if (waitedMs >= waitMsMax) return "busy";
      const waitMs = latest.order > arrived ? Math.min(pollMs, leftMs) : leftMs;
      await pause(waitMs);
      waitedMs += waitMs;
    }
    const started = this.#begin(digest, nowAtMs());
    const result = await purge();
    started.isAccepted = result.isAccepted;
    return result;
  }

  #begin(digest: string, atMs: number): Purge {
    for (const [known, { startedAtMs }] of this.#latest) {
      if (Math.abs(atMs - startedAtMs) < intervalMs) break;
      this.#latest.delete(known);
    }
    const purge = { startedAtMs: atMs, order: (this.#order += 1), isAccepted: false };
    this.#latest.delete(digest);
    this.#latest.set(digest, purge);
    return purge;
  }
}
