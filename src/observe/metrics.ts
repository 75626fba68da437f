// What this isolate has counted since it started: plain numbers, no I/O.
import type { Decision, Outcome } from "./decision.ts";

/**
 * What became in the journal of what answers invalidated: targets that they named, those of them
 * that a wider one stands for, entries that were taken, and targets that never got there.
 */
export type InvalidationCount = "named" | "widened" | "purged" | "failed";

/**
 * Of keys that are asked for often: hits that were sampled, and reports of a minute; in runs of the
 * cron trigger, what was refreshed, what needed nothing, and what could not be had.
 */
export type HotKeyCount = "sampled" | "flushed" | "refreshed" | "skipped" | "failed";

export interface RouteCounts {
  requests: number;
  outcomes: Partial<Record<Outcome, number>>;
  refusedToStore: Partial<Record<string, number>>;
}

/** Why a purge was not accepted; nothing of what was sent is kept. */
export type PurgeRefusal =
  | "too-large"
  | "not-signed"
  | "signature"
  | "timestamp"
  | "malformed"
  | "id-reused"
  | "unavailable";

export interface Snapshot {
  readonly sinceAtMs: number;
  readonly routes: Readonly<Record<string, RouteCounts>>;
  /** By tier, then by what the read or the write came to. */
  readonly reads: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly writes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly invalidations: Readonly<Record<InvalidationCount, number>>;
  readonly hotKeys: Readonly<Record<HotKeyCount, number>>;
  readonly originRequests: number;
  /** Those of them that were sent a second time. */
  readonly originRetries: number;
  /** Records of another version or form, or with a body that is not theirs. */
  readonly badRecords: number;
  /** Tags over 256 bytes: nothing can be purged by them. */
  readonly tagsLeftOut: number;
  readonly failedBackgroundWork: number;
  /** Answers with what nobody could tell of whether a purge covers it. */
  readonly unverifiedAnswers: number;
  readonly purges: {
    readonly accepted: number;
    readonly refused: Readonly<Partial<Record<PurgeRefusal, number>>>;
  };
}

/** The counts of one isolate. */
export class Metrics {
  readonly #sinceAtMs: number;
  readonly #routes = new Map<string, RouteCounts>();
  readonly #reads = new Map<string, Map<string, number>>();
  readonly #writes = new Map<string, Map<string, number>>();
  readonly #invalidations = { named: 0, widened: 0, purged: 0, failed: 0 };
  readonly #hotKeys = { sampled: 0, flushed: 0, refreshed: 0, skipped: 0, failed: 0 };
  #originRequests = 0;
  #originRetries = 0;
  #badRecords = 0;
  #tagsLeftOut = 0;
  #failedBackgroundWork = 0;

  readonly #refusedPurges: Partial<Record<PurgeRefusal, number>> = {};
  #acceptedPurges = 0;
  #unverifiedAnswers = 0;

  constructor(sinceAtMs: number) {
    this.#sinceAtMs = sinceAtMs;
  }

  /** To be called once for each request, when all of it is known; and for a look-up behind an answer. */
  settled(decision: Decision): void {
    const { outcome, foundInMemory, absentInMemory, looks, unverified } = decision;
    if (outcome !== undefined) this.#answered(decision.route, outcome);
    if (foundInMemory > 0) count(this.#reads, "memory", "found", foundInMemory);
    if (absentInMemory > 0) count(this.#reads, "memory", "absent", absentInMemory);
    for (const { tier, kind } of looks) count(this.#reads, tier, kind);
    if (unverified) this.#unverifiedAnswers += 1;
  }

  #answered(route: string, outcome: Outcome): void {
    const counts = this.#route(route);
    counts.requests += 1;
    counts.outcomes[outcome] = (counts.outcomes[outcome] ?? 0) + 1;
  }

  /** @param rule that refused */
  refusedToStore(route: string, rule: string): void {
    const { refusedToStore } = this.#route(route);
    refusedToStore[rule] = (refusedToStore[rule] ?? 0) + 1;
  }

  /** @param kind what the write came to */
  tierWritten(tier: string, kind: string): void {
    count(this.#writes, tier, kind);
  }

  invalidated(kind: InvalidationCount): void {
    this.#invalidations[kind] += 1;
  }

  hotKey(kind: HotKeyCount): void {
    this.#hotKeys[kind] += 1;
  }

  originAsked(): void {
    this.#originRequests += 1;
  }

  originRetried(): void {
    this.#originRetries += 1;
  }

  badRecord(): void {
    this.#badRecords += 1;
  }

  tagLeftOut(): void {
    this.#tagsLeftOut += 1;
  }

  backgroundWorkFailed(): void {
    this.#failedBackgroundWork += 1;
  }

  purgeAccepted(): void {
    this.#acceptedPurges += 1;
  }

  purgeRefused(reason: PurgeRefusal): void {
    this.#refusedPurges[reason] = (this.#refusedPurges[reason] ?? 0) + 1;
  }

  /** What `/_cache/stats` shows; the counts of routes go on changing. */
  snapshot(): Snapshot {
    return {
      sinceAtMs: this.#sinceAtMs,
      routes: Object.fromEntries(this.#routes),
      reads: asRecords(this.#reads),
      writes: asRecords(this.#writes),
      invalidations: { ...this.#invalidations },
      hotKeys: { ...this.#hotKeys },
      originRequests: this.#originRequests,
      originRetries: this.#originRetries,
      badRecords: this.#badRecords,
      tagsLeftOut: this.#tagsLeftOut,
      failedBackgroundWork: this.#failedBackgroundWork,
      unverifiedAnswers: this.#unverifiedAnswers,
      purges: { accepted: this.#acceptedPurges, refused: { ...this.#refusedPurges } },
    };
  }

  #route(name: string): RouteCounts {
    let counts = this.#routes.get(name);
    if (counts === undefined) {
      counts = { requests: 0, outcomes: {}, refusedToStore: {} };
      this.#routes.set(name, counts);
    }
    return counts;
  }
}

function count(into: Map<string, Map<string, number>>, of: string, kind: string, times = 1): void {
  const kinds = into.get(of) ?? new Map<string, number>();
  into.set(of, kinds.set(kind, (kinds.get(kind) ?? 0) + times));
}

function asRecords(counts: Map<string, Map<string, number>>): Snapshot["reads"] {
  return Object.fromEntries([...counts].map(([name, kinds]) => [name, Object.fromEntries(kinds)]));
}
