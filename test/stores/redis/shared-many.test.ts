// Tests reads and writes of many records of the shared tier in one round trip, on each Redis
// server.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { ask, keep, noise, responseOf } from "../../../testing/examples/records.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { bodyBytesMax, keyOf, openWorld, page, redisKeyOf } from "./shared-world.ts";

const tooLarge = responseOf(noise(bodyBytesMax + 1));
const [a, b, c] = [keyOf("a"), keyOf("b"), keyOf("c")];
const kindsOf = (results: readonly { readonly kind: string }[]) => results.map(({ kind }) => kind);

describe.each(redisServers)("the shared tier over $redis", ({ start }) => {
  const world = openWorld(start);

  it("one request writes many records, and one command reads them", async () => {
    const tier = world.tier();
    const written = await world.counted(async () => {
      const results = await tier.writeMany([
        [a, page, keep],
        [b, tooLarge, keep],
        [c, page, keep],
      ]);
      expect(kindsOf(results)).toEqual(["kept", "refused", "kept"]);
    });
    expect(written).toMatchObject({ requestCount: 1, commandCountByName: { SET: 2 } });
    const read = await world.counted(async () => {
      expect(kindsOf(await tier.readMany([a, b, c], ask))).toEqual(["found", "absent", "found"]);
    });
    expect(read).toMatchObject({ requestCount: 1, commandCountByName: { MGET: 1 } });
    const single = [await tier.read(c, ask), await tier.read(a, ask)];
    expect(await tier.readMany([c, a], ask)).toEqual(single);
  });

  it("a request writes at most 256 records, so that reads do not wait behind thousands", async () => {
    const tier = world.tier();
    const keys = Array.from({ length: 600 }, (_, nth) => keyOf(`many-${nth}`));
    const { requestCount } = await world.counted(async () => {
      const results = await tier.writeMany(keys.map((key) => [key, page, keep] as const));
      expect(new Set(kindsOf(results))).toEqual(new Set(["kept"]));
    });
    expect(requestCount).toBe(3);
    expect(kindsOf([await tier.read(keyOf("many-599"), ask)])).toEqual(["found"]);
  });

  it("a command reads at most 256 records, so that a batch of thousands has the time of several", async () => {
    const tier = world.tier();
    const keys = Array.from({ length: 600 }, (_, nth) => keyOf(`read-${nth}`));
    await tier.writeMany(keys.map((key) => [key, page, keep] as const));
    const read = await world.counted(async () => {
      expect(new Set(kindsOf(await tier.readMany(keys, ask)))).toEqual(new Set(["found"]));
    });
    expect(read).toMatchObject({ requestCount: 3, commandCountByName: { MGET: 3 } });
  });

  it("refused records cause no command, and do not count as failures", async () => {
    const tier = world.tier();
    const cost = await world.counted(async () => {
      for (let nth = 0; nth < 3; nth += 1) await tier.writeMany([[a, tooLarge, keep]]);
    });
    expect(cost.requestCount).toBe(0);
    expect(await tier.writeMany([[a, page, keep]])).toEqual([{ kind: "kept" }]);
  });

  it("an invalid record is absent and counted, and a value of another type is absent", async () => {
    const tier = world.tier();
    await tier.writeMany([[a, page, keep]]);
    await world.redis.set(await redisKeyOf(b), "rubbish");
    await world.redis.del(await redisKeyOf(c));
    await world.redis.lpush(await redisKeyOf(c), "of another type");
    expect(kindsOf(await tier.readMany([a, b, c], ask))).toEqual(["found", "absent", "absent"]);
    expect(world.badRecordCount).toBe(1);
    await world.redis.del(await redisKeyOf(c));
  });
});
