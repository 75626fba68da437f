// Renews a view in the background from the colo's copy or from the journal (docs/internals/purge-protocol.md,
// rule 15). Renewals do not overlap, unless a renewal exceeds its timeout.
import type { Stamp } from "../../cache/record/record.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/timeouts.ts";
import { ColoHints, type ColoHintsSettings } from "./colo-hints.ts";
import type { JournalTail } from "./journal-tail.ts";
import type { Requester } from "./view-port.ts";
import type { ViewCopies } from "./view-copies.ts";

type Copies = Pick<ViewCopies, "read" | "publish" | "claim">;

export interface RenewalSettings {
  /** The copies in the colo. If absent, every renewal reads the journal. */
  readonly copies?: Copies | undefined;
  /** Listens for hints of new entries. If absent, only renewals find new entries. */
  readonly hints?: Omit<ColoHintsSettings, "nowAtMs"> | undefined;
  readonly nowAtMs: () => number;
  /** Returns a random number, 0 ≤ n < 1. By default, renewals start at half of N − A. */
  readonly random?: () => number;
  /** The smallest N of all routes. */
  readonly renewalLagMs: number;
  /** A: the allowance for clock differences within a colo and for replica lag. */
  readonly allowanceMs: number;
  /** The timeout of a whole read of the journal. */
  readonly timeoutMs: number;
}

interface Renewal {
  readonly startedAtMs: number;
  readonly done: Promise<void>;
  /** An unknown stamp for which a request waits. */
  stamp: Stamp | undefined;
}

/**
 * Renewal ages are drawn between 0.35 and 0.6 of N − A, so that the isolates of a colo renew at
 * different times.
 */
const renewalAgeLeast = 0.35;
const renewalAgeSpan = 0.25;
const drawOfHalf = 0.6;

/** The maximum pause before the isolate reads the colo's copy again. */
const lookAgainMsMax = 500;

export class ViewRenewals {
  readonly #settings: RenewalSettings;
  readonly #tail: JournalTail;
  readonly #behind: () => Promise<void>;
  #renewal: Renewal | undefined;
  /** The view's age at which the next renewal starts. */
  #renewalAgeMs: number;
  #lookedAtMs = -Infinity;
  readonly hints: ColoHints | undefined;

  /** @param behind runs after each renewal, whether successful or not */
  constructor(settings: RenewalSettings, tail: JournalTail, behind: () => Promise<void>) {
    this.#settings = settings;
    this.#tail = tail;
    this.#behind = behind;
    this.#renewalAgeMs = this.#drawnAgeMs();
    const { hints, nowAtMs } = settings;
    this.hints = hints && new ColoHints({ ...hints, nowAtMs }, tail, (host) => this.#read(host));
  }

  get #boundMs(): number {
    return this.#settings.renewalLagMs - this.#settings.allowanceMs;
  }

  #drawnAgeMs(): number {
    const draw = this.#settings.random?.() ?? drawOfHalf;
    return (renewalAgeLeast + renewalAgeSpan * draw) * this.#boundMs;
  }

  get areUnderWay(): boolean {
    return this.#renewal !== undefined;
  }

  /** Returns whether the view is older than N − A. */
  isPast(atMs: number): boolean {
    return atMs - this.#tail.sentAtMs > this.#boundMs;
  }

  /** Returns whether the view is old enough for a renewal. */
  isDue(atMs: number): boolean {
    if (atMs - this.#tail.sentAtMs < this.#renewalAgeMs) return false;
    return this.isPast(atMs) || !this.#hasJustLooked(atMs);
  }

  /** Discards the renewal in progress, because its read was sent before the clock was set back. */
  forgetInstants(): void {
    this.#renewal = undefined;
  }

  /**
   * Starts a renewal, or joins the renewal in progress. Each request waits with its own timer,
   * because a renewal never settles if its request ends.
   *
   * @param stamp the unknown stamp for which the request waits, if any
   * @returns a function that waits for the renewal
   */
  begun(requester: Requester, stamp?: Stamp): () => Promise<void> {
    const { done } = this.#renewing(requester, stamp);
    return async () => void (await patiently(done, this.#settings.timeoutMs));
  }

  #renewing({ atMs, afterAnswer, host }: Requester, stamp: Stamp | undefined): Renewal {
    const running = this.#renewal;
    // Join only a recent renewal, because an older one may have ended with its request. A start far
    // in the future was recorded before the clock was set back.
    if (running && isWithinMs(this.#settings.timeoutMs, running.startedAtMs, atMs)) {
      running.stamp ??= stamp;
      return running;
    }
    this.#renewalAgeMs = this.#drawnAgeMs();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const renewal: Renewal = { startedAtMs: atMs, done, stamp };
    this.#renewal = renewal;
    const ended = () => {
      if (this.#renewal === renewal) this.#renewal = undefined;
      resolve();
    };
    afterAnswer(async () => {
      try {
        // If the renewal fails, the view stays unchanged and becomes older.
        const publish = await this.#renew(renewal, host).finally(ended);
        await publish?.();
      } finally {
        await this.#behind();
      }
    });
    return renewal;
  }

  #hasJustLooked(atMs: number): boolean {
    const pauseMs = Math.min(lookAgainMsMax, this.#boundMs / 8);
    return isWithinMs(pauseMs, this.#lookedAtMs, atMs);
  }

  /** Renews the view. Returns work to run once no request waits for the renewal. */
  async #renew(renewal: Renewal, host: string | undefined) {
    const { copies, nowAtMs } = this.#settings;
    const hasColo = copies !== undefined && host !== undefined;
    if (hasColo && !this.#hasJustLooked(nowAtMs())) {
      this.#lookedAtMs = nowAtMs();
      if (await this.#isLeftToColo(copies, renewal, host)) return undefined;
    }
    return this.#read(host);
  }

  /**
   * Reads the journal. Returns how to publish the view in the colo of the host; `undefined` if the
   * read failed, or without a colo.
   */
  async #read(host: string | undefined): Promise<(() => Promise<void>) | undefined> {
    const { copies } = this.#settings;
    const hasRead = await this.#tail.readOn();
    const { chain, sentAtMs, switched, isSwitchLost, releases } = this.#tail;
    const isOfKnownAge = hasRead && sentAtMs > -Infinity;
    if (!isOfKnownAge || !copies || host === undefined || chain === undefined) return undefined;
    const { entries } = chain;
    const known = { entries, sentAtMs, switched, isSwitchLost, released: releases.current };
    return () => copies.publish(host, known);
  }

  /** Returns whether a recent copy, or another isolate's claim, makes a read unnecessary. */
  async #isLeftToColo(copies: Copies, renewal: Renewal, host: string): Promise<boolean> {
    const tail = this.#tail;
    const { nowAtMs } = this.#settings;
    const copy = await copies.read(host);
    const hasTaken = copy !== undefined && tail.take(copy);
    const isFound = () => renewal.stamp === undefined || tail.chain?.knows(renewal.stamp) === true;
    if (hasTaken && isFound() && nowAtMs() - tail.sentAtMs < this.#boundMs / 2) return true;
    const claiming = copies.claim(host);
    // A request may be waiting, so read at once, even if another isolate owns the claim.
    if (!isFound() || this.isPast(nowAtMs())) return false;
    return (await claiming) === "others" && isFound() && !this.isPast(nowAtMs());
  }
}
