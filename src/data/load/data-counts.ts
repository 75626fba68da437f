// Counts the use of data in this isolate by namespace, and logs when loads start to fail and when they
// recover. Also returns the counts as series of the metric families for data.
import { type TierName, tierNames } from "../../config/tier-names.ts";
import { Condition, type Trouble } from "../../observe/condition.ts";
import { type Log, logOf } from "../../observe/log-line.ts";
import { addAll, addDuration, Rises, seriesOf, type Sums } from "../../observe/sums.ts";
import { errorName } from "../../base/error-name.ts";
import { faultOf } from "../../base/operator-error.ts";
import type { CallResult } from "./load-outcome.ts";
import type { FamilyName } from "../../protocol/families.ts";

/** The limit of namespaces that are counted by name, because each has about twenty series. */
const namespacesMax = 256;
/** The name for all further namespaces. No namespace can have it, because it contains spaces. */
const otherNamespaces = "other namespaces";

const noHits = () =>
  Object.fromEntries(tierNames.map((name) => [name, 0])) as Record<TierName, number>;

interface OfNamespace {
  readonly counts: NamespaceCounts;
  /** The series of the durations of loads. */
  readonly loadSeries: string;
  readonly condition: Condition<string>;
  /** The reason why a loaded value could not be stored, for the first such value. */
  unstorable?: string;
}

export interface DataCountsSettings {
  readonly nowAtMs: () => number;
  readonly log: Log;
}

export class DataCounts {
  readonly #settings: DataCountsSettings;
  readonly #byName = new Map<string, OfNamespace>();
  #durations: Sums = new Map();
  readonly #rises = new Rises();

  constructor(settings: DataCountsSettings) {
    this.#settings = settings;
  }

  counted(namespace: string, what: keyof typeof noCounts, times = 1): void {
    this.#of(namespace).counts[what] += times;
  }

  hit(namespace: string, tier: TierName): void {
    this.#of(namespace).counts.hits[tier] += 1;
  }

  /** Counts the result of a call for one key. Fresh hits are counted when they are found. */
  answered(namespace: string, given: CallResult | undefined): void {
    const { counts } = this.#of(namespace);
    if (given === undefined) counts.absent += 1;
    else if (given.kind === "error") counts.failed += 1;
    else if (given.by === "stale") counts.staleHits[given.tier] += 1;
    else if (given.by === "collapsed") counts.collapsed += 1;
    else if (given.by === "load") counts.loaded += 1;
  }

  /**
   * Counts the duration of a load.
   *
   * @param tookMs from the call of the source to its answer
   */
  loadTook(namespace: string, tookMs: number): void {
    addDuration(this.#durations, this.#of(namespace).loadSeries, Math.max(0, tookMs));
  }

  wrote(namespace: string, tier: TierName, result: string): void {
    const writes = (this.#of(namespace).counts.writes[tier] ??= {});
    writes[result] = (writes[result] ?? 0) + 1;
  }

  /**
   * Counts a failed load.
   *
   * @param kind the error's name, never its text
   */
  loadFailed(namespace: string, kind: string): void {
    this.counted(namespace, "failedLoads");
    this.#of(namespace).condition.failed(kind, this.#settings.nowAtMs());
  }

  loadWorked(namespace: string): void {
    this.counted(namespace, "workedLoads");
    this.#of(namespace).condition.succeeded(this.#settings.nowAtMs());
  }

  /** Counts a loaded value that cannot be stored. Logs the first such value of each namespace. */
  unstorable(name: string, cause: unknown): void {
    const namespace = this.#nameOf(name);
    const of = this.#of(namespace);
    of.counts.unstorableLoads += 1;
    if (of.unstorable !== undefined) return;
    const { why, hint } = faultOf(cause) ?? {
      why: `The codec cannot decode what it has encoded (${errorName(cause)}).`,
      hint: "Correct the codec.",
    };
    of.unstorable = why;
    const message = `Values of ${namespace} are not stored, so each call loads them. ${why} ${hint}`;
    const line = {
      event: "data-load",
      level: "warn",
      message,
      namespace,
      kind: "unstorable",
    } as const;
    logOf("data", this.#settings.log)(line);
  }

  snapshot(): Readonly<
    Record<
      string,
      NamespaceCounts & {
        readonly stale: number;
        readonly trouble: unknown;
        /** The reason why a loaded value could not be stored, for the first such value. */
        readonly unstorable: string | undefined;
      }
    >
  > {
    const entries = [...this.#byName].map(([name, { counts, condition, unstorable }]) => {
      const stale = Object.values(counts.staleHits).reduce((sum, hits) => sum + hits, 0);
      const { trouble } = condition;
      return [name, { ...structuredClone(counts), stale, trouble, unstorable }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Returns the trouble of each namespace whose last load failed. */
  troubles(): ReadonlyMap<string, Trouble<string>> {
    const troubles = new Map<string, Trouble<string>>();
    for (const [name, { condition }] of this.#byName) {
      const { trouble } = condition;
      if (trouble !== undefined && !trouble.isOver) troubles.set(name, trouble);
    }
    return troubles;
  }

  /** Returns the counts since the last call, by series. */
  taken(): Sums {
    const taken = this.#durations;
    this.#durations = new Map();
    for (const [name, { counts }] of this.#byName) {
      addAll(taken, this.#rises.since(seriesIn(name, counts)));
    }
    return taken;
  }

  #nameOf(namespace: string): string {
    const isNamed = this.#byName.has(namespace) || this.#byName.size < namespacesMax;
    return isNamed ? namespace : otherNamespaces;
  }

  #of(given: string): OfNamespace {
    const namespace = this.#nameOf(given);
    const known = this.#byName.get(namespace);
    if (known !== undefined) return known;
    const { log } = this.#settings;
    const made: OfNamespace = {
      counts: { hits: noHits(), staleHits: noHits(), ...noCounts, writes: {} },
      loadSeries: seriesOf("dataLoadSeconds", [namespace]),
      condition: new Condition({
        tell: logOf("data", log),
        about: () => ({ event: "data-load", namespace }),
        troubleLine: (kind) =>
          `Loads of ${namespace} fail with ${kind}: check the source that they read from.`,
        wellLine: (lasted) => `Loads of ${namespace} work again after ${lasted}.`,
      }),
    };
    this.#byName.set(namespace, made);
    return made;
  }
}

const noCounts = {
  /** Answers from another call's load. */
  collapsed: 0,
  /** Keys that the call's own load answered, keys without a usable value, and keys that failed. */
  loaded: 0,
  absent: 0,
  failed: 0,
  /**
   * Lookups without a value that may answer. Of these, those with a value that may have been purged,
   * as far as the journal's answers show. Reads of tiers that gave no answer.
   */
  misses: 0,
  unverifiedMisses: 0,
  unansweredReads: 0,
  /** Keys passed to the source, keys due for a background refresh, and keys loaded by the cron trigger. */
  loads: 0,
  refreshes: 0,
  cronRefreshes: 0,
  /** Keys whose load worked, keys whose load failed, and loads that timed out. */
  workedLoads: 0,
  failedLoads: 0,
  timedOutLoads: 0,
  /** Values that were not stored, because the codec failed, or because no tier takes their size. */
  unstorableLoads: 0,
  /**
   * Writes to the application's database: all, worked, failed, and writes whose purge was refused.
   */
  persists: 0,
  workedPersists: 0,
  failedPersists: 0,
  unpurgedWrites: 0,
};

/** The counts of one namespace since this isolate started. */
type NamespaceCounts = typeof noCounts & {
  /** Fresh and stale answers by tier. */
  readonly hits: Record<TierName, number>;
  readonly staleHits: Record<TierName, number>;
  /** Writes by tier, then by their result. */
  readonly writes: Record<string, Record<string, number>>;
};

/** Returns the count of each series since the isolate started. */
function seriesIn(namespace: string, counts: NamespaceCounts): Map<string, number> {
  const all = new Map<string, number>();
  const add = (family: FamilyName, labels: readonly string[], count: number) => {
    if (count > 0) all.set(seriesOf(family, [namespace, ...labels]), count);
  };
  for (const tier of tierNames) {
    add("dataRequests", ["hit", tier], counts.hits[tier]);
    add("dataRequests", ["stale", tier], counts.staleHits[tier]);
  }
  add("dataRequests", ["collapsed", "source"], counts.collapsed);
  add("dataRequests", ["loaded", "source"], counts.loaded);
  add("dataRequests", ["absent", "none"], counts.absent);
  add("dataRequests", ["failed", "none"], counts.failed);
  add("dataLoads", ["worked"], counts.workedLoads);
  add("dataLoads", ["failed"], counts.failedLoads);
  add("dataRefreshes", ["answer"], counts.refreshes);
  add("dataRefreshes", ["cron"], counts.cronRefreshes);
  for (const [tier, cames] of Object.entries(counts.writes)) {
    for (const [result, count] of Object.entries(cames)) add("dataWrites", [tier, result], count);
  }
  add("dataPersists", ["failed"], counts.failedPersists);
  add("dataPersists", ["worked"], counts.workedPersists);
  add("dataUnpurged", [], counts.unpurgedWrites);
  return all;
}
