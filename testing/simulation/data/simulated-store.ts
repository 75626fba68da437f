// One isolate of the simulated world with an application's data: namespaces over the real tiers,
// with the view and the purges of a SimulatedIsolate. Also the application's database.
import "../../fakes/workers-globals.ts";
import { BoundedMarks } from "../../../src/base/bounded-map.ts";
import { KeyedSemaphore } from "../../../src/cache/keyed-semaphore.ts";
import { Flights } from "../../../src/cache/flights.ts";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { MemoryTier } from "../../../src/stores/memory/memory-tier.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { TierStack } from "../../../src/cache/tiers/tier-stack.ts";
import { HashStore } from "../../../src/data/fields/hash-store.ts";
import { DataCounts } from "../../../src/data/load/data-counts.ts";
import { StoreOrder } from "../../../src/data/load/data-ports.ts";
import { Namespace, type NamespacePorts } from "../../../src/data/namespace.ts";
import { orderPurges } from "../../../src/data/purge-data.ts";
import { type DataDetail, dataForm } from "../../../src/data/value/data-record.ts";
import { spaceOf } from "../../../src/data/value/space.ts";
import { UnpurgedWrites } from "../../../src/data/write/unpurged-writes.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedIsolate } from "../simulated-isolate.ts";
import { configOf } from "../simulated-pages.ts";
import { SimulatedHashes } from "./simulated-hashes.ts";

const bytesMax = 1_000_000;

/** The parts that a test may replace with a fault. */
export interface StoreParts {
  readonly ports: (ports: NamespacePorts, store: SimulatedStore) => NamespacePorts;
}

export const soundStoreParts: StoreParts = { ports: (ports) => ports };

/** A row of the database: its value, and the number of its commit, from 1; 0 for no commit. */
export interface Row {
  readonly value: string;
  readonly nth: number;
}

/** The application's database. It loses no commits, but may refuse writes and lose replies. */
export class SimulatedRows {
  readonly #rows = new Map<string, Row>();
  readonly #nths = new Map<string, number>();
  #commits = 0;

  commit(key: string, value: string): void {
    this.#commits += 1;
    this.#rows.set(key, { value, nth: this.#commits });
    this.#nths.set(value, this.#commits);
  }

  /** Receives a write, and commits it unless it is refused. The reply may be lost. */
  async receive(world: SimulatedWorld, key: string, value: string): Promise<void> {
    await world.sleep(wayOf(world));
    const isRefused = world.draw() < 0.05;
    if (!isRefused) {
      this.commit(key, value);
      world.tell(() => `  the database has ${key} = ${value}`);
    }
    await world.sleep(wayOf(world));
    if (isRefused || world.draw() < 0.1) throw new Error("The database's answer is lost.");
  }

  /** Returns the number of the value's commit; 0 if it was never committed. */
  nthOf(value: string): number {
    return this.#nths.get(value) ?? 0;
  }

  row(key: string): Row {
    return this.#rows.get(key) ?? { value: "none", nth: 0 };
  }
}

/** The value whose parts are the fields of a hash. */
export interface Parted {
  readonly title: string;
  readonly text: string;
  readonly views: number;
}

export class SimulatedStore {
  readonly isolate: SimulatedIsolate;
  readonly rows: Namespace<string, string>;
  /** Namespaces whose values are set and have no tags, by key. Those of `alone` are only in Redis. */
  readonly #set: Readonly<Record<string, Namespace<string, string>>>;
  readonly parted: Namespace<Parted, string>;
  /** Values that a load makes of other values. */
  readonly lists: Namespace<string, string>;
  readonly unpurged: UnpurgedWrites;
  /** Failures of background work. */
  readonly failures: string[] = [];

  /** @param hashes the hashes that all isolates share, in histories of fields */
  constructor(
    isolate: SimulatedIsolate,
    parts: StoreParts,
    hashes = new SimulatedHashes(isolate.world),
  ) {
    this.isolate = isolate;
    const { nowAtMs, colo, world } = isolate;
    const afterAnswer = (work: () => Promise<void>) =>
      void work().catch((cause: unknown) => void this.failures.push(String(cause)));
    const metrics = new Metrics(0);
    const log = () => undefined;
    const purging = { acceptances: isolate.acceptances };
    const whyNoJournal = { why: "", hint: "" };
    const site = { host: "www.example.com", whyNoJournal };
    const shared = { nowAtMs, afterAnswer, metrics, log, purging, ...site };
    const purge = orderPurges(shared);
    this.unpurged = new UnpurgedWrites({ ...shared, purge });
    const randomText = () => String(world.between(0, 1e9));
    const ports: NamespacePorts = {
      ...shared,
      purge,
      events: undefined,
      tiers: tiersOf(isolate),
      view: this.unpurged.over(isolate.view),
      viewOfPurges: isolate.view,
      unpurged: this.unpurged,
      holdOn: (place) => this.unpurged.holdOn(place),
      counts: new DataCounts({ nowAtMs, log }),
      stores: new StoreOrder(),
      loadSlots: new KeyedSemaphore(),
      failures: new BoundedMarks<number>(),
      flights: new Flights(),
      locks: undefined,
      colo: () => colo,
      maxLagMs: configOf(world.settings).purge.visibleWithinSeconds * 1_000,
      allowanceMs: world.settings.allowanceMs,
      sharedBodyBytes: bytesMax,
      onBadRecord: () => undefined,
      random: () => 0.5,
      hashes: new HashStore({
        redis: hashes.over(isolate.redis.client),
        namespace: "site",
        afterAnswer,
      }),
      heads: new BoundedMarks<string>(),
      randomText,
    };
    const options = { fresh: "1h", tags: ["red"] } as const;
    const given = parts.ports(ports, this);
    this.rows = new Namespace(spaceOf<string, string>("rows", options), () => given);
    const lists = spaceOf<string, string>("lists", { fresh: "1h" });
    this.lists = new Namespace(lists, () => given);
    const alone = spaceOf<string, string>("alone", { fresh: "1h", tiers: ["shared"] });
    const set = spaceOf<string, string>("set", { fresh: "1h" });
    this.#set = {
      c: new Namespace(set, () => given),
      alone: new Namespace(alone, () => given),
    };
    const parted = spaceOf<Parted, string>("parted", options);
    this.parted = new Namespace(parted, () => given);
  }

  /** Returns the namespace of a key. */
  rowsOf(key: string): Namespace<string, string> {
    return this.#set[key] ?? this.rows;
  }
}

function tiersOf(isolate: SimulatedIsolate): NamespacePorts["tiers"] {
  const { nowAtMs, place } = isolate;
  const onBadRecord = () => undefined;
  const common = { form: dataForm, nowAtMs, onBadRecord };
  return new TierStack<DataDetail>(new MemoryTier({ bytesMax, form: dataForm }), [
    new EdgeTier({ ...common, cache: () => place.colo.cache }),
    isolate.world.recordObjects?.tierOf(isolate, dataForm) ??
      new SharedTier({
        ...common,
        redis: isolate.redis.client,
        namespace: "site",
        journalKey: "site:journal",
        bodyBytesMax: 100_000,
        uploadBytesMax: 64 * 1_048_576,
      }),
  ]);
}

/** Draws the delay of a request to the database, or of its reply: 0 to 4,000 ms. */
export function wayOf(world: SimulatedWorld): number {
  return world.between(0, world.any([50, 1_500, 4_000]));
}
