// Renews a view in the background (docs/purge-protocol.md, rule 15): from the colo's copy of another
// isolate's view, or from the journal. One renewal at a time, whoever asks for it.
import type { Stamp } from "../../cache/record/record.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/patience.ts";
import type { JournalFollower } from "./journal-follower.ts";
import type { Attention } from "./view.ts";
import type { ViewCopies } from "./view-copies.ts";

type Copies = Pick<ViewCopies, "read" | "publish" | "claim">;

export interface RenewalSettings {
  /** Absent: every renewal reads the journal. */
  readonly copies?: Copies | undefined;
  readonly nowAtMs: () => number;
  /** 0 ≤ n < 1; absent: the view is renewed at half of N − A. */
  readonly random?: () => number;
  /** The smallest `maxLag` of all routes, by which the view is renewed. */
  readonly maxLagMs: number;
  /** A: for clock error within a colo and the lag of a replica. */
  readonly allowanceMs: number;
  /** How long a read of the journal may take in all. */
  readonly timeoutMs: number;
}

interface Renewal {
  readonly startedAtMs: number;
  readonly done: Promise<void>;
  /** Somebody waits for this stamp to become known. */
  sought: Stamp | undefined;
}

/** Draws from here give ages from 0.35 to 0.6 of N − A, so that a colo's isolates do not crowd. */
const renewalAgeLeast = 0.35;
const renewalAgeSpan = 0.25;
const drawOfHalf = 0.6;

/** Having looked at the colo's cache without being renewed, an isolate looks again after that. */
const lookAgainMsMax = 500;

export class ViewRenewals {
  readonly #settings: RenewalSettings;
  readonly #follower: JournalFollower;
  readonly #behind: () => Promise<void>;
  #renewal: Renewal | undefined;
  /** The age at which the view is next renewed. */
  #renewalAgeMs: number;
  #lookedAtMs = -Infinity;

  /** @param behind runs behind each renewal, whatever came of it */
  constructor(settings: RenewalSettings, follower: JournalFollower, behind: () => Promise<void>) {
    this.#settings = settings;
    this.#follower = follower;
    this.#behind = behind;
    this.#renewalAgeMs = this.#drawnAgeMs();
  }

  get #boundMs(): number {
    return this.#settings.maxLagMs - this.#settings.allowanceMs;
  }

  #drawnAgeMs(): number {
    const draw = this.#settings.random?.() ?? drawOfHalf;
    return (renewalAgeLeast + renewalAgeSpan * draw) * this.#boundMs;
  }

  get areUnderWay(): boolean {
    return this.#renewal !== undefined;
  }

  /** Is the view older than N − A? */
  isPast(atMs: number): boolean {
    return atMs - this.#follower.sentAtMs > this.#boundMs;
  }

  /** Has the view reached the age at which it is to be renewed? */
  isDue(atMs: number): boolean {
    if (atMs - this.#follower.sentAtMs < this.#renewalAgeMs) return false;
    return this.isPast(atMs) || !this.#hasJustLooked(atMs);
  }

  forgetInstants(): void {
    this.#renewal = undefined;
    this.#lookedAtMs = -Infinity;
  }

  /**
   * Begins a renewal, or joins the one that is under way. Each request waits under a timer of its own,
   * since a renewal may never end.
   *
   * @param sought somebody waits for this stamp to become known
   * @returns waits for it
   */
  begun(attention: Attention, sought?: Stamp): () => Promise<void> {
    const { done } = this.#renewing(attention, sought);
    return async () => void (await patiently(done, this.#settings.timeoutMs));
  }

  #renewing({ atMs, afterAnswer, host }: Attention, sought: Stamp | undefined): Renewal {
    const running = this.#renewal;
    // One that began well in the future began before the clock was set back, and may be gone.
    if (running && isWithinMs(this.#settings.timeoutMs, running.startedAtMs, atMs)) {
      running.sought ??= sought;
      return running;
    }
    this.#renewalAgeMs = this.#drawnAgeMs();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const renewal: Renewal = { startedAtMs: atMs, done, sought };
    this.#renewal = renewal;
    const ended = () => {
      if (this.#renewal === renewal) this.#renewal = undefined;
      resolve();
    };
    afterAnswer(async () => {
      try {
        // After trouble the old view stays, and ages.
        const publish = await this.#renew(renewal, host).finally(ended);
        await publish?.();
      } finally {
        await this.#behind();
      }
    });
    return renewal;
  }

  #hasJustLooked(atMs: number): boolean {
    const sinceMs = atMs - this.#lookedAtMs;
    return sinceMs >= 0 && sinceMs < Math.min(lookAgainMsMax, this.#boundMs / 8);
  }

  /** @returns what is left to be done once nobody waits any more */
  async #renew(renewal: Renewal, host: string | undefined) {
    const { copies, nowAtMs } = this.#settings;
    const hasColo = copies !== undefined && host !== undefined;
    if (hasColo && !this.#hasJustLooked(nowAtMs())) {
      this.#lookedAtMs = nowAtMs();
      if (await this.#isLeftToColo(copies, renewal, host)) return undefined;
    }
    const hasRead = await this.#follower.readOn();
    const { chain, sentAtMs, switched } = this.#follower;
    const isOfKnownAge = hasRead && sentAtMs > -Infinity;
    if (!isOfKnownAge || !hasColo || chain === undefined) return undefined;
    return () => copies.publish(host, { entries: chain.entries, sentAtMs, switched });
  }

  /** Rule 15: a copy that is young enough, or another isolate that is about to read the journal. */
  async #isLeftToColo(copies: Copies, renewal: Renewal, host: string): Promise<boolean> {
    const follower = this.#follower;
    const { nowAtMs } = this.#settings;
    const copy = await copies.read(host);
    const hasTaken = copy !== undefined && follower.take(copy);
    const isFound = () =>
      renewal.sought === undefined || follower.chain?.knows(renewal.sought) === true;
    if (hasTaken && isFound() && nowAtMs() - follower.sentAtMs < this.#boundMs / 2) return true;
    const claiming = copies.claim(host);
    // Somebody waits: nobody else's claim would be minded, and ours need not be in place first.
    if (!isFound() || this.isPast(nowAtMs())) return false;
    return (await claiming) === "others" && isFound() && !this.isPast(nowAtMs());
  }
}
