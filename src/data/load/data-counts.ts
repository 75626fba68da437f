// What data has come to in this isolate, by namespace: counts, and a line in the log where loads begin to
// fail and where they go well again.
import type { TierName } from "../../config/config.ts";
import { Condition } from "../../observe/condition.ts";
import { type Log, logOf } from "../../observe/log-line.ts";

/** Of one namespace, since this isolate began. */
export interface NamespaceCounts {
  /** Values that answered fresh, by the tier that had them; stale ones; those of another call's load. */
  readonly hits: Record<TierName, number>;
  stale: number;
  collapsed: number;
  /** Nothing that is stored might answer. */
  misses: number;
  /** Keys whose source was asked, and of those: behind an answer, failed, over their time. */
  loads: number;
  refreshes: number;
  failedLoads: number;
  timedOutLoads: number;
  /** Writes to the application's database; those that have failed; those whose purge was refused. */
  persists: number;
  failedPersists: number;
  unpurgedWrites: number;
  /** By tier, then by what a write came to. */
  readonly writes: Record<string, Record<string, number>>;
}

type Sum =
  | "stale"
  | "collapsed"
  | "misses"
  | "loads"
  | "refreshes"
  | "failedLoads"
  | "timedOutLoads"
  | "persists"
  | "failedPersists"
  | "unpurgedWrites";

interface OfNamespace {
  readonly counts: NamespaceCounts;
  readonly condition: Condition<string>;
}

export interface DataCountsSettings {
  readonly nowAtMs: () => number;
  readonly log: Log;
}

export class DataCounts {
  readonly #settings: DataCountsSettings;
  readonly #byName = new Map<string, OfNamespace>();

  constructor(settings: DataCountsSettings) {
    this.#settings = settings;
  }

  counted(namespace: string, what: Sum, times = 1): void {
    this.#of(namespace).counts[what] += times;
  }

  hit(namespace: string, tier: TierName): void {
    this.#of(namespace).counts.hits[tier] += 1;
  }

  wrote(namespace: string, tier: TierName, came: string): void {
    const writes = (this.#of(namespace).counts.writes[tier] ??= {});
    writes[came] = (writes[came] ?? 0) + 1;
  }

  /** @param kind the name of its error, never its text */
  loadFailed(namespace: string, kind: string): void {
    this.counted(namespace, "failedLoads");
    this.#of(namespace).condition.failed(kind, this.#settings.nowAtMs());
  }

  loadWorked(namespace: string): void {
    this.#of(namespace).condition.succeeded(this.#settings.nowAtMs());
  }

  snapshot(): Readonly<Record<string, NamespaceCounts & { readonly trouble: unknown }>> {
    const entries = [...this.#byName].map(([name, { counts, condition }]) => {
      return [name, { ...structuredClone(counts), trouble: condition.trouble }] as const;
    });
    return Object.fromEntries(entries);
  }

  #of(namespace: string): OfNamespace {
    const known = this.#byName.get(namespace);
    if (known !== undefined) return known;
    const { log } = this.#settings;
    const made: OfNamespace = {
      counts: {
        hits: { memory: 0, edge: 0, shared: 0 },
        stale: 0,
        collapsed: 0,
        misses: 0,
        loads: 0,
        refreshes: 0,
        failedLoads: 0,
        timedOutLoads: 0,
        persists: 0,
        failedPersists: 0,
        unpurgedWrites: 0,
        writes: {},
      },
      condition: new Condition({
        tell: logOf("data", log),
        about: () => ({ event: "data-load", namespace }),
        troubleLine: (kind) =>
          `Loads of ${namespace} fail with ${kind}: look at what they read from.`,
        wellLine: (lasted) => `Loads of ${namespace} work again after ${lasted}.`,
      }),
    };
    this.#byName.set(namespace, made);
    return made;
  }
}
