// The record of how one request was handled. Each step of the handling adds to the record, and
// `settle` counts it. The record is the only source of Cache-Status and of the request's metrics.
import type { ForwardCause, ForwardReason, Handling, RuleAndNames } from "../rules/cache-status.ts";
import { isErrorStatus } from "../rules/fields.ts";

/** How a request was answered, as named in `/_cache/stats`. */
export type Outcome =
  | "hit"
  | "stale-hit"
  | "collapsed"
  | "validated"
  | "forwarded"
  | "stored"
  | "passed"
  /** Answered 429: the client exceeded its limit of requests to the origin. */
  | "limited"
  /** A rule of the site answered before the lookup. */
  | "ruled"
  | "failed";

/** The journal entry of the purge that decided the verdict. */
interface DecidingPurge {
  readonly position: string;
  readonly reason?: string | undefined;
}

/** A write to a tier, or a failed removal. */
export interface TierChange {
  readonly tier: string;
  /** The result. */
  readonly kind: string;
}

/** A lookup in a tier below memory. `kind` is `passed-over` if the request skipped the tier. */
export interface TierLookup extends TierChange {
  /** How long the request waited for the read; `undefined` if it did not wait. */
  readonly tookMs: number | undefined;
}

/** The result of one origin request. Both fields are `undefined` without an answer. */
interface OriginReply {
  readonly status: number | undefined;
  /** The time from the request to the origin until the head of its answer. */
  readonly tookMs: number | undefined;
}

/** The stored response that answers, and its tier. */
interface AnswerSource {
  readonly tier: string;
  readonly stored: { readonly metadata: { readonly status: number } };
}

const none: readonly never[] = [];

/** A key, of which the log has a digest. */
interface DigestedKey {
  readonly text: string;
  digestAtOnce(): string;
}

/** The record of one request. For a hit in memory, the record is a single object. */
export class Decision implements Handling {
  /** The route's name; empty if no route matched. */
  readonly route: string;
  /** The primary key; `undefined` without a lookup. */
  readonly key: DigestedKey | undefined;
  /**
   * Whether this is a background refresh, which answers no client and is not counted as a request.
   */
  readonly isRefresh: boolean;
  /** The arrival in epoch milliseconds; `undefined` if no client sent the request. */
  arrivedAtMs: number | undefined;
  /** Whether the request waited before its answer, so that the clock may have advanced. */
  hasWaited = false;
  /** The source of the answer's body: a tier or `origin`; `none` for Tidemark's own pages. */
  tier = "none";
  /** The bytes of the answer's body: 0 for HEAD and 304, a part for a range; `null` if unknown. */
  answerBytes: number | null = null;
  /** The bytes of a body whose length was unknown until the whole body had arrived; else 0. */
  lateBytes = 0;
  /** Whether the answer is a stored error. */
  isNegative = false;
  foundInMemory = 0;
  absentInMemory = 0;
  /** Lookups in the tiers below memory, in order. */
  lookups: readonly TierLookup[] = none;
  /** `undefined` until there is a verdict. */
  verdict: string | undefined = undefined;
  /** The clause or option that decided the verdict. */
  by: string | undefined = undefined;
  purge: DecidingPurge | undefined = undefined;
  kind: Handling["kind"] = "hit";
  /** Why the request was forwarded; `undefined` if it was not. */
  reason: ForwardReason | undefined = undefined;
  /** Set if a purge, or doubt about purges, kept a stored response from answering. */
  cause: ForwardCause | undefined = undefined;
  /** The result of waiting for a lock; `undefined` if the request did not wait. */
  lock: string | undefined = undefined;
  /** Whether the origin request of another request provided the answer. */
  collapsed = false;
  /** The origin's status; `undefined` if it gave none. */
  forwardStatus: number | undefined = undefined;
  /** The time from the request to the origin until the head of its answer. */
  originTookMs: number | undefined = undefined;
  /** The results of all origin requests for this request, in order. */
  heardOf: readonly OriginReply[] = none;
  /** The time from the request to the origin until the last byte of a buffered body. */
  bodyTookMs: number | undefined = undefined;
  /** The bytes of the whole body; `null` if unknown. */
  bodyBytes: number | null = null;
  ttlSeconds = 0;
  detail: string | RuleAndNames | undefined = undefined;
  /** `true`: it is unknown whether a purge covers the response. */
  unverified = false;
  /** Whether the origin's answer is stored. */
  stored = false;
  /** The name of the fallback origin that answered; `undefined` if none did. */
  fallback: string | undefined = undefined;
  /** Why the origin's answer is not stored. */
  refused: RuleAndNames | undefined = undefined;
  changes: readonly TierChange[] = none;
  /** `undefined` until the request is answered. */
  outcome: Outcome | undefined = undefined;
  /** The background work that may continue after the answer. */
  behind: readonly Promise<unknown>[] = none;

  constructor(of: { route: string; key?: DigestedKey; arrivedAtMs?: number; isRefresh?: boolean }) {
    this.route = of.route;
    this.arrivedAtMs = of.arrivedAtMs;
    this.key = of.key;
    this.isRefresh = of.isRefresh === true;
  }

  /**
   * Records a lookup in a tier.
   *
   * @param kind   the result of the read
   * @param tookMs `undefined` if the request did not wait
   */
  lookedUp(tier: string, kind: string, tookMs: number | undefined): void {
    if (tier !== "memory") this.lookups = [...this.lookups, { tier, kind, tookMs }];
    else if (kind === "found") this.foundInMemory += 1;
    else this.absentInMemory += 1;
  }

  /** Records the verdict, and replaces an earlier one. */
  reached(verdict: string, by: string, purge: DecidingPurge | undefined): void {
    this.verdict = verdict;
    this.by = by;
    this.purge = purge;
  }

  /** Records the stored response that answers: its tier, and whether it is an error. */
  answersFrom({ tier, stored }: AnswerSource): void {
    const { status } = stored.metadata;
    this.tier = tier;
    // Check for 200 first, so that most hits avoid the call.
    this.isNegative = status !== 200 && isErrorStatus(status);
  }

  /**
   * Records why the request is forwarded.
   *
   * @param names for `vary-miss`: the fields that distinguish the variants
   */
  forwards(reason: ForwardReason, names: readonly string[] = none): void {
    this.hasWaited = true;
    this.kind = "forwarded";
    this.reason = reason;
    this.cause = this.by === "purged" || this.by === "unverified" ? this.by : undefined;
    if (reason === "vary-miss" && names.length > 0) this.detail = { rule: "vary", names };
  }

  /** Records an origin's answer. One that is of use replaces an earlier one. */
  heard(
    of: { status: number; requestedAtMs: number; respondedAtMs: number },
    isOfUse = true,
  ): void {
    const { status, requestedAtMs, respondedAtMs } = of;
    const tookMs = Math.max(0, respondedAtMs - requestedAtMs);
    this.heardOf = [...this.heardOf, { status, tookMs }];
    if (!isOfUse) return;
    this.forwardStatus = status;
    this.originTookMs = tookMs;
  }

  /** Records the fallback origin that answers. */
  answeredByFallback(origin: string): void {
    this.fallback = origin;
    this.detail = "fallback";
  }

  /** Records that an origin request got no answer. */
  noteNoAnswer(): void {
    this.heardOf = [...this.heardOf, { status: undefined, tookMs: undefined }];
  }

  /** Clears the status and time of the origin's answer, because it is not used. */
  dropAnswer(): void {
    this.forwardStatus = undefined;
    this.originTookMs = undefined;
  }

  /** Whether the result of an origin request was recorded. */
  get hasAsked(): boolean {
    return this.heardOf.length > 0;
  }

  /** Records why the answer is not stored. Some reasons are known only after the body arrives. */
  refuses(refused: RuleAndNames): void {
    this.stored = false;
    this.refused = refused;
    this.detail = refused;
  }

  /** Records the result of a write, or a failed removal. */
  changed(tier: string, kind: string): void {
    this.changes = [...this.changes, { tier, kind }];
  }

  /**
   * Lets `settle` wait for background work before it counts lookups and writes. Returns the same
   * promise.
   */
  awaits<Work extends Promise<unknown>>(work: Work): Work {
    this.behind = [...this.behind, work];
    return work;
  }
}

/** The part of an exchange that `settle` needs. */
interface CountedExchange {
  readonly decision: Decision;
  readonly site: {
    readonly metrics: {
      answered(decision: Decision, atMs: number): void;
      settled(decision: Decision): void;
      /** Returns whether a report is due. */
      isReportDue(atMs: number): boolean;
    };
    /** Reports metrics in the background. */
    readonly report: (afterAnswer: CountedExchange["afterAnswer"]) => void;
  };
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Gets the decision of each part of an assembled page, and of its refreshes. */
  readonly parts?: Decision[] | undefined;
  /** Receives the decision of a sampled request, for its log line. Ignores refreshes. */
  readonly sampled?: { settled(decision: Decision): void } | undefined;
}

/**
 * Counts an answer now. Counts its lookups, origin responses and writes after its background work.
 * Starts a report if one is due.
 */
export function settle(exchange: CountedExchange): void {
  const { site, decision, afterAnswer } = exchange;
  const atMs = answeredAtMs(exchange);
  site.metrics.answered(decision, atMs);
  exchange.parts?.push(decision);
  if (decision.behind.length === 0) settled(exchange);
  else settleLater(exchange);
  if (site.metrics.isReportDue(atMs)) site.report(afterAnswer);
}

/** A Worker's clock does not advance between waits, so a hit in memory reads it only on arrival. */
function answeredAtMs({ decision: { hasWaited, arrivedAtMs }, nowAtMs }: CountedExchange): number {
  return hasWaited || arrivedAtMs === undefined ? nowAtMs() : arrivedAtMs;
}

function settleLater(exchange: CountedExchange): void {
  exchange.afterAnswer(async () => {
    await Promise.allSettled(exchange.decision.behind);
    settled(exchange);
  });
}

function settled({ decision, site: { metrics }, sampled }: CountedExchange): void {
  metrics.settled(decision);
  if (sampled !== undefined) sampled.settled(decision);
}
