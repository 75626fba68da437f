// What became of one request: filled as it goes, answered once, and counted once when all is known.
// Cache-Status and the counts of a request are made from it and from nothing else.
import type { ForwardCause, ForwardReason, Handling, RuleAndNames } from "../rules/cache-status.ts";
import { isErrorStatus } from "../rules/fields.ts";
import type {
  Answering,
  DecidingPurge,
  OriginHeard,
  TierChange,
  TierLook,
} from "./decision-parts.ts";

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

const none: readonly never[] = [];

/** A hit in memory sets some of its numbers, and allocates nothing but this one object. */
export class Decision implements Handling {
  /** The route's name; empty where none matched. */
  readonly route: string;
  /** The text of the primary key; `undefined` where nothing is looked up. */
  readonly key: string | undefined;
  /** The query as the client sent it; the key holds what of it counts. */
  readonly sentQuery: string | undefined;
  /** Brought up to date behind an answer: nobody reads what is answered, and it counts as no request. */
  readonly isRefresh: boolean;
  /** The prefix of the configuration's `metrics` that its path is below; empty for none. */
  readonly prefix: string;
  /** When the request came, in epoch milliseconds; `undefined` for what no client asked for. */
  arrivedAtMs: number | undefined;
  /** The request waited for something before its answer. */
  hasWaited = false;
  /** Where the answer's body came from: a tier, or `origin`; `none` for a page of our own. */
  tier = "none";
  /** The bytes of the answer's body: 0 for HEAD and 304, the part of a range; `null` where not known. */
  answerBytes: number | null = null;
  /** The bytes of a body whose length was not known before it was gathered; else 0. */
  lateBytes = 0;
  /** A stored error answered. */
  isNegative = false;
  foundInMemory = 0;
  absentInMemory = 0;
  /** In the order of the looks. */
  looks: readonly TierLook[] = none;
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
  /** What the wait for the right to forward came to; `undefined` where none was waited for. */
  lease: string | undefined = undefined;
  /** Another request's forward has brought what answers. */
  collapsed = false;
  /** The origin's status; `undefined` where it gave none. */
  forwardStatus: number | undefined = undefined;
  /** From the request to the origin until the head of its answer. */
  originTookMs: number | undefined = undefined;
  /** Every forward that was made for it, in their order. */
  heardOf: readonly OriginHeard[] = none;
  /** From the request to the origin until the last byte of a body that was gathered. */
  bodyTookMs: number | undefined = undefined;
  /** Of the whole body; `null` where nobody knows. */
  bodyBytes: number | null = null;
  ttlSeconds = 0;
  detail: string | RuleAndNames | undefined = undefined;
  /** Nobody could tell whether a purge covers what answers. */
  unverified = false;
  /** The origin's answer goes into the tiers. */
  stored = false;
  /** Why it does not. */
  refused: RuleAndNames | undefined = undefined;
  changes: readonly TierChange[] = none;
  /** `undefined` until it is answered. */
  outcome: Outcome | undefined = undefined;
  /** What still goes on behind the answer. */
  behind: readonly Promise<unknown>[] = none;

  constructor(of: {
    route: string;
    key?: string;
    sentQuery?: string;
    prefix?: string;
    arrivedAtMs?: number;
    isRefresh?: boolean;
  }) {
    this.route = of.route;
    this.prefix = of.prefix ?? "";
    this.arrivedAtMs = of.arrivedAtMs;
    this.key = of.key;
    this.sentQuery = of.sentQuery;
    this.isRefresh = of.isRefresh === true;
  }

  /**
   * Notes that a tier was looked into.
   *
   * @param kind   what the read came to
   * @param tookMs `undefined` where nothing was waited for
   */
  looked(tier: string, kind: string, tookMs: number | undefined): void {
    if (tier !== "memory") this.looks = [...this.looks, { tier, kind, tookMs }];
    else if (kind === "found") this.foundInMemory += 1;
    else this.absentInMemory += 1;
  }

  /** It has waited since then: for a newer purge view, before anything was looked up. */
  waitedSince(arrivedAtMs: number): void {
    this.arrivedAtMs = arrivedAtMs;
    this.hasWaited = true;
  }

  /** Notes the verdict that was reached; a later one takes its place. */
  reached(verdict: string, by: string, purge: DecidingPurge | undefined): void {
    this.verdict = verdict;
    this.by = by;
    this.purge = purge;
  }

  /** Notes which stored response answers, and from where. */
  answersFrom({ tier, stored }: Answering): void {
    const { status } = stored.metadata;
    this.tier = tier;
    // Asked of few, so that it costs a hit nothing.
    this.isNegative = status !== 200 && isErrorStatus(status);
  }

  /**
   * Notes why the origin is asked.
   *
   * @param names the fields by which all variants differ that a `vary-miss` has found
   */
  forwards(reason: ForwardReason, names: readonly string[] = none): void {
    this.hasWaited = true;
    this.kind = "forwarded";
    this.reason = reason;
    this.cause = this.by === "purged" || this.by === "unverified" ? this.by : undefined;
    if (reason === "vary-miss" && names.length > 0) this.detail = { rule: "vary", names };
  }

  /** Notes what the origin has answered; a later answer takes its place. */
  heard(of: { status: number; requestedAtMs: number; respondedAtMs: number }): void {
    const { status, requestedAtMs, respondedAtMs } = of;
    const tookMs = Math.max(0, respondedAtMs - requestedAtMs);
    this.forwardStatus = status;
    this.originTookMs = tookMs;
    this.heardOf = [...this.heardOf, { status, tookMs }];
  }

  /** Notes that a forward brought no answer. */
  heardNothing(): void {
    this.heardOf = [...this.heardOf, { status: undefined, tookMs: undefined }];
  }

  /** What the origin has answered was no answer to this request. */
  forgetsAnswer(): void {
    this.forwardStatus = undefined;
    this.originTookMs = undefined;
  }

  /** The origin was asked for it. */
  get hasAsked(): boolean {
    return this.heardOf.length > 0;
  }

  /** Notes why the origin's answer is not stored, which may show when its body has come. */
  refuses(refused: RuleAndNames): void {
    this.stored = false;
    this.refused = refused;
    this.detail = refused;
  }

  /** Notes what a write, or a removal, came to. */
  changed(tier: string, kind: string): void {
    this.changes = [...this.changes, { tier, kind }];
  }

  /** Has `settle` wait for what goes on behind the answer. @returns the same promise */
  awaits<Work extends Promise<unknown>>(work: Work): Work {
    this.behind = [...this.behind, work];
    return work;
  }
}

/** The part of an exchange that counts it. */
interface Settling {
  readonly decision: Decision;
  readonly site: {
    readonly metrics: {
      answered(decision: Decision, atMs: number): void;
      settled(decision: Decision): void;
      /** Is a report due? */
      isReportDue(atMs: number): boolean;
    };
    /** Reports the counts, behind the answer. */
    readonly report: (afterAnswer: Settling["afterAnswer"]) => void;
  };
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Of a request that is to have a line in the log; it passes over refreshes. */
  readonly sampled?: { settled(decision: Decision): void } | undefined;
}

/** Counts an answer now, and its writes to the tiers once all work behind it has ended. */
export function settle(exchange: Settling): void {
  const { site, decision, afterAnswer } = exchange;
  const atMs = answeredAtMs(exchange);
  site.metrics.answered(decision, atMs);
  if (decision.behind.length === 0) settled(exchange);
  else settleLater(exchange);
  if (site.metrics.isReportDue(atMs)) site.report(afterAnswer);
}

/** The clock of a Worker stands still between waits, so a hit in memory reads it once. */
function answeredAtMs({ decision: { hasWaited, arrivedAtMs }, nowAtMs }: Settling): number {
  return hasWaited || arrivedAtMs === undefined ? nowAtMs() : arrivedAtMs;
}

function settleLater(exchange: Settling): void {
  exchange.afterAnswer(async () => {
    await Promise.allSettled(exchange.decision.behind);
    settled(exchange);
  });
}

function settled({ decision, site: { metrics }, sampled }: Settling): void {
  metrics.settled(decision);
  if (sampled !== undefined) sampled.settled(decision);
}
