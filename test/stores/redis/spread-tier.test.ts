// Tests the shared tier and the leases over several databases: their contracts, the share of each
// database, and what moves when a database is added or removed.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { responseForm as form } from "../../../src/proxy/stored/record-form.ts";
import { RedisLeases } from "../../../src/stores/redis/redis-leases.ts";
import { Spread } from "../../../src/stores/spread.ts";
import { SpreadLeases, SpreadTier } from "../../../src/stores/redis/spread-tier.ts";
import { ask, keep, look, noise, responseOf, seen } from "../../../testing/examples/records.ts";
import { clientThatGoesDown } from "../../../testing/fakes/client-that-goes-down.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { describeLeases } from "../../cache/leases/contract.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import { bodyBytesMax, keyOf, openWorld, page, tierOver } from "./shared-world.ts";
import { NameSecret } from "../../../src/cache/record/name-secret.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

const url = (nth: number) => `https://db-${nth}.upstash.io`;
const names = ["one", "two", "three"] as const;

/** Opens three parts. Each namespace of one Redis stands for a database. */
function spreadOver<Part>(part: (namespace: string) => Part): Spread<Part> {
  const [first, ...others] = names.map((name, nth) => [url(nth), part(name)] as const);
  if (first === undefined) throw new Error("There is no database.");
  return new Spread([first, ...others], nameSecret);
}

describe("the share of a database", () => {
  const keys = Array.from({ length: 6_000 }, (_, nth) => new RecordKey(`GET /${nth}`, "a.example"));
  const ofDatabases = async (...numbers: readonly [number, ...number[]]) => {
    const [first, ...others] = numbers.map((nth) => [url(nth), nth] as const);
    const spread = new Spread([first ?? [url(0), 0], ...others], nameSecret);
    return Promise.all(keys.map((key) => spread.of(key)));
  };

  it("depends on the secret, so no client can compute which keys share a database", async () => {
    const places = ["one text", "another text"].map(async (text) => {
      const spread = new Spread(
        [
          [url(0), 0],
          [url(1), 1],
        ],
        new NameSecret("site", text),
      );
      return Promise.all(keys.slice(0, 1_000).map((key) => spread.of(key)));
    });
    const [one = [], other = []] = await Promise.all(places);
    const sameCount = one.filter((part, at) => part === other[at]).length;
    expect(sameCount).toBeGreaterThan(400);
    expect(sameCount).toBeLessThan(600);
  });

  it("is about the same for each", async () => {
    const chosen = await ofDatabases(0, 1, 2, 3);
    for (const nth of [0, 1, 2, 3]) {
      const share = chosen.filter((one) => one === nth).length / keys.length;
      expect(share).toBeGreaterThan(0.22);
      expect(share).toBeLessThan(0.28);
    }
  });

  it("is the same in any order of the variables", async () => {
    expect(await ofDatabases(3, 0, 2, 1)).toEqual(await ofDatabases(0, 1, 2, 3));
  });

  it("is all that moves to a database that is added, or from one that is removed", async () => {
    const [three, four] = [await ofDatabases(0, 1, 2), await ofDatabases(0, 1, 2, 3)];
    const moved = four.filter((one, at) => one !== three[at]);
    expect(new Set(moved)).toEqual(new Set([3]));
    expect(moved.length / keys.length).toBeLessThan(0.28);
  });
});

describe.each(oneRedisServer)("several databases over $redis", ({ start }) => {
  const world = openWorld(start);
  const database = openRestDatabase(start);

  describeTier("spread", async () => {
    let badRecordCount = 0;
    const onBadRecord = () => void (badRecordCount += 1);
    return {
      tier: new SpreadTier(spreadOver((namespace) => world.tier({ namespace, onBadRecord }))),
      bodyBytesMax,
      takesStreams: false,
      largest: responseOf(noise(bodyBytesMax)),
      tooLarge: responseOf(noise(bodyBytesMax + 1)),
      badRecordCount: () => badRecordCount,
    };
  });

  describeLeases("spread", async () => {
    const { client: redis, goDown } = clientThatGoesDown(database.address);
    const randomText = () => crypto.randomUUID();
    const leases = spreadOver(
      (namespace) => new RedisLeases({ redis, namespace, form, randomText }),
    );
    return {
      leases: new SpreadLeases(leases),
      shared: new SpreadTier(spreadOver((namespace) => tierOver(redis, { namespace }))),
      end: async (key) => {
        const digest = await key.digest();
        await database.redis.del(names.map((name) => `${name}:lease:${digest}`));
      },
      goDown,
    };
  });

  it("reads and writes many records in the order of their keys", async () => {
    const tiers = spreadOver((namespace) => world.tier({ namespace: `${namespace}-many` }));
    const tier = new SpreadTier(tiers);
    const keys = Array.from({ length: 12 }, (_, nth) => keyOf(`many ${nth}`));
    const stored = keys.slice(0, 9);
    const writes = await tier.writeMany(stored.map((key) => [key, page, keep]));
    expect(writes).toEqual(stored.map(() => ({ kind: "kept" })));
    const reads = await tier.readMany(keys, ask);
    expect(reads.map(({ kind }) => kind)).toEqual(
      keys.map((_, nth) => (nth < 9 ? "found" : "absent")),
    );
    expect(await seen(reads[0]!)).toEqual(await look(tier, keys[0]!, ask));
    const counts = await Promise.all(
      tiers.parts.map(async (one) => {
        const found = await one.readMany(keys, ask);
        return found.filter(({ kind }) => kind === "found").length;
      }),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(9);
    expect(counts.every((count) => count > 0)).toBe(true);
    const heads = await tier.listedAt(keys);
    if (heads === "unavailable") throw new Error(heads);
    expect(heads.map((head) => head?.kind)).toEqual(
      keys.map((_, nth) => (nth < 9 ? "response" : undefined)),
    );
    const listed = await tier.listed({ recordsMax: 100, commandsMax: 600 });
    expect(listed).toMatchObject({ metadata: { length: 9 }, leftOut: undefined });
    const cut = await tier.listed({ recordsMax: 4, commandsMax: 600 });
    expect(cut).toMatchObject({ metadata: { length: 4 }, leftOut: "records" });
    // Each database may send two commands: one that lists keys, and one that reads a head.
    const cheap = await tier.listed({ recordsMax: 100, commandsMax: 6 });
    expect(cheap).toMatchObject({ metadata: { length: 3 }, leftOut: "commands" });
  });
});
