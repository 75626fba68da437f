// Checks that each planted fault breaks its rule, and that the rule holds without it. The runs in
// consistency.test.ts check that a checker finds such faults.
import { describe, expect, it } from "vitest";
import {
  planted,
  type PlantedDataFault,
} from "../../testing/consistency/data/planted-data-faults.ts";
import { type PlantedFault, plantedFaults } from "../../testing/consistency/planted-faults.ts";
import type { DataCache, DataPlatform, Namespace } from "../../src/data-cache.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { idle } from "../../testing/site/harness.ts";

interface World {
  readonly isolate: DataIsolate;
  readonly cache: DataCache;
  readonly rows: Namespace<string, string>;
}

interface Row {
  readonly fault: PlantedFault | PlantedDataFault;
  /** Returns the result that the fault changes. */
  readonly shown: (world: World) => Promise<unknown>;
  readonly sound: unknown;
  readonly faulty: unknown;
}

const key = "a/1";
const load = () => "old";

async function purgedAfterLoad({ rows }: World) {
  await rows.getOrSet(key, load);
  await rows.delete(key);
  return rows.get(key);
}

async function purgedDuringLoad({ rows }: World) {
  await rows.getOrSet(key, async () => {
    await rows.delete(key);
    await idle();
    return "old";
  });
  return rows.get(key);
}

async function withoutJournal({ rows, isolate }: World) {
  await rows.getOrSet(key, load);
  isolate.upstash.journalMode = "down";
  isolate.clock.advance(60);
  return rows.get(key);
}

async function purgedInVain({ rows, isolate }: World) {
  isolate.upstash.journalMode = "down";
  return rows.delete(key).then(
    () => "accepted",
    () => "refused",
  );
}

async function afterLoss({ rows, isolate }: World) {
  await rows.delete("another");
  await idle();
  await rows.getOrSet(key, load);
  isolate.upstash.lay({ ...isolate.upstash.kept, journal: [] });
  isolate.clock.advance(11);
  await rows.get(key);
  await idle();
  return rows.get(key);
}

async function purgedHardThenSoft({ rows }: World) {
  await rows.getOrSet(key, load);
  await rows.delete(key);
  await rows.expire(key);
  return rows.get(key);
}

async function storedAfterLoad({ rows }: World) {
  await rows.getOrSet(key, load);
  return rows.get(key);
}

const purgedDuringWrite = ({ rows }: World) =>
  rows.write(key, "new", async () => void (await rows.delete(key)));

async function afterWriteWithoutPurge({ rows, isolate }: World) {
  await rows.getOrSet(key, load);
  const persist = () => void (isolate.upstash.journalMode = "down");
  await rows.write(key, "new", persist).catch(() => undefined);
  return rows.get(key);
}

async function forcedBesideLoad({ rows }: World) {
  const held = Promise.withResolvers<string>();
  const first = rows.getOrSet(key, () => held.promise);
  await idle();
  const forced = rows.getOrSet(key, () => "new", { forceFresh: true });
  await idle();
  held.resolve("old");
  await first;
  return forced;
}

const rows: readonly Row[] = [
  { fault: "stamp-after-fetch", shown: purgedDuringLoad, sound: undefined, faulty: "old" },
  { fault: "memory-not-judged", shown: purgedAfterLoad, sound: undefined, faulty: "old" },
  { fault: "bound-ignored", shown: withoutJournal, sound: undefined, faulty: "old" },
  { fault: "loss-not-detected", shown: afterLoss, sound: undefined, faulty: "old" },
  { fault: "soft-hides-hard", shown: purgedHardThenSoft, sound: undefined, faulty: "old" },
  { fault: "accepts-unwritten", shown: purgedInVain, sound: "refused", faulty: "accepted" },
  { fault: "never-hits", shown: storedAfterLoad, sound: "old", faulty: undefined },
  { fault: "one-key-not-judged", shown: purgedAfterLoad, sound: undefined, faulty: "old" },
  {
    fault: "write-stored-over-others",
    shown: purgedDuringWrite,
    sound: [],
    faulty: ["memory", "edge", "shared"],
  },
  { fault: "unpurged-write-shown", shown: afterWriteWithoutPurge, sound: undefined, faulty: "old" },
  { fault: "forced-joins-others", shown: forcedBesideLoad, sound: "new", faulty: "old" },
];

function opened(create: (make: (platform: DataPlatform) => DataCache) => DataCache): World {
  let isolate: DataIsolate | undefined;
  const cache = create((platform) => (isolate = new DataIsolate({ platform })).data);
  if (isolate === undefined) throw new Error("No cache was made.");
  return { isolate, cache, rows: cache.namespace("steady", { fresh: "10m", stale: "1h" }) };
}

describe.each(rows)("the planted fault $fault", ({ fault, shown, sound, faulty }) => {
  it("breaks its rule", async () => {
    const world = opened((make) =>
      fault in plantedFaults
        ? make({ factories: plantedFaults[fault as PlantedFault] })
        : planted(fault as PlantedDataFault, "colo-1", ({ factoriesOverRedis: factories, clock }) =>
            make({ factories, ...clock }),
          ),
    );
    expect(await shown(world)).toEqual(faulty);
  });

  it("has no effect on a cache without it", async () => {
    expect(await shown(opened((make) => make({})))).toEqual(sound);
  });
});
