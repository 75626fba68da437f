// Tests lookups: the order of the tiers, the returned verdict, and backfills. The tiers contain
// minimal records.
import { type CacheRecord } from "../../src/cache/record/record.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  lookUp,
  lookUpAndAct,
  lookUpMany,
  type LookupResult,
  type LookupPolicy,
} from "../../src/cache/lookup.ts";
import { RecordKey } from "../../src/cache/record/record-key.ts";
import { invocationHere } from "../../src/remote/invocation.ts";
import { MemoryTier } from "../../src/stores/memory/memory-tier.ts";
import type { TierName } from "../../src/config/tier-names.ts";
import { TierStack } from "../../src/cache/tiers/tier-stack.ts";
import type { Tier, TierRead, VaryMarker } from "../../src/cache/tiers/tier.ts";

interface Detail {
  readonly isFit: boolean;
}

type Verdict = "answers" | "does not";
type Name = TierName;
type Held = CacheRecord<Detail> | VaryMarker;

const marker: VaryMarker = {
  kind: "vary",
  names: ["a"],
  sinceAtMs: 0,
  listedSinceAtMs: 0,
  variants: [],
};

const record = (respondedAtMs: number, isFit: boolean): CacheRecord<Detail> => ({
  metadata: {
    tags: [],
    url: "",
    route: "",
    stamp: "none",
    colo: "",
    requestedAtMs: respondedAtMs,
    respondedAtMs,
    fillCostMs: 0,
    bodyBytes: 1,
    bodyDigest: null,
    isFit,
  },
  body: { kind: "blob", blob: new Blob(["x"]) },
});

const form = {
  members: [],
  heapBytes: () => 0,
  mayPushOutOthers: () => true,
  isWorthPacking: () => false,
};

/** Returns a tier that is never read: `World` reads in its place. */
const named = (name: Name): Tier<Detail> => ({
  name,
  arrivingBytesMax: 0,
  bodyBytesMax: 0,
  isBreakerOpen: false,
  read: () => ({ kind: "absent" }),
  write: () => ({ kind: "kept" }),
  remove: () => undefined,
});

/** Records by tier and by key. */
type Contents = Partial<Record<Name, Readonly<Record<string, Held>>>>;

class World implements LookupPolicy<Detail, Verdict> {
  key = new RecordKey("k", "host");
  readonly used: TierStack<Detail>;
  /** The calls of this policy, in order. */
  readonly told: string[] = [];
  changeCount = 0;
  readonly #contents: Contents;
  readonly #whileReading: () => void;

  constructor(contents: Contents, whileReading = () => undefined as void) {
    this.#contents = contents;
    this.#whileReading = whileReading;
    const memory = Object.assign(new MemoryTier<Detail>({ bytesMax: 0, form }), {
      hasChanged: () => this.changeCount > 0,
      remove: () => void this.told.push("memory removes"),
    });
    this.used = new TierStack<Detail>(memory, [named("edge"), named("shared")]);
  }

  lookUp() {
    return lookUp(this);
  }

  #read(name: Name): TierRead<Detail> {
    this.told.push(`${name} reads ${this.key.text}`);
    const held = this.#contents[name]?.[this.key.text];
    if (held === undefined) return { kind: "absent" };
    return { kind: "found", record: "kind" in held ? held : { kind: "response", stored: held } };
  }

  /** A wait for a newer view, if one is due. */
  renewal: (() => Promise<void>) | undefined = undefined;
  bypassed = false;
  /** Whether the view cannot verify records. */
  isDoubted = false;

  renewIfDue = () => {
    const { renewal } = this;
    return renewal && (() => renewal().then(() => void this.told.push("view renewed")));
  };
  isBypassed = () => this.bypassed;
  seek = () => {
    if (!this.isDoubted) return undefined;
    return Promise.resolve().then(() => void this.told.push("view sought"));
  };
  hasWaited = () => void this.told.push("has waited");
  underWay = () => undefined;
  inMemory = () => this.#read("memory");
  isCurrent = () => true;
  isUncacheable = () => false;
  isEnough = ({ verdict }: LookupResult<Detail, Verdict>) => verdict === "answers";
  putInto = (above: readonly Tier<Detail>[]) =>
    void this.told.push(`put into ${above.map(({ name }) => name).join()}`);

  async readFrom({ name }: Tier<Detail>): Promise<TierRead<Detail>> {
    const read = this.#read(name);
    await Promise.resolve();
    this.#whileReading();
    return read;
  }

  follow({ names }: VaryMarker): boolean {
    if (this.key.text !== "k") return false;
    this.key = new RecordKey(`k ${names.join()}`, "host");
    return true;
  }

  judge({ stored }: { stored: CacheRecord<Detail> }): Verdict {
    this.told.push(`judges ${stored.metadata.respondedAtMs}`);
    return stored.metadata.isFit ? "answers" : "does not";
  }
}

/** A world in which a record is useless if its verdict is "does not". */
class Choosy extends World {
  isUseless = ({ verdict }: LookupResult<Detail, Verdict>) => verdict === "does not";
}

describe("a useless record above a seemingly older record", () => {
  it.each([
    { id: "gives way to a record that answers", below: record(1, true), tier: "edge" },
    {
      id: "remains the candidate over a useless one",
      below: record(1, false),
      tier: "memory",
    },
  ])("$id", async ({ below, tier }) => {
    const world = new Choosy({ memory: { k: record(2, false) }, edge: { k: below } });
    expect(await world.lookUp()).toMatchObject({ candidate: { tier } });
  });

  it("remains the candidate if it becomes useful while the lower tier is read", async () => {
    const above = record(2, false);
    const renewed = () => void Object.assign(above.metadata, { isFit: true });
    const world = new Choosy({ memory: { k: above }, edge: { k: record(1, true) } }, renewed);
    expect(await world.lookUp()).toMatchObject({
      candidate: { tier: "memory" },
      verdict: "answers",
    });
  });
});

describe("find", () => {
  const [fit, unfit] = [record(1, true), record(2, false)];
  const misses = "memory reads k, edge reads k, shared reads k";

  it.each<[id: string, held: Contents, told: string]>([
    ["memory-answers", { memory: { k: fit }, edge: { k: fit } }, "memory reads k, judges 1"],
    ["a-miss-asks-each-once", {}, misses],
    ["put-above", { shared: { k: fit } }, `${misses}, judges 1, put into memory,edge`],
    [
      "a-marker-is-followed",
      { edge: { k: marker, "k a": fit } },
      "memory reads k, edge reads k, edge reads k a, judges 1, put into memory",
    ],
    [
      "older-below-is-no-candidate",
      { memory: { k: unfit }, edge: { k: fit } },
      "memory reads k, judges 2, edge reads k, shared reads k, judges 2",
    ],
  ])("makes the expected calls: %s", async (_id, held, told) => {
    const world = new World(held);
    await world.lookUp();
    expect(world.told.join(", ")).toBe(told);
  });

  it("returns no promise if memory answers", () => {
    const found = new World({ memory: { k: record(1, true) } }).lookUp();
    expect(found).toMatchObject({ verdict: "answers", candidate: { tier: "memory" } });
  });

  it("returns the youngest of records that do not answer, and judges each once", async () => {
    const world = new World({ memory: { k: record(1, false) }, shared: { k: record(2, false) } });
    const found = await world.lookUp();
    expect(found).toMatchObject({ verdict: "does not", candidate: { tier: "shared" } });
    const judged = world.told.filter((line) => line.startsWith("judges"));
    expect(judged).toEqual(["judges 1", "judges 2"]);
  });

  it("waits for a newer view before it reads a tier", async () => {
    const world = new World({ memory: { k: record(1, true) } });
    world.renewal = async () => undefined;
    await world.lookUp();
    expect(world.told).toEqual(["view renewed", "has waited", "memory reads k", "judges 1"]);
  });

  it("reads no tier if the renewed view bypasses the cache", async () => {
    const world = new World({ memory: { k: record(1, true) } });
    world.renewal = async () => void (world.bypassed = true);
    expect(await world.lookUp()).toBeUndefined();
    expect(world.told).toEqual(["view renewed", "has waited"]);
  });

  it.each(["memory", "edge"] as const)(
    "judges a doubtful record in %s again after the view was sought",
    async (tier) => {
      const world = new World({ [tier]: { k: record(1, true) } });
      world.isDoubted = true;
      await world.lookUp();
      expect(world.told.slice(-3)).toEqual(["view sought", "has waited", "judges 1"]);
    },
  );

  it("does not backfill if memory changed during the lookup", async () => {
    const world = new World({ edge: { k: record(1, true) } }, () => {
      world.changeCount = 1;
    });
    await world.lookUp();
    expect(world.told).toEqual(["memory reads k", "edge reads k", "judges 1"]);
  });
});

describe("lookUpMany", () => {
  const [fit, unfit] = [record(1, true), record(1, false)];

  it("reads each tier for all keys that lack a sufficient record, before the next tier", async () => {
    const worlds = [{ memory: { k: fit } }, { edge: { k: fit } }, { shared: { k: fit } }, {}].map(
      (held) => new World(held),
    );
    const inOrder: string[] = [];
    for (const [at, world] of worlds.entries()) {
      const readFrom = world.readFrom.bind(world);
      world.readFrom = (tier) => {
        inOrder.push(`${tier.name} ${at}`);
        return readFrom(tier);
      };
    }
    const found = await lookUpMany(worlds);
    const tiers = found.map((one) => one?.candidate.tier);
    expect(tiers).toEqual(["memory", "edge", "shared", undefined]);
    expect(inOrder).toEqual(["edge 1", "edge 2", "edge 3", "shared 2", "shared 3"]);
    expect(worlds[2]?.told.at(-1)).toBe("put into memory,edge");
  });

  it("waits for a newer view once, and judges a doubtful record again", async () => {
    const worlds = [new World({ memory: { k: fit } }), new World({ edge: { k: unfit } })];
    const [first, second] = worlds;
    if (first === undefined || second === undefined) throw new Error("No worlds.");
    first.renewal = async () => undefined;
    second.isDoubted = true;
    await lookUpMany(worlds);
    const atOnce = ["view renewed", "has waited", "memory reads k", "judges 1"];
    // Also a key that memory has waits while the two tiers below are read for the other key.
    expect(first.told).toEqual([...atOnce, "has waited", "has waited", "judges 1"]);
    expect(second.told.slice(0, 2)).toEqual(["has waited", "memory reads k"]);
    expect(second.told.slice(-3)).toEqual(["view sought", "has waited", "judges 1"]);
  });

  it("finds nothing without keys", async () => {
    expect(await lookUpMany([])).toEqual([]);
  });
});

describe("on Workers", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("the calls that follow a lookup count for its invocation, also in later turns", async () => {
    vi.stubGlobal("WebSocketPair", () => undefined);
    const seen = new Set<object>();
    const call = () => void seen.add(invocationHere());
    await lookUpAndAct(new World({ edge: { k: record(1, true) } }, call), async () => {
      call();
      await new Promise((resolve) => setImmediate(resolve));
      call();
    });
    expect(seen.size).toBe(1);
  });
});
