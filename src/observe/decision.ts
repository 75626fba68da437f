// What became of one request: filled as it goes, and counted once it is settled. Cache-Status and the
// counts of a request are made from it and from nothing else.
import type { ForwardCause, ForwardReason, Handling, RuleAndNames } from "../http/cache-status.ts";

/** How a request was answered, in the words of `/_cache/stats`. */
export type Outcome =
  | "hit"
  | "stale-hit"
  | "collapsed"
  | "validated"
  | "forwarded"
  | "stored"
  | "passed"
  /** Answered 429: its client has had too much of the origin. */
  | "limited"
  | "failed";

/** One look into a tier below memory. */
export interface TierLook {
  readonly tier: string;
  /** What the read came to; `passed-over` where the tier was not asked. */
  readonly kind: string;
  /** How long the read was waited for. */
  readonly tookMs: number;
}

/** The entry of the purge journal that decided. */
export interface DecidingPurge {
  readonly position: string;
  readonly reason?: string | undefined;
}

const noLooks: readonly TierLook[] = [];

/** A hit in memory sets some of its numbers, and allocates nothing but this one object. */
export class Decision implements Handling {
  /** The route's name; empty where none matched. */
  readonly route: string;
  /** The text of the primary key; `undefined` where nothing is looked up. */
  readonly key: string | undefined;
  /** The query as the client sent it; the key holds what of it counts. */
  readonly sentQuery: string | undefined;
  foundInMemory = 0;
  absentInMemory = 0;
  /** In the order of the looks. */
  looks: readonly TierLook[] = noLooks;
  /** What the verdict came to; `undefined` until one is reached. */
  verdict: string | undefined = undefined;
  /** The clause or option that decided the verdict. */
  by: string | undefined = undefined;
  purge: DecidingPurge | undefined = undefined;
  kind: Handling["kind"] = "hit";
  /** Why the origin was asked; `undefined` where it was not. */
  reason: ForwardReason | undefined = undefined;
  /** What kept the copy that was found from answering, where it was no matter of age. */
  cause: ForwardCause | undefined = undefined;
  forwardStatus: number | undefined = undefined;
  /** From the request to the origin until the head of its answer. */
  originTookMs: number | undefined = undefined;
  ttlSeconds = 0;
  detail: string | RuleAndNames | undefined = undefined;
  /** Nobody could tell whether a purge covers what answers. */
  unverified = false;
  /** `undefined` until it is answered, and for what makes no answer. */
  outcome: Outcome | undefined = undefined;

  constructor(of: { route: string; key?: string; sentQuery?: string }) {
    this.route = of.route;
    this.key = of.key;
    this.sentQuery = of.sentQuery;
  }

  /**
   * Notes that a tier was looked into.
   *
   * @param kind   what the read came to
   * @param tookMs 0 where nothing was waited for
   */
  looked(tier: string, kind: string, tookMs: number): void {
    if (tier !== "memory") this.looks = [...this.looks, { tier, kind, tookMs }];
    else if (kind === "found") this.foundInMemory += 1;
    else this.absentInMemory += 1;
  }

  /** Notes the verdict that was reached; a later one takes its place. */
  reached(verdict: string, by: string, purge: DecidingPurge | undefined): void {
    this.verdict = verdict;
    this.by = by;
    this.purge = purge;
  }

  /** Notes why the origin is asked. */
  forwards(reason: ForwardReason): void {
    this.kind = "forwarded";
    this.reason = reason;
    this.cause = this.by === "purged" || this.by === "unverified" ? this.by : undefined;
  }
}
