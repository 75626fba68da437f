// The shared tier: the contract over every Redis there is, what each of its steps costs there, and
// what it makes of a database that goes away.
import "../../../testing/fakes/workers-globals.ts";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import type { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { oneRedisServer, redisServers } from "../../../testing/fakes/redis-server.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
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
import { bodyBytesMax, keyOf, openWorld, redisKeyOf, tierOver, token } from "./shared-world.ts";
import type { ResponseRecord } from "../../../src/proxy/stored/tiers.ts";
import type { ResponseDetail } from "../../../src/proxy/stored/stored-response.ts";

const page = responseOf(bytesOf("page"));
const large = responseOf(noise(300_000));
const marker: ResponseRecord = { kind: "vary", names: ["a"], sinceAtMs: 0, variants: [] };
const rewritten = { GETRANGE: 1, SETRANGE: 1, PEXPIRE: 1 };
/** Its metadata is longer than what is asked for. */
const longer = responseOf(noise(300_000), { fields: [["x-long", "p".repeat(5_000)]] });
const prose = bytesOf(
  readFileSync(new URL("../../cache/tiers/contract/contract.ts", import.meta.url), "utf8").slice(
    0,
    12_000,
  ),
);
const upTo = (recordsMax: number) => ({ recordsMax, commandsMax: 1_200 });
const longHead = responseOf(bytesOf("page"), { fields: [["x-long", "p".repeat(5_000)]] });

describe.each(redisServers)("over $redis", ({ start }) => {
  const world = openWorld(start);

  describeTier("shared", async () => ({
    tier: world.tier(),
    bodyBytesMax,
    takesStreams: false,
    largest: responseOf(noise(bodyBytesMax)),
    tooLarge: responseOf(noise(bodyBytesMax + 1)),
    badRecordCount: () => world.badRecordCount,
  }));
});

describe.each(oneRedisServer)("over $redis", ({ redis, start }) => {
  const world = openWorld(start);

  describe("costs", () => {
    const costRows: {
      id: string;
      before?: ResponseRecord;
      run: (tier: SharedTier<ResponseDetail>, key: RecordKey) => Promise<{ kind: string }>;
      kind: string;
      commands: Record<string, number>;
    }[] = [
      {
        id: "a read of nothing",
        run: async (tier, key) => tier.read(key, ask),
        kind: "absent",
        commands: { GETRANGE: 1 },
      },
      {
        id: "a read",
        before: page,
        run: async (tier, key) => tier.read(key, ask),
        kind: "found",
        commands: { GETRANGE: 1 },
      },
      {
        id: "a read of metadata alone",
        before: page,
        run: async (tier, key) => tier.read(key, { ...ask, part: "metadata" }),
        kind: "found",
        commands: { GETRANGE: 1 },
      },
      {
        id: "a fill",
        run: async (tier, key) => tier.write(key, page, keep),
        kind: "kept",
        commands: { SET: 1 },
      },
      {
        id: "a body without a digest, which no read could tell from another",
        run: async (tier, key) => {
          const { stored } = page;
          const metadata = { ...stored.metadata, bodyDigest: null };
          return tier.write(key, { ...page, stored: { ...stored, metadata } }, keep);
        },
        kind: "refused",
        commands: {},
      },
      {
        id: "a marker",
        run: async (tier, key) =>
          tier.write(key, { kind: "vary", names: ["a"], sinceAtMs: 0, variants: [] }, keep),
        kind: "kept",
        commands: { SET: 1 },
      },
      {
        id: "a read of metadata alone that is longer than most",
        before: longHead,
        run: async (tier, key) => tier.read(key, { ...ask, part: "metadata" }),
        kind: "found",
        commands: { GETRANGE: 2 },
      },
      {
        id: "a small body that is unchanged",
        before: page,
        run: async (tier, key) => tier.write(key, page, { ...keep, body: "unchanged" }),
        kind: "kept",
        commands: { SET: 1 },
      },
      {
        id: "a large body that is unchanged",
        before: large,
        run: async (tier, key) => tier.write(key, large, { ...keep, body: "unchanged" }),
        kind: "kept",
        commands: { GETRANGE: 1, SETRANGE: 1, PEXPIRE: 1 },
      },
      {
        id: "a large body that is unchanged, where there is none",
        run: async (tier, key) => tier.write(key, large, { ...keep, body: "unchanged" }),
        kind: "kept",
        commands: { GETRANGE: 1, SET: 1 },
      },
      {
        id: "a body that is too large",
        run: async (tier, key) => tier.write(key, responseOf(noise(bodyBytesMax + 1)), keep),
        kind: "refused",
        commands: {},
      },
      {
        id: "a record that has expired",
        run: async (tier, key) => tier.write(key, page, { ...keep, untilAtMs: keep.atMs }),
        kind: "refused",
        commands: {},
      },
    ];

    it.each(costRows)("$id", async ({ id, before, run, kind, commands }) => {
      const [tier, key] = [world.tier(), keyOf(`cost of ${id}`)];
      if (before !== undefined) await tier.write(key, before, keep);
      world.rest.resetCounts();
      expect((await run(tier, key)).kind).toBe(kind);
      const counts = world.rest.counts();
      expect(counts.commandCountByName).toEqual(commands);
      // SETRANGE and PEXPIRE travel as one transaction, and nothing travels in more parts.
      expect(counts.requestCount).toBe(requestsFor(commands));
    });

    // The two halves of 112,499 noise bytes in base64 and what goes with them: 150,000 characters.
    it.each([
      { id: "from 150,000 characters on", bytes: 112_499, commands: rewritten },
      { id: "which one less is not", bytes: 112_497, commands: { SET: 1 } },
    ])("sends an unchanged body only if that is cheaper: $id", async ({ id, bytes, commands }) => {
      const [tier, key] = [world.tier(), keyOf(`threshold ${id}`)];
      const record = responseOf(noise(bytes));
      await tier.write(key, record, keep);
      const counts = await world.counted(() =>
        tier.write(key, record, { ...keep, body: "unchanged" }),
      );
      expect(counts.commandCountByName).toEqual(commands);
    });

    it.each([
      { id: "unchanged", body: "unchanged", before: large, isUploaded: false },
      { id: "new", body: "new", before: large, isUploaded: true },
      { id: "unchanged, another here", body: "unchanged", before: page, isUploaded: true },
      { id: "unchanged, a marker here", body: "unchanged", before: marker, isUploaded: true },
      {
        id: "unchanged, longer metadata here",
        body: "unchanged",
        before: longer,
        isUploaded: true,
      },
    ] as const)("uploads a large body only if it must: $id", async (row) => {
      const [tier, key] = [world.tier(), keyOf(`upload ${row.id}`)];
      await tier.write(key, row.before, keep);
      const freshened = responseOf(noise(300_000), { fields: [["date", "later"]] });
      const counts = await world.counted(() =>
        tier.write(key, freshened, { ...keep, body: row.body }),
      );
      expect(counts.requestBytes > 400_000).toBe(row.isUploaded);
      expect(row.isUploaded || counts.requestBytes < 2_000).toBe(true);
      expect(await look(tier, key, ask)).toEqual(shown(freshened, noise(300_000)));
    });

    it.each([
      { id: "a little, and it has room", characters: 20, isUploaded: false },
      { id: "more than it has room for", characters: 150, isUploaded: true },
    ])("writes metadata over that has grown by $id", async ({ id, characters, isUploaded }) => {
      const [tier, key] = [world.tier(), keyOf(`room for ${id}`)];
      const { fields } = large.stored.metadata;
      const more = [...fields, ["x", "p".repeat(characters)]] as const;
      const grown = responseOf(noise(300_000), { fields: more });
      await tier.write(key, large, keep);
      const counts = await world.counted(() =>
        tier.write(key, grown, { ...keep, body: "unchanged" }),
      );
      expect(counts.requestBytes > 400_000).toBe(isUploaded);
      expect(await look(tier, key, ask)).toEqual(shown(grown, noise(300_000)));
    });

    it("downloads no body where metadata alone is asked for", async () => {
      const [tier, key] = [world.tier(), keyOf("download")];
      await tier.write(key, responseOf(noise(300_000)), keep);
      const counts = await world.counted(() => tier.read(key, { ...ask, part: "metadata" }));
      expect(counts.responseBytes).toBeLessThan(5_000);
    });

    it("takes a body along that fits into what metadata is asked for by", async () => {
      const [tier, key] = [world.tier(), keyOf("small download")];
      await tier.write(key, page, keep);
      expect(await look(tier, key, { ...ask, part: "metadata" })).toEqual(
        shown(page, bytesOf("page")),
      );
    });

    it("moves text packed, both ways", async () => {
      const [tier, key] = [world.tier(), keyOf("packed")];
      const html = responseOf(prose, { fields: [["content-type", "text/html"]] });
      const up = await world.counted(() => tier.write(key, html, keep));
      const down = await world.counted(async () =>
        expect(await look(tier, key, ask)).toEqual(shown(html, prose)),
      );
      expect([up.requestBytes, down.responseBytes].every((bytes) => bytes < 8_000)).toBe(true);
    });
  });

  describe("in Redis", () => {
    it("lies under its namespace and the digest of its key, as text alone", async () => {
      const key = keyOf("place größe");
      await world.tier().write(key, page, keep);
      const digest = createHash("sha256").update(key.text).digest("hex");
      const text = await world.redis.get(`site:r:${digest}`);
      expect(text).toBe(`${encodeRecord(headOf(page), keepUntilAtMs)}\ni${btoa("page")}`);
    });

    it.each([
      { id: "an hour", keptMs: 3_600_000 },
      { id: "ten seconds", keptMs: 10_000 },
      { id: "a year", keptMs: 365 * 86_400_000 },
    ])("expires when the record does, to the second: $id", async ({ id, keptMs }) => {
      const key = keyOf(`expiry ${id}`);
      const atMs = Date.now();
      const untilAtMs = atMs + keptMs;
      await world.tier().write(key, page, { atMs, untilAtMs, body: "new" });
      const leftMs = await world.redis.pttl(await redisKeyOf(key));
      const tookMs = Date.now() - atMs;
      expect(leftMs).toBeLessThan(keptMs + 1_000);
      expect(leftMs).toBeGreaterThan(keptMs - 1_000 - tookMs);
    });

    it.each([
      { id: "sent again", record: page },
      { id: "written over", record: large },
    ])("lives on after a 304: $id", async ({ id, record }) => {
      const key = keyOf(`expiry after ${id}`);
      const atMs = Date.now();
      const tier = world.tier();
      await tier.write(key, record, { atMs, untilAtMs: atMs + 60_000, body: "new" });
      await tier.write(key, record, { atMs, untilAtMs: atMs + 600_000, body: "unchanged" });
      expect(await world.redis.pttl(await redisKeyOf(key))).toBeGreaterThan(500_000);
    });

    it("frees the body of a response that a marker replaces", async () => {
      const [tier, key] = [world.tier(), keyOf("marker over response")];
      await tier.write(key, large, keep);
      await tier.write(key, marker, keep);
      expect(await world.redis.strlen(await redisKeyOf(key))).toBeLessThan(200);
    });

    it("is apart from the records of another namespace", async () => {
      const key = keyOf("namespaces");
      const [tier, other] = [world.tier(), world.tier({ namespace: "other" })];
      await tier.write(key, page, keep);
      expect(await other.read(key, ask)).toEqual({ kind: "absent" });
      await other.write(key, responseOf(bytesOf("theirs")), keep);
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
    });
  });

  it("lists responses alone, as many as it is asked for, and says if there are more", async () => {
    const namespace = `listed-${redis.replaceAll(/\W/g, "")}`;
    const tier = world.tier({ namespace });
    for (const name of ["a", "b", "c"]) await tier.write(keyOf(name), page, keep);
    await tier.write(keyOf("d"), { kind: "vary", names: ["x"], sinceAtMs: 0, variants: [] }, keep);
    await tier.write(keyOf("e"), longHead, keep);
    await world.redis.set(`${namespace}:r:foreign`, "text");
    await world.redis.hset(`${namespace}:r:another`, { m: "a hash" });
    const [all, some] = [await tier.listed(upTo(10)), await tier.listed(upTo(2))];
    expect(all).toMatchObject({ leftOut: undefined, metadata: { length: 4 } });
    expect(some).toMatchObject({ leftOut: "records" });
  });

  it("lists a thousand, though a lookup of one has been quick", async () => {
    const namespace = `many-${redis.replaceAll(/\W/g, "")}`;
    const text = `${encodeRecord(headOf(large), keepUntilAtMs)}\ni${"A".repeat(8_000)}`;
    const pipeline = world.redis.pipeline();
    for (let at = 0; at < 1_000; at += 1) pipeline.set(`${namespace}:r:${at}`, text);
    await pipeline.exec();
    const tier = world.tier({ namespace });
    expect(await tier.read(keyOf("nothing"), ask)).toEqual({ kind: "absent" });
    expect(await tier.listed(upTo(1_000))).toMatchObject({ metadata: { length: 1_000 } });
  });

  it("lists what has long metadata without its body, and says where metadata is longer still", async () => {
    const namespace = `long-${redis.replaceAll(/\W/g, "")}`;
    const tier = world.tier({ namespace });
    for (let at = 0; at < 20; at += 1) await tier.write(keyOf(`long ${at}`), longer, keep);
    let listed: Awaited<ReturnType<SharedTier<ResponseDetail>["listed"]>> | undefined;
    const counts = await world.counted(async () => {
      listed = await tier.listed(upTo(100));
    });
    expect(listed).toMatchObject({ leftOut: undefined, metadata: { length: 20 } });
    expect(counts.responseBytes).toBeLessThan(20 * 80_000);
    const longest = responseOf(bytesOf("page"), { fields: [["x-long", "p".repeat(70_000)]] });
    await tier.write(keyOf("longest"), longest, keep);
    expect(await tier.listed(upTo(100))).toMatchObject({
      leftOut: "metadata",
      metadata: { length: 20 },
    });
  });
});

describe.each(oneRedisServer)("an outage of $redis", ({ start }) => {
  it("reads as unavailable, and is healed by a probe for which no client waits", async () => {
    let redisServer = await start();
    const port = Number(new URL(redisServer.url).port);
    const rest = await startUpstashRestServer({ redisUrl: redisServer.url, token });
    let atMs = 1_000_000;
    const tier = tierOver({ rest, nowAtMs: () => atMs });
    const key = keyOf("outage");
    try {
      expect(await tier.write(key, page, keep)).toEqual({ kind: "kept" });
      await redisServer.stop();

      const kinds: string[] = [];
      for (let at = 0; at < 3; at += 1) kinds.push((await tier.read(key, ask)).kind);
      expect(kinds).toEqual(["unavailable", "unavailable", "unavailable"]);
      const shutOff = { kind: "unavailable", cause: "shut-off" };
      rest.resetCounts();
      expect(await tier.read(key, ask)).toEqual(shutOff);
      expect(await tier.write(key, page, keep)).toEqual(shutOff);
      expect(rest.counts().requestCount).toBe(0);
      const html = responseOf(prose, { fields: [["content-type", "text/html"]] });
      const packing = vi.spyOn(globalThis, "CompressionStream");
      expect(await tier.write(key, html, keep)).toEqual(shutOff);
      expect(packing).not.toHaveBeenCalled();
      packing.mockRestore();

      redisServer = await start({ port });
      // What is to heal here is the tier; the REST server comes back in its own time.
      await expect.poll(() => isAnswering(rest), { timeout: 10_000 }).toBe(true);
      rest.resetCounts();
      atMs += 1_000;
      const later: (() => Promise<void>)[] = [];
      const whileProbing = { ...ask, afterAnswer: (work: () => Promise<void>) => later.push(work) };
      expect(await tier.read(key, whileProbing)).toEqual(shutOff);
      expect(await tier.read(key, ask)).toEqual(shutOff);
      expect([later.length, rest.counts().requestCount]).toEqual([1, 0]);
      await later[0]?.();
      expect(rest.counts().commandCountByName).toEqual({ PING: 1 });
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(await tier.write(key, page, keep)).toEqual({ kind: "kept" });
    } finally {
      await rest.stop();
      await redisServer.stop();
    }
  });
});

async function isAnswering({ url }: UpstashRestServer): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(url, { method: "POST", headers, body: '["PING"]' })).ok;
}

function requestsFor(commands: Record<string, number>): number {
  const sent = Object.entries(commands).filter(([name]) => name !== "PEXPIRE");
  return sent.reduce((sum, [, count]) => sum + count, 0);
}
