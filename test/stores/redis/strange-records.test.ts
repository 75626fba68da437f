// Tests invalid records in Redis, which the shared tier has not written or has written only in
// part. Each invalid record is a counted miss, and the next write replaces the record.
import "../../../testing/fakes/workers-globals.ts";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeRecord, headOf, version } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  look,
  noise,
  responseOf,
  shown,
} from "../../../testing/examples/records.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import {
  bodyBytesMax,
  keyOf,
  large,
  marker,
  openWorld,
  page,
  redisKeyOf,
  tierOver,
} from "./shared-world.ts";

const unchanged = { ...keep, body: "unchanged" } as const;

describe.each(oneRedisServer)("the shared tier over $redis", ({ start }) => {
  const world = openWorld(start);

  const headWith = (bytes: Uint8Array<ArrayBuffer>, changed: Partial<StoredMetadata> = {}) =>
    encodeRecord(headOf(responseOf(bytes, changed)), keepUntilAtMs, responseForm);
  const bytes = bytesOf("page");
  const own = headWith(bytes);
  const claims = (bodyBytes: number) => headWith(bytes, { bodyBytes });
  const undigested = headWith(bytes, { bodyDigest: null });
  const plain = `i${btoa("page")}`;
  const packedText = (unpacked: Uint8Array) => `g${gzipSync(unpacked).toString("base64")}`;
  const packed = packedText(bytes);
  const tooLong = new Uint8Array(bodyBytesMax + 1);

  it.each([
    {
      id: "another version",
      text: `${own.replace(`"v":${version}`, `"v":${version - 1}`)}\n${plain}`,
    },
    { id: "a head that is not JSON", text: `${own.slice(0, -1)}\n${plain}` },
    { id: "a head in another format", text: `{"v":${version},"record":[]}\n${plain}` },
    { id: "a number as head", text: `1\n${plain}` },
    { id: "no head", text: `\n${plain}` },
    { id: "foreign text", text: "text" },
    { id: "long foreign text", text: "größer".repeat(2_000) },
    { id: "another body", text: `${own}\ni${btoa("pagE")}` },
    { id: "an empty body", text: `${own}\ni` },
    { id: "a body without its letter", text: `${own}\n` },
    { id: "a body with an unknown letter", text: `${own}\nz${btoa("page")}` },
    { id: "a compressed body with an unknown letter", text: `${own}\nz${packed.slice(1)}` },
    {
      id: "an uncompressed body with the letter g",
      text: `${own}\ng${btoa("page")}`,
    },
    {
      id: "a compressed body with the letter i",
      text: `${own}\ni${packed.slice(1)}`,
    },
    { id: "a body that is not base64", text: `${own}\nip@ge` },
    { id: "a cut compressed body", text: `${own}\n${packed.slice(0, -12)}` },
    {
      id: "a compressed body over its stated length",
      text: `${claims(3)}\n${packed}`,
    },
    { id: "a body above the maximum size", text: `${headWith(tooLong)}\n${packedText(tooLong)}` },
    { id: "a negative length", text: `${claims(-1)}\n${packed}` },
    { id: "a fraction as length", text: `${claims(4.5)}\n${packed}` },
    { id: "no body", text: own },
    { id: "a body without a digest", text: `${undigested}\n${plain}` },
  ])("a record is absent and counted if it has this fault: $id", async ({ id, text }) => {
    const key = keyOf(`planted ${id}`);
    await world.redis.set(await redisKeyOf(key), text);
    expect(await world.tier().read(key, ask)).toEqual({ kind: "absent" });
    expect(world.badRecordCount).toBe(1);
  });

  it.each([
    { id: "response", record: page },
    { id: "marker", record: marker },
  ])("a $id under the key of another variant is absent and counted", async ({ id, record }) => {
    const one = keyOf(`swapped ${id}`);
    const other = one.with('["de"]', false);
    const tier = world.tier();
    await tier.write(one, record, keep);
    await world.redis.copy(await redisKeyOf(one), await redisKeyOf(other));
    const [before, whole] = [world.badRecordCount, { ...ask, part: "whole" } as const];
    expect(await tier.read(other, ask)).toEqual({ kind: "absent" });
    expect(await tier.readMany([other, one], whole)).toMatchObject([
      { kind: "absent" },
      { kind: "found" },
    ]);
    expect(await tier.locks.ask(other)).toMatchObject({ kind: "taken", record: undefined });
    expect(world.badRecordCount - before).toBe(2);
    await tier.write(other, record, unchanged);
    expect((await tier.read(other, ask)).kind).toBe("found");
  });

  it.each([plain, packed])("a record with the body %j is found", async (body) => {
    const key = keyOf(`planted ${body}`);
    await world.redis.set(await redisKeyOf(key), `${own}\n${body}`);
    expect(await look(world.tier(), key, ask)).toEqual(shown(page, bytes));
  });

  it.each([
    { id: "small", record: page },
    { id: "large", record: large },
  ])(
    "a value of another type is absent, counted, and replaced by a $id record",
    async ({ id, record }) => {
      const key = keyOf(`planted hash, ${id}`);
      const redis = world.client();
      const tier = world.tier({ redis });
      await world.redis.hset(await redisKeyOf(key), { m: own, b: btoa("page") });
      for (let times = 0; times < 3; times += 1) {
        expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
        expect(await tier.read(key, { ...ask, atPrimary: true })).toEqual({ kind: "absent" });
      }
      expect([
        redis.health.isBreakerOpen,
        redis.health.refusesWrites,
        world.badRecordCount,
      ]).toEqual([false, false, 6]);
      expect(await tier.write(key, record, unchanged)).toEqual({ kind: "kept" });
      expect((await look(tier, key, ask)).kind).toBe("response");
    },
  );

  it("a validated response replaces a large record with another body", async () => {
    const [tier, key] = [world.tier(), keyOf("planted, large, of another body")];
    const head = encodeRecord(headOf(large), keepUntilAtMs, responseForm).padEnd(1_000);
    const spoiled = noise(300_000).with(7, 0).toBase64();
    await world.redis.set(await redisKeyOf(key), `${head}\ni${spoiled}`);
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    await tier.write(key, large, unchanged);
    expect(await look(tier, key, ask)).toEqual(shown(large, noise(300_000)));
    const counts = await world.counted(() => tier.write(key, large, unchanged));
    expect(counts.commandCountByName).toMatchObject({ SETRANGE: 1 });
  });

  it.each(["of another version\n?", `${own}\n?`])(
    "a validated response replaces the invalid record %j",
    async (text) => {
      const [tier, key] = [world.tier(), keyOf(`planted, then validated: ${text}`)];
      await world.redis.set(await redisKeyOf(key), text);
      await tier.write(key, page, unchanged);
      expect(await look(tier, key, ask)).toEqual(shown(page, bytes));
    },
  );

  const longHead = { fields: [["x-long", "p".repeat(2_000)]] } as const;
  it.each([
    { id: "another large body", newer: responseOf(noise(250_000), { status: 404 }) },
    { id: "longer metadata", newer: responseOf(noise(300_001), longHead) },
    { id: "a small body", newer: responseOf(bytesOf("newer")) },
    { id: "a marker", newer: marker },
    { id: "a removal", newer: undefined },
  ])(
    "a write between a read of metadata and its rewrite causes a counted miss: $id",
    async ({ id, newer }) => {
      const [tier, key] = [world.tier(), keyOf(`crossed ${id}`)];
      await tier.write(key, large, keep);
      const between = async () => {
        if (newer === undefined) await tier.remove(key);
        else await tier.write(key, newer, keep);
      };
      await world.tier({ between }).write(key, large, unchanged);
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(world.badRecordCount).toBe(1);
      await tier.write(key, large, keep);
      expect(await look(tier, key, ask)).toEqual(shown(large, noise(300_000)));
    },
  );
});

it("a reply to a read of many records that is no list contains none", async () => {
  const read = async () => ({ kind: "answered", value: null });
  const tier = tierOver({ read } as unknown as RedisClient);
  expect(await tier.readMany([keyOf("a")], ask)).toEqual([{ kind: "absent" }]);
});
