// The shared tier: the contract over every Redis there is, what each of its steps costs there, and
// what it makes of records that are not its own and of a database that goes away.
import "../fakes/workers-globals.ts";
import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import {
  type Counts,
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../local/upstash-rest-server.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { encodeRecord, headOf } from "../../src/tiers/record-codec.ts";
import { RecordKey } from "../../src/tiers/record-key.ts";
import { SharedTier } from "../../src/tiers/shared-tier.ts";
import type { TierRecord } from "../../src/tiers/tier.ts";
import { type RedisServerRow, redisServers } from "../fakes/redis-server.ts";
import { describeTier } from "./contract.ts";
import { ask, bytesOf, keep, keepUntilAtMs, look, noise, responseOf, shown } from "./records.ts";

const bodyBytesMax = 2 * 1_048_576;
const token = "local-token";
const page = responseOf(bytesOf("page"));

describe.each(redisServers)("over $redis", ({ redis, start }) => {
  const world = openWorld(start);

  describeTier("shared", async () => ({
    tier: world.tier(),
    bodyBytesMax,
    takesStreams: false,
    largest: responseOf(noise(bodyBytesMax)),
    tooLarge: responseOf(noise(bodyBytesMax + 1)),
    badRecordCount: () => world.badRecordCount,
  }));

  describe("costs", () => {
    const costRows: {
      id: string;
      before?: TierRecord;
      run: (tier: SharedTier, key: RecordKey) => Promise<{ kind: string }>;
      kind: string;
      commands: Record<string, number>;
    }[] = [
      {
        id: "a read of nothing",
        run: async (tier, key) => tier.read(key, ask),
        kind: "absent",
        commands: { HMGET: 1 },
      },
      {
        id: "a read",
        before: page,
        run: async (tier, key) => tier.read(key, ask),
        kind: "found",
        commands: { HMGET: 1 },
      },
      {
        id: "a read of metadata alone",
        before: page,
        run: async (tier, key) => tier.read(key, { ...ask, part: "metadata" }),
        kind: "found",
        commands: { HMGET: 1 },
      },
      {
        id: "a fill",
        run: async (tier, key) => tier.write(key, page, keep),
        kind: "kept",
        commands: { HSET: 1, PEXPIRE: 1 },
      },
      {
        id: "a marker",
        run: async (tier, key) =>
          tier.write(key, { kind: "vary", names: ["a"], sinceAtMs: 0, variants: [] }, keep),
        kind: "kept",
        commands: { HSET: 1, PEXPIRE: 1 },
      },
      {
        id: "a rewrite beside the body that was read here",
        before: page,
        run: async (tier, key) => tier.write(key, page, { ...keep, body: "as-read" }),
        kind: "kept",
        commands: { HSET: 1, PEXPIRE: 1 },
      },
      {
        id: "a rewrite of a validated response",
        before: page,
        run: async (tier, key) => tier.write(key, page, { ...keep, body: "validated" }),
        kind: "kept",
        commands: { HGET: 1, HSET: 1, PEXPIRE: 1 },
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
      // HSET and PEXPIRE travel as one transaction, and nothing travels in more parts.
      expect(counts.requestCount).toBe(requestsFor(commands));
    });

    it.each([
      { id: "as-read", body: "as-read", isUploaded: false },
      { id: "validated, and the body is there", body: "validated", isUploaded: false },
      { id: "new", body: "new", isUploaded: true },
    ] as const)("uploads the body only if it must: $id", async ({ id, body, isUploaded }) => {
      const [tier, key] = [world.tier(), keyOf(`upload ${id}`)];
      const large = noise(300_000);
      await tier.write(key, responseOf(large), keep);
      const freshened = responseOf(large, { fields: [["date", "later"]] });
      const counts = await world.counted(() => tier.write(key, freshened, { ...keep, body }));
      expect(counts.requestBytes > 400_000).toBe(isUploaded);
      expect(isUploaded || counts.requestBytes < 2_000).toBe(true);
      expect(await look(tier, key, ask)).toEqual(shown(freshened, large));
    });

    it("uploads a validated body where another one lies", async () => {
      const [tier, key] = [world.tier(), keyOf("upload over another")];
      await tier.write(key, page, keep);
      const large = noise(300_000);
      const counts = await world.counted(() =>
        tier.write(key, responseOf(large), { ...keep, body: "validated" }),
      );
      expect(counts.requestBytes).toBeGreaterThan(400_000);
      expect(await look(tier, key, ask)).toEqual(shown(responseOf(large), large));
    });

    it("downloads no body where metadata alone is asked for", async () => {
      const [tier, key] = [world.tier(), keyOf("download")];
      await tier.write(key, responseOf(noise(300_000)), keep);
      const counts = await world.counted(() => tier.read(key, { ...ask, part: "metadata" }));
      expect(counts.responseBytes).toBeLessThan(2_000);
    });
  });

  describe("in Redis", () => {
    it("lies under its namespace and the digest of its key, as text alone", async () => {
      const key = keyOf("place größe");
      await world.tier().write(key, page, keep);
      const digest = createHash("sha256").update(key.text).digest("hex");
      const hash = await world.redis.hgetall(`site:r:${digest}`);
      expect(hash).toEqual({ m: encodeRecord(headOf(page), keepUntilAtMs), b: btoa("page") });
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
      const leftMs = await world.redis.pttl(await hashKeyOf(key));
      expect(Math.abs(Date.now() + leftMs - untilAtMs)).toBeLessThan(1_000);
    });

    it.each(["as-read", "validated"] as const)("lives on after a rewrite: %s", async (body) => {
      const key = keyOf(`expiry after ${body}`);
      const atMs = Date.now();
      const tier = world.tier();
      await tier.write(key, page, { atMs, untilAtMs: atMs + 60_000, body: "new" });
      await tier.write(key, page, { atMs, untilAtMs: atMs + 600_000, body });
      expect(await world.redis.pttl(await hashKeyOf(key))).toBeGreaterThan(500_000);
    });

    it("frees the body of a response that a marker replaces", async () => {
      const [tier, key] = [world.tier(), keyOf("marker over response")];
      await tier.write(key, page, keep);
      await tier.write(key, { kind: "vary", names: ["accept"], sinceAtMs: 0, variants: [] }, keep);
      expect(await world.redis.hget(await hashKeyOf(key), "b")).toBe("");
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

  describe("what the tier did not write", () => {
    const own = encodeRecord(headOf(page), keepUntilAtMs);
    it.each([
      { id: "another version", hash: { m: own.replace('"v":3', '"v":4'), b: btoa("page") } },
      { id: "text that is not JSON", hash: { m: own.slice(0, -1), b: btoa("page") } },
      { id: "JSON of another form", hash: { m: '{"v":3,"record":[]}', b: btoa("page") } },
      { id: "a number", hash: { m: "1", b: btoa("page") } },
      { id: "no metadata text", hash: { m: "", b: btoa("page") } },
      { id: "another body", hash: { m: own, b: btoa("pagE") } },
      { id: "an empty body", hash: { m: own, b: "" } },
      { id: "a body that is not base64", hash: { m: own, b: "p@ge" } },
      { id: "no body", hash: { m: own } },
      {
        id: "a body without a digest",
        hash: {
          m: encodeRecord(headOf(responseOf(bytesOf("page"), { bodyDigest: null })), keepUntilAtMs),
          b: btoa("page"),
        },
      },
    ])("is absent and counted: $id", async ({ id, hash }) => {
      const key = keyOf(`planted ${id}`);
      await world.redis.hset(await hashKeyOf(key), hash);
      expect(await world.tier().read(key, ask)).toEqual({ kind: "absent" });
      expect(world.badRecordCount).toBe(1);
    });

    it("is absent and not counted where there is a body alone", async () => {
      const key = keyOf("planted body");
      await world.redis.hset(await hashKeyOf(key), { b: btoa("page") });
      expect(await world.tier().read(key, ask)).toEqual({ kind: "absent" });
      expect(world.badRecordCount).toBe(0);
    });

    it("reads as unavailable where it is no hash at all", async () => {
      const key = keyOf("planted string");
      await world.redis.set(await hashKeyOf(key), "text");
      expect(await world.tier().read(key, ask)).toEqual({
        kind: "unavailable",
        cause: "WRONGTYPE",
      });
    });

    it("is replaced whole by a validated response", async () => {
      const key = keyOf("planted, then validated");
      await world.redis.hset(await hashKeyOf(key), { m: "of another version", b: "?" });
      const tier = world.tier();
      await tier.write(key, page, { ...keep, body: "validated" });
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
    });
  });

  it("lists responses alone, as many as it is asked for, and says if there are more", async () => {
    const namespace = `listed-${redis.replaceAll(/\W/g, "")}`;
    const tier = world.tier({ namespace });
    for (const name of ["a", "b", "c"]) await tier.write(keyOf(name), page, keep);
    await tier.write(keyOf("d"), { kind: "vary", names: ["x"], sinceAtMs: 0, variants: [] }, keep);
    await world.redis.set(`${namespace}:r:foreign`, "text");
    const [all, some] = [await tier.listed(10), await tier.listed(2)];
    expect(all).toMatchObject({ isWhole: true, metadata: { length: 3 } });
    expect(some).toMatchObject({ isWhole: false });
  });

  it("has nothing where two writers crossed, until one of them writes again", async () => {
    const [tier, key] = [world.tier(), keyOf("crossed")];
    await tier.write(key, page, keep);
    // Somebody else's fill lands between this look-up and the rewrite of what it read.
    await tier.write(key, responseOf(bytesOf("newer")), keep);
    await tier.write(key, page, { ...keep, body: "as-read" });
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    expect(world.badRecordCount).toBe(1);
    await tier.write(key, page, keep);
    expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
  });
});

describe.each(redisServers)("an outage of $redis", ({ start }) => {
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

function keyOf(name: string): RecordKey {
  return new RecordKey(`GET https://a.example/ ${name}`, "a.example");
}

async function hashKeyOf(key: RecordKey): Promise<string> {
  return `site:r:${await key.digest()}`;
}

async function isAnswering({ url }: UpstashRestServer): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(url, { method: "POST", headers, body: '["PING"]' })).ok;
}

function requestsFor(commands: Record<string, number>): number {
  const names = Object.keys(commands).filter((name) => name !== "PEXPIRE");
  return names.length;
}

function tierOver(given: {
  rest: Pick<UpstashRestServer, "url" | "token">;
  namespace?: string;
  nowAtMs?: () => number;
  onBadRecord?: () => void;
}): SharedTier {
  const { rest, namespace = "site", nowAtMs = () => Date.now() } = given;
  return new SharedTier({
    redis: new RedisClient({ url: rest.url, token: rest.token, nowAtMs }),
    namespace,
    bodyBytesMax,
    uploadBytesMax: 64 * 1_048_576,
    onBadRecord: given.onBadRecord ?? (() => undefined),
  });
}

/** One Redis behind one REST server, for all tests of the describe block that opens it. */
function openWorld(start: RedisServerRow["start"]) {
  let redisServer: EmbeddedValkey;
  const world = {
    rest: undefined as unknown as UpstashRestServer,
    redis: undefined as unknown as Redis,
    badRecordCount: 0,
    tier: ({ namespace = "site" } = {}): SharedTier =>
      tierOver({
        rest: world.rest,
        namespace,
        onBadRecord: () => {
          world.badRecordCount += 1;
        },
      }),
    counted: async (run: () => unknown): Promise<Counts> => {
      world.rest.resetCounts();
      await run();
      return world.rest.counts();
    },
  };
  beforeAll(async () => {
    redisServer = await start();
    world.rest = await startUpstashRestServer({ redisUrl: redisServer.url, token });
    world.redis = new Redis(redisServer.url);
  });
  beforeEach(() => {
    world.badRecordCount = 0;
  });
  afterAll(async () => {
    world.redis.disconnect();
    await world.rest.stop();
    await redisServer.stop();
  });
  return world;
}
