// The metrics of this isolate: plain numbers, no I/O. A hit in memory only increments numbers. The
// names of its series are built when the counts are read.
import type { Decision, Outcome } from "./decision.ts";
import { families, type FamilyName, type LabelsOf, otherRoutes } from "../protocol/families.ts";
import { Durations } from "./histogram.ts";
import {
  addAll,
  addDuration,
  addDurations,
  addTo,
  isIn,
  seriesMax,
  seriesOf,
  type Sums,
} from "./sums.ts";

/** Counts of one route, result and tier that are not in the sums yet. */
interface Cell {
  readonly route: string;
  readonly outcome: Outcome | undefined;
  readonly tier: string;
  requests: number;
  bytes: number;
  negativeHits: number;
  unverified: number;
  /** The durations of answers after a wait. */
  durations: Durations | undefined;
}

/** Reads of one tier below memory that are not in the sums yet. */
interface TierReads {
  readonly byResult: Map<string, number>;
  durations: Durations | undefined;
}

/** A report is due after `busyAfterMs` with at least `busyRequests`, else after `quietAfterMs`. */
const reportPace = { busyAfterMs: 60_000, busyRequests: 1_000, quietAfterMs: 300_000 };

/** The metrics of one isolate. */
export class Metrics {
  /** The start of counting, in epoch milliseconds. */
  readonly sinceAtMs: number;
  /** The isolate's colo; empty until known. */
  colo = "";
  /** Also gets each answered request, for counts that the reports have apart. */
  onAnswered: ((decision: Decision) => void) | undefined;
  readonly #cells = new Map<string, Map<Outcome, Map<string, Cell>>>();
  /** Functions of components with their own counts. Each returns the counts since its last call. */
  readonly #others: (() => Sums)[] = [];
  /** The cell of the last answer. Consecutive answers are often counted in the same cell. */
  #lastCell: Cell = newCell("", undefined, "");
  #foundInMemory = 0;
  #absentInMemory = 0;
  readonly #tierReads = new Map<string, TierReads>();
  #newSums: Sums = new Map();
  readonly #reportedSums: Sums = new Map();
  #takenAtMs: number;
  #requestsSinceTaken = 0;

  constructor(sinceAtMs: number) {
    this.sinceAtMs = sinceAtMs;
    this.#takenAtMs = sinceAtMs;
  }

  /** Counts an answered request. `settle` calls this once per request. Ignores refreshes. */
  answered(decision: Decision, atMs: number): void {
    const { outcome, isRefresh, answerBytes } = decision;
    if (outcome === undefined || isRefresh) return;
    this.#requestsSinceTaken += 1;
    if (this.onAnswered !== undefined) this.onAnswered(decision);
    const cell = this.#cell(decision.route, outcome, decision.tier);
    cell.requests += 1;
    if (answerBytes !== null) cell.bytes += answerBytes;
    if (decision.isNegative) cell.negativeHits += 1;
    if (decision.unverified) cell.unverified += 1;
    if (decision.hasWaited) this.#answeredAfterWait(decision, cell, atMs);
  }

  #answeredAfterWait(decision: Decision, cell: Cell, atMs: number): void {
    const { route, outcome, arrivedAtMs, detail, reason } = decision;
    if (arrivedAtMs !== undefined) {
      (cell.durations ??= new Durations()).add(Math.max(0, atMs - arrivedAtMs));
    }
    if (decision.hasAsked && reason !== undefined) this.add("forwards", [route, reason]);
    if (outcome === "stale-hit" && detail === "stale-if-error") this.add("staleIfError", [route]);
    if (decision.hasAsked && detail === "switch") this.add("bypassed", [route]);
  }

  /** Counts the lookups, forwards and writes of a request or refresh, after its background work. */
  settled(decision: Decision): void {
    this.#foundInMemory += decision.foundInMemory;
    this.#absentInMemory += decision.absentInMemory;
    const { route, refused, lateBytes } = decision;
    if (refused !== undefined) this.add("refusals", [route, refused.rule]);
    if (decision.fallback !== undefined) this.add("fallbackAnswers", [route]);
    if (lateBytes > 0) this.#addBytes(decision, lateBytes);
    for (const { tier, kind, tookMs } of decision.lookups) {
      const reads = this.#readsOf(tier);
      reads.byResult.set(kind, (reads.byResult.get(kind) ?? 0) + 1);
      if (tookMs !== undefined) (reads.durations ??= new Durations()).add(tookMs);
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

  #readsOf(tier: string): TierReads {
    const known = this.#tierReads.get(tier);
    if (known !== undefined) return known;
    const reads = { byResult: new Map<string, number>(), durations: undefined };
    this.#tierReads.set(tier, reads);
    return reads;
  }

  /** Counts these bytes in place of those of the answer, which is not sent as it is. */
  sent(decision: Decision, bytes: number): void {
    this.#addBytes(decision, bytes - (decision.answerBytes ?? decision.lateBytes));
    decision.answerBytes = bytes;
  }

  #addBytes({ route, outcome, tier, isRefresh }: Decision, bytes: number): void {
    if (outcome !== undefined && !isRefresh) this.#cell(route, outcome, tier).bytes += bytes;
  }

  /**
   * Adds to a counter.
   *
   * @param labels in the family's order; absent for a family without labels
   */
  add<Name extends FamilyName>(family: Name, labels?: LabelsOf<Name>, count = 1): void {
    addTo(this.#newSums, this.#series(family, labels ?? []), count);
  }

  /** Counts a duration in a histogram. The labels are in the family's order. */
  took(family: FamilyName, labels: readonly string[], tookMs: number): void {
    addDuration(this.#newSums, this.#series(family, labels), tookMs);
  }

  /**
   * Includes the counts of another component from now on.
   *
   * @param taken returns the component's counts since its last call
   */
  include(taken: () => Sums): void {
    this.#others.push(taken);
  }

  /** Returns all counts since `sinceAtMs`, reported or not. */
  sums(): Sums {
    this.#gather();
    const all: Sums = new Map(this.#reportedSums);
    addAll(all, this.#newSums);
    return all;
  }

  /** Returns whether a report is due. A report stays due until `take` is called. */
  isReportDue(atMs: number): boolean {
    // If the clock was set back, the elapsed time is unknown, so use the absolute difference.
    const sinceMs = Math.abs(atMs - this.#takenAtMs);
    const { busyAfterMs, busyRequests, quietAfterMs } = reportPace;
    return sinceMs >= (this.#requestsSinceTaken >= busyRequests ? busyAfterMs : quietAfterMs);
  }

  /** The start of the counts that `take` returns next, in epoch milliseconds. */
  get takenAtMs(): number {
    return this.#takenAtMs;
  }

  /** Returns the counts since the last call of `take`. */
  take(atMs: number): Sums {
    this.#gather();
    const taken = this.#newSums;
    addAll(this.#reportedSums, taken);
    this.#newSums = new Map();
    this.#takenAtMs = atMs;
    this.#requestsSinceTaken = 0;
    return taken;
  }

  /** Moves the counts of cells, memory and other components into the new sums. */
  #gather(): void {
    for (const taken of this.#others) addAll(this.#newSums, taken());
    for (const [route, byResult] of this.#cells) {
      for (const [result, byTier] of byResult) {
        for (const [tier, cell] of byTier) this.#empty(cell, [route, result, tier]);
      }
    }
    for (const [tier, { byResult, durations }] of this.#tierReads) {
      for (const [result, count] of byResult) this.#gathered("tierReads", [tier, result], count);
      this.#gatheredDurations("tierReadSeconds", [tier], durations);
    }
    this.#tierReads.clear();
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
    this.#gatheredDurations("responseSeconds", labels, cell.durations);
    Object.assign(cell, noCounts);
  }

  #gathered(family: FamilyName, labels: readonly string[], count: number): void {
    if (count > 0) this.add(family, labels, count);
  }

  #gatheredDurations(
    family: FamilyName,
    labels: readonly string[],
    durations: Durations | undefined,
  ): void {
    if (durations !== undefined)
      addDurations(this.#newSums, this.#series(family, labels), durations);
  }

  #series(family: FamilyName, labels: readonly string[]): string {
    const series = seriesOf(family, labels);
    const { labels: names } = families[family];
    if (names[0] !== "route" || this.#newSums.size + this.#reportedSums.size < seriesMax)
      return series;
    const isKnown = isIn(this.#newSums, series) || isIn(this.#reportedSums, series);
    return isKnown ? series : seriesOf(family, [otherRoutes, ...labels.slice(1)]);
  }

  #cell(route: string, outcome: Outcome, tier: string): Cell {
    const last = this.#lastCell;
    if (last.route === route && last.outcome === outcome && last.tier === tier) return last;
    const byTier = inner(inner(this.#cells, route), outcome);
    const cell = byTier.get(tier) ?? newCell(route, outcome, tier);
    byTier.set(tier, cell);
    this.#lastCell = cell;
    return cell;
  }
}

const noCounts = {
  requests: 0,
  bytes: 0,
  negativeHits: 0,
  unverified: 0,
  durations: undefined,
} as const;

const newCell = (route: string, outcome: Outcome | undefined, tier: string): Cell => ({
  route,
  outcome,
  tier,
  ...noCounts,
});

/** Returns the map under a key, created if missing. */
function inner<Key, K, V>(maps: Map<Key, Map<K, V>>, key: Key): Map<K, V> {
  const map = maps.get(key) ?? new Map<K, V>();
  maps.set(key, map);
  return map;
}
