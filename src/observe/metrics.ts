// What this isolate has counted: plain numbers, no I/O. A hit in memory raises some of them, and
// nothing more; the names of their series are made when somebody asks.
import type { Decision, Outcome } from "./decision.ts";
import { families, type FamilyName, otherRoutes } from "./families.ts";
import { type Snapshot, snapshotOf } from "./stats.ts";
import { addAll, addDuration, addTo, isIn, seriesOf, type Sums } from "./sums.ts";

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

/** Why a purge was not accepted; nothing of what was sent is kept. */
export type PurgeRefusal =
  | "too-large"
  | "not-signed"
  | "signature"
  | "timestamp"
  | "malformed"
  | "id-reused"
  | "unavailable";

/** Families of one series. */
type Unlabelled =
  | "originRequests"
  | "originRetries"
  | "purges"
  | "badRecords"
  | "tagsLeftOut"
  | "backgroundFailures";

/** Answers of one route, result and tier, since they were last put among the sums. */
interface Cell {
  requests: number;
  bytes: number;
  negativeHits: number;
  unverified: number;
}

/** Where there are more series, those that are new are no longer told apart by route. */
export const seriesMax = 8_192;

const busyAfterMs = 60_000;
const busyRequests = 1_000;
const quietAfterMs = 300_000;

/** The counts of one isolate. */
export class Metrics {
  readonly #sinceAtMs: number;
  readonly #isReported: boolean;
  /** The colo that this isolate is in; empty while that is not known. */
  colo = "";
  readonly #cells = new Map<string, Map<Outcome, Map<string, Cell>>>();
  readonly #byPrefix = new Map<string, Map<Outcome, { requests: number }>>();
  #foundInMemory = 0;
  #absentInMemory = 0;
  #untold: Sums = new Map();
  readonly #told: Sums = new Map();
  #takenAtMs: number;
  #requestsSinceTaken = 0;

  /** @param isReported does anybody take what is counted? If not, no report is ever due */
  constructor(sinceAtMs: number, isReported = false) {
    this.#sinceAtMs = sinceAtMs;
    this.#takenAtMs = sinceAtMs;
    this.#isReported = isReported;
  }

  /** Once for each request, when it is answered: by `settle`. A refresh answers nobody. */
  answered(decision: Decision, atMs: number): void {
    const { outcome, isRefresh, prefix, answerBytes } = decision;
    if (outcome === undefined || isRefresh) return;
    this.#requestsSinceTaken += 1;
    const cell = this.#cell(decision.route, outcome, decision.tier);
    cell.requests += 1;
    if (answerBytes !== null) cell.bytes += answerBytes;
    if (decision.isNegative) cell.negativeHits += 1;
    if (decision.unverified) cell.unverified += 1;
    if (prefix !== "") this.#prefixCell(prefix, outcome).requests += 1;
    if (decision.hasWaited) this.#answeredAfterWait(decision, outcome, atMs);
  }

  #answeredAfterWait(decision: Decision, outcome: Outcome, atMs: number): void {
    const { route, tier, arrivedAtMs, detail, reason } = decision;
    if (arrivedAtMs !== undefined) {
      this.took("responseSeconds", [route, outcome, tier], Math.max(0, atMs - arrivedAtMs));
    }
    if (decision.hasAsked && reason !== undefined) this.add("forwards", [route, reason]);
    if (outcome === "stale-hit" && detail === "stale-if-error") this.add("staleIfError", [route]);
    if (decision.hasAsked && detail === "switch") this.add("bypassed", [route]);
  }

  /** Once for each request, and for each refresh, when all of it is known: by `settle`. */
  settled(decision: Decision): void {
    this.#foundInMemory += decision.foundInMemory;
    this.#absentInMemory += decision.absentInMemory;
    const { route, refused, lateBytes } = decision;
    if (refused !== undefined) this.add("refusals", [route, refused.rule]);
    if (lateBytes > 0 && !decision.isRefresh) this.#lateBytes(decision, lateBytes);
    for (const { tier, kind, tookMs } of decision.looks) {
      this.add("tierReads", [tier, kind]);
      if (tookMs !== undefined) this.took("tierReadSeconds", [tier], tookMs);
    }
    for (const { tier, kind } of decision.changes) this.add("tierWrites", [tier, kind]);
    for (const { status, tookMs } of decision.heardOf) {
      const of = status === undefined ? "failed" : `${Math.floor(status / 100)}xx`;
      this.add("originResponses", [route, of]);
      if (tookMs !== undefined) this.took("originSeconds", [route], tookMs);
    }
    const { bodyTookMs } = decision;
    if (bodyTookMs !== undefined) this.took("originBodySeconds", [route], bodyTookMs);
  }

  #lateBytes({ route, outcome, tier }: Decision, bytes: number): void {
    if (outcome !== undefined) this.#cell(route, outcome, tier).bytes += bytes;
  }

  /** Counts in one series. @param labels in the order of the family's */
  add(family: FamilyName, labels: readonly string[] = [], count = 1): void {
    addTo(this.#untold, this.#series(family, labels), count);
  }

  /** Counts a duration in a histogram. @param labels in the order of the family's */
  took(family: FamilyName, labels: readonly string[], tookMs: number): void {
    addDuration(this.#untold, this.#series(family, labels), tookMs);
  }

  /** Counts in a family of one series. */
  counted(family: Unlabelled): void {
    this.add(family);
  }

  invalidated(kind: InvalidationCount): void {
    this.add("invalidations", [kind]);
  }

  hotKey(kind: HotKeyCount): void {
    this.add("hotKeys", [kind]);
  }

  purgeRefused(reason: PurgeRefusal): void {
    this.add("purgeRefusals", [reason]);
  }

  /** What `/_cache/stats` shows. */
  snapshot(): Snapshot {
    this.#gather();
    const all: Sums = new Map(this.#told);
    addAll(all, this.#untold);
    return snapshotOf(all, this.#sinceAtMs);
  }

  /**
   * Is what was counted to be taken? A minute after the last time if a thousand requests were answered
   * since, else after five. It stays so until it is taken.
   */
  isReportDue(atMs: number): boolean {
    if (!this.#isReported) return false;
    // A clock that was set back tells no time.
    const sinceMs = Math.abs(atMs - this.#takenAtMs);
    return sinceMs >= (this.#requestsSinceTaken >= busyRequests ? busyAfterMs : quietAfterMs);
  }

  /** What was counted since it was last taken. Each count is given once. */
  take(atMs: number): Sums {
    this.#gather();
    const taken = this.#untold;
    addAll(this.#told, taken);
    this.#untold = new Map();
    this.#takenAtMs = atMs;
    this.#requestsSinceTaken = 0;
    return taken;
  }

  /** Puts what was counted without names among the sums. */
  #gather(): void {
    for (const [route, byResult] of this.#cells) {
      for (const [result, byTier] of byResult) {
        for (const [tier, cell] of byTier) this.#empty(cell, [route, result, tier]);
      }
    }
    for (const [prefix, byResult] of this.#byPrefix) {
      for (const [result, cell] of byResult) {
        this.#gathered("prefixRequests", [prefix, result], cell.requests);
        cell.requests = 0;
      }
    }
    this.#gathered("tierReads", ["memory", "found"], this.#foundInMemory);
    this.#gathered("tierReads", ["memory", "absent"], this.#absentInMemory);
    this.#foundInMemory = 0;
    this.#absentInMemory = 0;
  }

  #empty(cell: Cell, labels: readonly [route: string, result: string, tier: string]): void {
    const [route] = labels;
    this.#gathered("requests", labels, cell.requests);
    this.#gathered("responseBytes", labels, cell.bytes);
    this.#gathered("negativeHits", [route], cell.negativeHits);
    this.#gathered("unverified", [route], cell.unverified);
    Object.assign(cell, newCell());
  }

  #gathered(family: FamilyName, labels: readonly string[], count: number): void {
    if (count > 0) this.add(family, labels, count);
  }

  #series(family: FamilyName, labels: readonly string[]): string {
    const series = seriesOf(family, labels);
    const { labels: names } = families[family];
    if (names[0] !== "route" || this.#untold.size + this.#told.size < seriesMax) return series;
    const isKnown = isIn(this.#untold, series) || isIn(this.#told, series);
    return isKnown ? series : seriesOf(family, [otherRoutes, ...labels.slice(1)]);
  }

  #cell(route: string, outcome: Outcome, tier: string): Cell {
    const cell = this.#cells.get(route)?.get(outcome)?.get(tier);
    if (cell !== undefined) return cell;
    const byTier = inner(inner(this.#cells, route), outcome);
    const made = newCell();
    byTier.set(tier, made);
    return made;
  }

  #prefixCell(prefix: string, outcome: Outcome): { requests: number } {
    const byOutcome = inner(this.#byPrefix, prefix);
    const cell = byOutcome.get(outcome) ?? { requests: 0 };
    byOutcome.set(outcome, cell);
    return cell;
  }
}

const newCell = (): Cell => ({ requests: 0, bytes: 0, negativeHits: 0, unverified: 0 });

/** The map under a key, made where there is none. */
function inner<Key, K, V>(maps: Map<Key, Map<K, V>>, key: Key): Map<K, V> {
  const map = maps.get(key) ?? new Map<K, V>();
  maps.set(key, map);
  return map;
}
