// Records in Redis that the shared tier did not write, or not alone: each is a miss that is counted, and
// gives way to what is written next.
import "../../../testing/fakes/workers-globals.ts";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
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
import { bodyBytesMax, keyOf, openWorld, redisKeyOf } from "./shared-world.ts";
import type { ResponseRecord } from "../../../src/proxy/stored/tiers.ts";

const page = responseOf(bytesOf("page"));
const large = responseOf(noise(300_000));
const marker: ResponseRecord = { kind: "vary", names: ["a"], sinceAtMs: 0, variants: [] };

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openWorld(start);

  describe("what the tier did not write", () => {
    const own = encodeRecord(headOf(page), keepUntilAtMs);
    const headText = (bytes: Uint8Array<ArrayBuffer>) =>
      encodeRecord(headOf(responseOf(bytes)), keepUntilAtMs);
    const packedText = (bytes: Uint8Array) => `g${gzipSync(bytes).toString("base64")}`;
    const packed = packedText(bytesOf("page"));
    const tooLong = new Uint8Array(bodyBytesMax + 1);
    const claims = (bodyBytes: number) =>
      encodeRecord(headOf(responseOf(bytesOf("page"), { bodyBytes })), keepUntilAtMs);
    const undigested = encodeRecord(
      headOf(responseOf(bytesOf("page"), { bodyDigest: null })),
      keepUntilAtMs,
    );
    it.each([
      { id: "another version", text: `${own.replace('"v":4', '"v":5')}\ni${btoa("page")}` },
      { id: "text that is not JSON", text: `${own.slice(0, -1)}\ni${btoa("page")}` },
      { id: "JSON of another form", text: `{"v":4,"record":[]}\ni${btoa("page")}` },
      { id: "a number", text: `1\ni${btoa("page")}` },
      { id: "no metadata text", text: `\ni${btoa("page")}` },
      { id: "text of somebody else", text: "text" },
      { id: "long text of somebody else", text: "größer".repeat(2_000) },
      { id: "another body", text: `${own}\ni${btoa("pagE")}` },
      { id: "an empty body", text: `${own}\ni` },
      { id: "no letter", text: `${own}\n` },
      { id: "an unknown letter", text: `${own}\nz${btoa("page")}` },
      { id: "an unknown letter before a packed body", text: `${own}\nz${packed.slice(1)}` },
      { id: "a letter of the other kind", text: `${own}\ng${btoa("page")}` },
      { id: "a packed body without its letter", text: `${own}\ni${packed.slice(1)}` },
      { id: "a body that is not base64", text: `${own}\nip@ge` },
      { id: "a packed body that is cut", text: `${own}\n${packed.slice(0, -12)}` },
      { id: "a packed body of more than was said", text: `${claims(3)}\n${packed}` },
      { id: "a packed body of less than was said", text: `${claims(5)}\n${packed}` },
      { id: "more than any body", text: `${headText(tooLong)}\n${packedText(tooLong)}` },
      { id: "less than nothing", text: `${claims(-1)}\n${packed}` },
      { id: "parts of bytes", text: `${claims(4.5)}\n${packed}` },
      { id: "no body", text: own },
      { id: "a body without a digest", text: `${undigested}\ni${btoa("page")}` },
    ])("is absent and counted: $id", async ({ id, text }) => {
      const key = keyOf(`planted ${id}`);
      await world.redis.set(await redisKeyOf(key), text);
      expect(await world.tier().read(key, ask)).toEqual({ kind: "absent" });
      expect(world.badRecordCount).toBe(1);
    });

    it("is read where it fits together, packed or not", async () => {
      for (const body of [`i${btoa("page")}`, packed]) {
        const key = keyOf(`planted ${body}`);
        await world.redis.set(await redisKeyOf(key), `${own}\n${body}`);
        expect(await look(world.tier(), key, ask)).toEqual(shown(page, bytesOf("page")));
      }
    });

    it("is absent, counted and replaced where it is no string", async () => {
      const key = keyOf("planted hash");
      const tier = world.tier();
      for (const record of [page, large]) {
        await world.redis.del(await redisKeyOf(key));
        await world.redis.hset(await redisKeyOf(key), { m: own, b: btoa("page") });
        expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
        const written = await tier.write(key, record, { ...keep, body: "unchanged" });
        expect(written).toEqual({ kind: "kept" });
        expect((await look(tier, key, ask)).kind).toBe("response");
      }
      expect(world.badRecordCount).toBe(2);
    });

    it("is replaced whole by a validated response where its body was found to be another", async () => {
      const [tier, key] = [world.tier(), keyOf("planted, large, of another body")];
      const head = encodeRecord(headOf(large), keepUntilAtMs).padEnd(1_000);
      const spoiled = noise(300_000).with(7, 0).toBase64();
      await world.redis.set(await redisKeyOf(key), `${head}\ni${spoiled}`);
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      await tier.write(key, large, { ...keep, body: "unchanged" });
      expect(await look(tier, key, ask)).toEqual(shown(large, noise(300_000)));
      const counts = await world.counted(() =>
        tier.write(key, large, { ...keep, body: "unchanged" }),
      );
      expect(counts.commandCountByName).toMatchObject({ SETRANGE: 1 });
    });

    it("is replaced whole by a validated response", async () => {
      const tier = world.tier();
      for (const text of ["of another version\n?", `${own}\n?`]) {
        const key = keyOf(`planted, then validated: ${text}`);
        await world.redis.set(await redisKeyOf(key), text);
        await tier.write(key, page, { ...keep, body: "unchanged" });
        expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
      }
    });
  });

  describe("where two writers cross, between the one's question and its answer", () => {
    const other = responseOf(noise(250_000), { status: 404 });
    const longMetadata = responseOf(noise(300_001), { fields: [["x-long", "p".repeat(2_000)]] });
    it.each([
      { id: "another large body", other },
      { id: "metadata of another length", other: longMetadata },
      { id: "a small body", other: responseOf(bytesOf("newer")) },
      { id: "a marker", other: marker },
      { id: "nothing any more", other: undefined },
    ])("has nothing until one of them writes again: $id", async ({ id, other: newer }) => {
      const [tier, key] = [world.tier(), keyOf(`crossed ${id}`)];
      await tier.write(key, large, keep);
      const slow = world.tier({
        between: async () => {
          if (newer === undefined) await tier.remove(key);
          else await tier.write(key, newer, keep);
        },
      });
      await slow.write(key, large, { ...keep, body: "unchanged" });
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(world.badRecordCount).toBe(1);
      await tier.write(key, large, keep);
      expect(await look(tier, key, ask)).toEqual(shown(large, noise(300_000)));
    });
  });
});
