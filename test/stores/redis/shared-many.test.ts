// Many records of the shared tier in one round trip, over every Redis there is.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { ask, bytesOf, keep, noise, responseOf } from "../../../testing/examples/records.ts";
import { bodyBytesMax, keyOf, openWorld, redisKeyOf } from "./shared-world.ts";

const page = (text: string) => responseOf(bytesOf(text));

describe.each(redisServers)("over $redis", ({ start }) => {
  const world = openWorld(start);
  const keys = ["a", "b", "c"].map(keyOf);
  const [a, b, c] = keys as [
    ReturnType<typeof keyOf>,
    ReturnType<typeof keyOf>,
    ReturnType<typeof keyOf>,
  ];

  it("are written by one request, and read by one command, each with a fate of its own", async () => {
    const tier = world.tier();
    let kinds: string[] = [];
    const written = await world.counted(async () => {
      const came = await tier.writeMany([
        [a, page("1"), keep],
        [b, responseOf(noise(bodyBytesMax + 1)), keep],
        [c, page("3"), keep],
      ]);
      kinds = came.map(({ kind }) => kind);
    });
    expect(kinds).toEqual(["kept", "refused", "kept"]);
    expect(written).toMatchObject({ requestCount: 1, commandCountByName: { SET: 2 } });
    const read = await world.counted(async () => {
      kinds = (await tier.readMany(keys, ask)).map(({ kind }) => kind);
    });
    expect(kinds).toEqual(["found", "absent", "found"]);
    expect(read).toMatchObject({ requestCount: 1, commandCountByName: { MGET: 1 } });
    expect(await tier.readMany([c, a], ask)).toEqual([
      await tier.read(c, ask),
      await tier.read(a, ask),
    ]);
  });

  it("asks for nothing where nothing is left to be written, and takes that for no failure", async () => {
    const tier = world.tier();
    const tooLarge = responseOf(noise(bodyBytesMax + 1));
    const cost = await world.counted(async () => {
      for (let nth = 0; nth < 3; nth += 1) await tier.writeMany([[a, tooLarge, keep]]);
    });
    expect(cost.requestCount).toBe(0);
    expect(await tier.writeMany([[a, page("1"), keep]])).toEqual([{ kind: "kept" }]);
  });

  it("what is no record is absent, and counted", async () => {
    const tier = world.tier();
    await tier.writeMany([[a, page("1"), keep]]);
    await world.redis.set(await redisKeyOf(b), "rubbish");
    await world.redis.del(await redisKeyOf(c));
    await world.redis.lpush(await redisKeyOf(c), "of another type");
    const reads = await tier.readMany(keys, ask);
    expect(reads.map(({ kind }) => kind)).toEqual(["found", "absent", "absent"]);
    expect(world.badRecordCount).toBe(1);
    await world.redis.del(await redisKeyOf(c));
  });
});
