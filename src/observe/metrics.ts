// What this isolate has counted since it started: plain numbers, no I/O.
import type { Decision, Outcome } from "./decision.ts";
import { addTo, seriesOf, type Sums } from "./sums.ts";

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

type Counts<Kind extends string = string> = Partial<Record<Kind, number>>;

interface RouteCounts {
  requests: number;
  readonly outcomes: Counts<Outcome>;
  readonly refusedToStore: Counts;
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

/** What is counted by itself. */
const noSums = {
  originRequests: 0,
  /** Those of them that were sent a second time. */
  originRetries: 0,
  /** Records of another version or form, or with a body that is not theirs. */
  badRecords: 0,
  /** Tags over 256 bytes: nothing can be purged by them. */
  tagsLeftOut: 0,
  failedBackgroundWork: 0,
  /** Answers with what nobody could tell of whether a purge covers it. */
  unverifiedAnswers: 0,
  /** Answers that the switch had brought straight from the origin. */
  bypassedBySwitch: 0,
};

/** The counts of one isolate. */
export class Metrics {
  readonly #sinceAtMs: number;
  readonly #routes = new Map<string, RouteCounts>();
  readonly #sums = { ...noSums };
  readonly #counts = {
    /** By tier, then by what the read or the write came to. */
    reads: {} as Record<string, Record<string, number>>,
    writes: {} as Record<string, Record<string, number>>,
    invalidations: { named: 0, widened: 0, purged: 0, failed: 0 },
    hotKeys: { sampled: 0, flushed: 0, refreshed: 0, skipped: 0, failed: 0 },
    purges: { accepted: 0, refused: {} as Counts<PurgeRefusal> },
  };

  /** The colo that this isolate is in; empty while that is not known. */
  colo = "";
  /** What was not told yet. */
  #untold: Sums = new Map();
  #untoldRequests = 0;
  #takenAtMs: number;

  constructor(sinceAtMs: number) {
    this.#sinceAtMs = sinceAtMs;
    this.#takenAtMs = sinceAtMs;
  }

  /** A minute after the last take where it was busy, else five. */
  isReportDue(atMs: number): boolean {
    const dueAfterMs = this.#untoldRequests >= 1_000 ? 60_000 : 300_000;
    return Math.abs(atMs - this.#takenAtMs) >= dueAfterMs;
  }

  /** What was counted since it was last taken. Each count is given once. */
  take(atMs: number): Sums {
    const taken = this.#untold;
    this.#untold = new Map();
    this.#untoldRequests = 0;
    this.#takenAtMs = atMs;
    return taken;
  }

  /** Once for each request, when it is answered: by `settle`. A refresh answers nobody. */
  answered({ route, outcome, isRefresh, unverified, detail }: Decision): void {
    if (outcome === undefined || isRefresh) return;
    const counts = this.#route(route);
    counts.requests += 1;
    add(counts.outcomes, outcome);
    addTo(this.#untold, seriesOf("requests", [route, outcome, ""]));
    this.#untoldRequests += 1;
    if (unverified) this.counted("unverifiedAnswers");
    if (outcome === "passed" && detail === "switch") this.counted("bypassedBySwitch");
  }

  /** Once for each request, and for each refresh, when all of it is known: by `settle`. */
  settled(decision: Decision): void {
    const { foundInMemory, absentInMemory, looks, refused, changes } = decision;
    const { reads, writes } = this.#counts;
    if (refused !== undefined) add(this.#route(decision.route).refusedToStore, refused.rule);
    if (foundInMemory > 0) add((reads["memory"] ??= {}), "found", foundInMemory);
    if (absentInMemory > 0) add((reads["memory"] ??= {}), "absent", absentInMemory);
    for (const { tier, kind } of looks) add((reads[tier] ??= {}), kind);
    for (const { tier, kind } of changes) add((writes[tier] ??= {}), kind);
  }

  invalidated(kind: InvalidationCount): void {
    this.#counts.invalidations[kind] += 1;
  }

  hotKey(kind: HotKeyCount): void {
    this.#counts.hotKeys[kind] += 1;
  }

  counted(what: keyof typeof noSums): void {
    this.#sums[what] += 1;
  }

  purgeAccepted(): void {
    this.#counts.purges.accepted += 1;
  }

  purgeRefused(reason: PurgeRefusal): void {
    add(this.#counts.purges.refused, reason);
  }

  /** What `/_cache/stats` shows; the counts of routes go on changing. */
  snapshot() {
    const routes: Readonly<Record<string, RouteCounts>> = Object.fromEntries(this.#routes);
    return { sinceAtMs: this.#sinceAtMs, routes, ...structuredClone(this.#counts), ...this.#sums };
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

/** What `/_cache/stats` shows of the counts. */
export type Snapshot = ReturnType<Metrics["snapshot"]>;

function add<Kind extends string>(counts: Counts<Kind>, kind: Kind, times = 1): void {
  counts[kind] = (counts[kind] ?? 0) + times;
}
