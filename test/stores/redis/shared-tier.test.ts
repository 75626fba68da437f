// Tests the shared tier: the contract of a tier on each Redis server, and the commands and bytes of
// each operation.
import "../../../testing/fakes/workers-globals.ts";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import type { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import type { ResponseRecord, ResponseDetail } from "../../../src/pages/stored/stored-response.ts";
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
import { oneRedisServer, redisServers } from "../../../testing/fakes/redis-server.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import {
  bodyBytesMax,
  keyOf,
  large,
  longer,
  longHead,
  marker,
  openWorld,
  page,
  redisKeyOf,
  tierOver,
} from "./shared-world.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

const tooLarge = responseOf(noise(bodyBytesMax + 1));
const contract = new URL("../../cache/tiers/contract/contract.ts", import.meta.url);
const prose = bytesOf(readFileSync(contract, "utf8").slice(0, 12_000));
const html = responseOf(prose, { fields: [["content-type", "text/html"]] });

const metadataAlone = { ...ask, part: "metadata" } as const;
const unchanged = { ...keep, body: "unchanged" } as const;

type Tier = SharedTier<ResponseDetail>;
const read = (asked: typeof ask) => async (tier: Tier, key: RecordKey) => tier.read(key, asked);
const write = (record: ResponseRecord, how: typeof keep) => async (tier: Tier, key: RecordKey) =>
  tier.write(key, record, how);

describe.each(redisServers)("the shared tier over $redis", ({ start }) => {
  const world = openWorld(start);

  describeTier("shared", async () => ({
    tier: world.tier(),
    bodyBytesMax,
    takesStreams: false,
    largest: responseOf(noise(bodyBytesMax)),
    tooLarge,
    badRecordCount: () => world.badRecordCount,
  }));
});

describe.each(oneRedisServer)("the shared tier over $redis", ({ start }) => {
  const world = openWorld(start);
  let count = 0;
  /** Returns a tier and a new key. */
  const fresh = () => [world.tier(), keyOf(`${(count += 1)}`)] as const;

  const rewrite = { GETRANGE: 1, SETRANGE: 1, PEXPIRE: 1 };
  const { stored } = page;
  const undigested = {
    ...page,
    stored: { ...stored, metadata: { ...stored.metadata, bodyDigest: null } },
  };
  it.each<{
    id: string;
    before?: ResponseRecord;
    run: (tier: Tier, key: RecordKey) => Promise<{ kind: string }>;
    kind: string;
    commands: Record<string, number>;
  }>([
    { id: "a read without a record", run: read(ask), kind: "absent", commands: { GETRANGE: 1 } },
    { id: "a read", before: page, run: read(ask), kind: "found", commands: { GETRANGE: 1 } },
    {
      id: "a read of metadata",
      before: page,
      run: read(metadataAlone),
      kind: "found",
      commands: { GETRANGE: 1 },
    },
    {
      id: "a read of long metadata",
      before: longHead,
      run: read(metadataAlone),
      kind: "found",
      commands: { GETRANGE: 2 },
    },
    { id: "a new response", run: write(page, keep), kind: "kept", commands: { SET: 1 } },
    { id: "a marker", run: write(marker, keep), kind: "kept", commands: { SET: 1 } },
    { id: "a body without a digest", run: write(undigested, keep), kind: "refused", commands: {} },
    {
      id: "a small unchanged body",
      before: page,
      run: write(page, unchanged),
      kind: "kept",
      commands: { SET: 1 },
    },
    {
      id: "a large unchanged body",
      before: large,
      run: write(large, unchanged),
      kind: "kept",
      commands: rewrite,
    },
    {
      id: "a large unchanged body that is missing",
      run: write(large, unchanged),
      kind: "kept",
      commands: { GETRANGE: 1, SET: 1 },
    },
    { id: "a body that is too large", run: write(tooLarge, keep), kind: "refused", commands: {} },
    {
      id: "an expired record",
      run: write(page, { ...keep, untilAtMs: keep.atMs }),
      kind: "refused",
      commands: {},
    },
  ])("$id needs the commands $commands", async ({ before, run, kind, commands }) => {
    const [tier, key] = fresh();
    if (before !== undefined) await tier.write(key, before, keep);
    const counts = await world.counted(async () => {
      expect((await run(tier, key)).kind).toBe(kind);
    });
    expect(counts.commandCountByName).toEqual(commands);
    // SETRANGE and PEXPIRE are one transaction. Each other command is a request.
    const sum = Object.values(commands).reduce((all, one) => all + one, 0);
    expect(counts.requestCount).toBe(sum - (commands["PEXPIRE"] ?? 0));
  });

  // 112,499 bytes of noise are 150,000 characters in Redis.
  it.each([
    { bytes: 112_499, commands: rewrite },
    { bytes: 112_497, commands: { SET: 1 } },
  ])("an unchanged body of $bytes bytes needs $commands", async ({ bytes, commands }) => {
    const [tier, key] = fresh();
    const record = responseOf(noise(bytes));
    await tier.write(key, record, keep);
    const counts = await world.counted(() => tier.write(key, record, unchanged));
    expect(counts.commandCountByName).toEqual(commands);
  });

  const { fields } = large.stored.metadata;
  it.each([
    { id: "unchanged", body: "unchanged", before: large, more: 20, isUploaded: false },
    { id: "unchanged, but metadata too long", body: "unchanged", before: large, more: 300 },
    { id: "new", body: "new", before: large, more: 20 },
    { id: "unchanged, over another body", body: "unchanged", before: page, more: 20 },
    { id: "unchanged, over a marker", body: "unchanged", before: marker, more: 20 },
    { id: "unchanged, over longer metadata", body: "unchanged", before: longer, more: 20 },
  ] as const)("uploads a body or rewrites a head: $id", async ({ before, body, more, ...row }) => {
    const { isUploaded = true } = row as { isUploaded?: boolean };
    const [tier, key] = fresh();
    await tier.write(key, before, keep);
    const grown = responseOf(noise(300_000), { fields: [...fields, ["x", "p".repeat(more)]] });
    const counts = await world.counted(() => tier.write(key, grown, { ...keep, body }));
    expect(counts.requestBytes > 400_000).toBe(isUploaded);
    expect(isUploaded || counts.requestBytes < 2_000).toBe(true);
    expect(await look(tier, key, ask)).toEqual(shown(grown, noise(300_000)));
  });

  it("downloads a large body only on request, and a small body with its metadata", async () => {
    const [tier, key] = fresh();
    await tier.write(key, large, keep);
    const counts = await world.counted(() => tier.read(key, metadataAlone));
    expect(counts.responseBytes).toBeLessThan(5_000);
    await tier.write(key, page, keep);
    expect(await look(tier, key, metadataAlone)).toEqual(shown(page, bytesOf("page")));
  });

  it("never cuts a character of a body", async () => {
    const untyped = { fields: [] };
    const bare = responseOf(bytesOf("東".repeat(1_000)), untyped);
    const headBytes = encodeRecord(
      headOf(bare),
      keepUntilAtMs,
      responseForm,
      "0".repeat(64),
    ).length;
    const letters = new Set<string | undefined>();
    for (let bytes = 4_080 - headBytes; bytes < 4_100 - headBytes; bytes += 1) {
      const [tier, key] = fresh();
      const body = bytesOf(`${"a".repeat(bytes % 3)}${"東".repeat(bytes / 3)}`);
      await tier.write(key, responseOf(body, untyped), keep);
      const text = await world.redis.get(await redisKeyOf(key));
      letters.add(text?.split("\n")[1]?.slice(0, 1));
      const brief = await tier.read(key, metadataAlone);
      expect([bytes, brief.kind, world.badRecordCount]).toEqual([bytes, "found", 0]);
      expect(await look(tier, key, ask)).toEqual(shown(responseOf(body, untyped), body));
    }
    expect([...letters]).toEqual(["t", "i"]);
  });

  it("compresses text in both directions", async () => {
    const [tier, key] = fresh();
    const up = await world.counted(() => tier.write(key, html, keep));
    const down = await world.counted(async () =>
      expect(await look(tier, key, ask)).toEqual(shown(html, prose)),
    );
    expect([up.requestBytes, down.responseBytes].every((bytes) => bytes < 8_000)).toBe(true);
  });

  it("stores a record as text, under its namespace and the digest of its key", async () => {
    const key = keyOf("place größe");
    await world.tier().write(key, page, keep);
    const digest = createHash("sha256").update(key.text).digest("hex");
    const text = await world.redis.get(`site:r:${digest}`);
    expect(text).toBe(`${encodeRecord(headOf(page), keepUntilAtMs, responseForm, digest)}\ntpage`);
  });

  it.each([3_600_000, 10_000, 365 * 86_400_000])(
    "sets the expiry in Redis, to the second, of a record that is kept for %d ms",
    async (keptMs) => {
      const [tier, key] = fresh();
      const atMs = Date.now();
      await tier.write(key, page, { atMs, untilAtMs: atMs + keptMs, body: "new" });
      const leftMs = await world.redis.pttl(await redisKeyOf(key));
      const tookMs = Date.now() - atMs;
      expect(leftMs).toBeLessThan(keptMs + 1_000);
      expect(leftMs).toBeGreaterThan(keptMs - 1_000 - tookMs);
    },
  );

  it.each([
    { id: "small", record: page },
    { id: "large", record: large },
  ])("lengthens the expiry of a $id record after a 304", async ({ record }) => {
    const [tier, key] = fresh();
    const atMs = Date.now();
    await tier.write(key, record, { atMs, untilAtMs: atMs + 60_000, body: "new" });
    await tier.write(key, record, { atMs, untilAtMs: atMs + 600_000, body: "unchanged" });
    expect(await world.redis.pttl(await redisKeyOf(key))).toBeGreaterThan(500_000);
  });

  it("frees the body of a response that a marker replaces", async () => {
    const [tier, key] = fresh();
    await tier.write(key, large, keep);
    await tier.write(key, marker, keep);
    expect(await world.redis.strlen(await redisKeyOf(key))).toBeLessThan(200);
  });

  it("separates namespaces", async () => {
    const [tier, key] = fresh();
    const other = world.tier({ namespace: "other" });
    await tier.write(key, page, keep);
    expect(await other.read(key, ask)).toEqual({ kind: "absent" });
    await other.write(key, responseOf(bytesOf("theirs")), keep);
    expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
  });
});

it("does not compress a body while the database has an open breaker", async () => {
  const settings = { url: "http://127.0.0.1:9", token: "t", nowAtMs: () => 1_000_000 };
  const tier = tierOver(upstashStore.client(settings));
  const key = keyOf("outage");
  const kinds: string[] = [];
  for (let at = 0; at < 3; at += 1) kinds.push((await tier.read(key, ask)).kind);
  expect(kinds).toEqual(["unavailable", "unavailable", "unavailable"]);
  const breakerOpen = { kind: "unavailable", cause: "breaker-open" };
  expect(await tier.read(key, ask)).toEqual(breakerOpen);
  const packing = vi.spyOn(globalThis, "CompressionStream");
  expect(await tier.write(key, html, keep)).toEqual(breakerOpen);
  expect(packing).not.toHaveBeenCalled();
  packing.mockRestore();
});
