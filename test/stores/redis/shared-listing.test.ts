// Tests the listing of responses in the shared tier.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  responseOf,
} from "../../../testing/examples/records.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { keyOf, large, longer, longHead, marker, openWorld, page } from "./shared-world.ts";

const upTo = (recordsMax: number) => ({ recordsMax, commandsMax: 1_200 });

describe.each(oneRedisServer)("the shared tier over $redis", ({ start }) => {
  const world = openWorld(start);

  it("lists only responses, up to a limit, and reports whether there are more", async () => {
    const tier = world.tier({ namespace: "listed" });
    for (const name of ["a", "b", "c"]) await tier.write(keyOf(name), page, keep);
    await tier.write(keyOf("d"), marker, keep);
    await tier.write(keyOf("e"), longHead, keep);
    await world.redis.set("listed:r:foreign", "text");
    await world.redis.hset("listed:r:another", { m: "a hash" });
    const all = await tier.listed(upTo(10));
    expect(all).toMatchObject({ leftOut: undefined, metadata: { length: 4 } });
    expect(await tier.listed(upTo(2))).toMatchObject({ leftOut: "records" });
  });

  it("lists a thousand responses, although a quick lookup has shortened the time-out", async () => {
    const text = `${encodeRecord(headOf(large), keepUntilAtMs, responseForm)}\ni${"A".repeat(8_000)}`;
    const pipeline = world.redis.pipeline();
    for (let at = 0; at < 1_000; at += 1) pipeline.set(`many:r:${at}`, text);
    await pipeline.exec();
    const tier = world.tier({ namespace: "many" });
    expect(await tier.read(keyOf("nothing"), ask)).toEqual({ kind: "absent" });
    expect(await tier.listed(upTo(1_000))).toMatchObject({ metadata: { length: 1_000 } });
  });

  it("lists long metadata without bodies, and omits metadata above the limit", async () => {
    const tier = world.tier({ namespace: "long" });
    for (let at = 0; at < 20; at += 1) await tier.write(keyOf(`long ${at}`), longer, keep);
    const counts = await world.counted(async () => {
      const listed = await tier.listed(upTo(100));
      expect(listed).toMatchObject({ leftOut: undefined, metadata: { length: 20 } });
    });
    expect(counts.responseBytes).toBeLessThan(20 * 80_000);
    const longest = responseOf(bytesOf("page"), { fields: [["x-long", "p".repeat(70_000)]] });
    await tier.write(keyOf("longest"), longest, keep);
    const omitted = { leftOut: "metadata", metadata: { length: 20 } };
    expect(await tier.listed(upTo(100))).toMatchObject(omitted);
  });
});
