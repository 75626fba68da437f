// What data has come to in this isolate, by namespace: counts, and a line in the log where loads begin to
// fail and where they go well again.
import { dataTierNames, type TierName } from "../../config/tier-names.ts";
import { Condition, type Trouble } from "../../observe/condition.ts";
import { type Log, logOf } from "../../observe/log-line.ts";
import { addAll, addDuration, Rises, seriesOf, type Sums } from "../../observe/sums.ts";
import { type NamespaceCounts, noCounts, seriesIn } from "./data-series.ts";
import type { Given } from "./load-outcome.ts";

/** Each has about twenty series. */
const namespacesMax = 256;
/** Namespaces beyond that count under this name, which none can bear. */
const otherNamespaces = "other namespaces";

const noHits = () =>
  Object.fromEntries(dataTierNames.map((name) => [name, 0])) as Record<TierName, number>;

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

  /** What one call was given for one key; what answered fresh was counted as it was found. */
  answered(namespace: string, given: Given | undefined): void {
    const { counts } = this.#of(namespace);
    if (given === undefined) counts.absent += 1;
    else if (given.kind === "error") counts.failed += 1;
    else if (given.by === "stale") counts.staleHits[given.tier] += 1;
    else if (given.by === "collapsed") counts.collapsed += 1;
    else if (given.by === "load") counts.loaded += 1;
  }

  /** @param tookMs from the question to the source's answer */
  loadTook(namespace: string, tookMs: number): void {
    addDuration(
      this.#durations,
      seriesOf("dataLoadSeconds", [this.#nameOf(namespace)]),
      Math.max(0, tookMs),
    );
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
    this.counted(namespace, "workedLoads");
    this.#of(namespace).condition.succeeded(this.#settings.nowAtMs());
  }

  snapshot(): Readonly<
    Record<string, NamespaceCounts & { readonly stale: number; readonly trouble: unknown }>
  > {
    const entries = [...this.#byName].map(([name, { counts, condition }]) => {
      const stale = Object.values(counts.staleHits).reduce((sum, hits) => sum + hits, 0);
      return [name, { ...structuredClone(counts), stale, trouble: condition.trouble }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Of the namespaces whose last load has failed. */
  troubles(): ReadonlyMap<string, Trouble<string>> {
    const troubles = new Map<string, Trouble<string>>();
    for (const [name, { condition }] of this.#byName) {
      const { trouble } = condition;
      if (trouble !== undefined && !trouble.isOver) troubles.set(name, trouble);
    }
    return troubles;
  }

  /** What was counted since the last call, by series. Each count is given once. */
  taken(): Sums {
    const taken = this.#durations;
    this.#durations = new Map();
    for (const [name, { counts }] of this.#byName) {
      addAll(taken, this.#rises.since(seriesIn(name, counts)));
    }
    return taken;
  }

  #nameOf(namespace: string): string {
    const isTold = this.#byName.has(namespace) || this.#byName.size < namespacesMax;
    return isTold ? namespace : otherNamespaces;
  }

  #of(given: string): OfNamespace {
    const namespace = this.#nameOf(given);
    const known = this.#byName.get(namespace);
    if (known !== undefined) return known;
    const { log } = this.#settings;
    const made: OfNamespace = {
      counts: {
        hits: noHits(),
        staleHits: noHits(),
        ...noCounts,
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
