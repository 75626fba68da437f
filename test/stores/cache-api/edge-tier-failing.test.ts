// What the edge tier makes of a cache that fails it, and what it does not ask of one.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/proxy/stored/stored-response.ts";
import { openBytePipe } from "../../../src/proxy/body/byte-pipe.ts";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import {
  addressOf,
  host,
  page,
  recordField,
  recordFieldBytesMax,
  recordOfFieldBytes,
} from "./edge-records.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  look,
  shown,
} from "../../../testing/examples/records.ts";
import type { ArrivingResponse } from "../../../src/proxy/stored/tiers.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";
import type { ResponseDetail } from "../../../src/proxy/stored/stored-response.ts";

describe("a cache that fails", () => {
  const key = new RecordKey("any", host);
  const failure = (): never => {
    throw new TypeError("https://a.example/ and what was stored there");
  };
  const never: Pick<Cache, "match" | "put" | "delete"> = {
    match: async () => failure(),
    put: async () => failure(),
    delete: async () => failure(),
  };
  const half: typeof never = {
    ...never,
    match: async () => {
      const body = new ReadableStream({
        pull: (controller) => controller.error(new TypeError("cut")),
      });
      const record = encodeRecord(headOf(page), keepUntilAtMs);
      return new Response(body, { headers: { [recordField]: record } });
    },
  };
  const tierOver = (cache: () => typeof never): EdgeTier<ResponseDetail> =>
    new EdgeTier({ form: responseForm, cache, nowAtMs: Date.now, onBadRecord: failure });

  it.each([
    { id: "is not there", tier: tierOver(failure) },
    { id: "rejects", tier: tierOver(() => never) },
    { id: "breaks off its body", tier: tierOver(() => half) },
  ])("reads as unavailable, with the error's name alone: $id", async ({ tier }) => {
    expect(await tier.read(key, ask)).toEqual({ kind: "unavailable", cause: "TypeError" });
    expect(await tier.write(key, page, keep)).toEqual({ kind: "unavailable", cause: "TypeError" });
  });

  it.each([
    { id: "expired", record: page, given: { ...keep, untilAtMs: keep.atMs } },
    { id: "too-large", record: recordOfFieldBytes(recordFieldBytesMax + 1), given: keep },
  ])("is not asked to keep what is $id", async ({ id, record, given }) => {
    const written = await tierOver(() => never).write(key, record, given);
    expect(written).toEqual({ kind: "refused", rule: id });
  });

  it("refuses an expired stream that has failed already", async () => {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new TypeError("cut")),
    });
    const completed = Promise.resolve("cut" as const);
    const arriving = {
      kind: "arriving",
      metadata: page.stored.metadata,
      stream,
      completed,
    } as const;
    const given = { ...keep, untilAtMs: keep.atMs };
    expect(await tierOver(() => never).write(key, arriving, given)).toEqual({
      kind: "refused",
      rule: "expired",
    });
  });

  describe("to keep an arriving body", () => {
    const clock = new FakeClock();
    /** As a fill sends it: each piece is handed on once the one before was read. */
    const sending = (
      changed: Partial<StoredMetadata> = {},
    ): { arriving: ArrivingResponse; completed: Promise<number | "cut"> } => {
      const { readable: stream, writer } = openBytePipe(null);
      const pour = async (): Promise<number> => {
        await writer.write(bytesOf("pa"));
        await writer.write(bytesOf("ge"));
        await writer.close();
        return 4;
      };
      const completed = pour().catch(() => "cut" as const);
      const metadata = { ...page.stored.metadata, ...changed };
      return { arriving: { kind: "arriving", metadata, stream, completed }, completed };
    };

    const counting = () => {
      const cache = new FakeCache(clock);
      const bad = { recordCount: 0 };
      const onBadRecord = () => void (bad.recordCount += 1);
      return {
        cache,
        bad,
        tier: new EdgeTier({
          form: responseForm,
          cache: () => cache,
          nowAtMs: Date.now,
          onBadRecord,
        }),
      };
    };

    it.each([
      { id: "and is not there", mode: "works", isThere: false, written: "unavailable" },
      { id: "and throws", mode: "throws", isThere: true, written: "unavailable" },
      { id: "and reads none of it", mode: "forgets", isThere: true, written: "refused" },
    ] as const)("$id, keeps nobody waiting", async ({ mode, isThere, written }) => {
      const cache = new FakeCache(clock);
      cache.mode = mode;
      const { arriving, completed } = sending();
      const tier = tierOver(isThere ? () => cache : failure);
      expect((await tier.write(key, arriving, keep)).kind).toBe(written);
      expect(await completed).toBe("cut");
    });

    it("leaves no part of it when its metadata is too large", async () => {
      const cache = new FakeCache(clock);
      const { arriving } = sending({ fields: [["x-padding", "p".repeat(recordFieldBytesMax)]] });
      const written = await tierOver(() => cache).write(key, arriving, keep);
      expect(written).toEqual({ kind: "refused", rule: "too-large" });
      expect(cache.addresses).toEqual([]);
    });

    it("is absent once its body is gone, wherever its metadata still lies", async () => {
      const { cache, tier, bad } = counting();
      expect(await tier.write(key, sending().arriving, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
      const parts = cache.addresses.filter((address) => address !== addressOf(key));
      expect(parts).toEqual([
        expect.stringMatching(new RegExp(`^${addressOf(key)}/[0-9a-f-]{36}$`)),
      ]);
      await cache.delete(parts[0] ?? "");
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(bad.recordCount).toBe(0);
    });

    it("is absent when its body has another length than it names", async () => {
      const { cache, tier, bad } = counting();
      await tier.write(key, sending().arriving, keep);
      const part = cache.addresses.find((address) => address !== addressOf(key)) ?? "";
      const headers = { "cache-control": "max-age=600", "content-length": "3" };
      await cache.put(part, new Response("pag", { headers }));
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(bad.recordCount).toBe(1);
    });
  });
});
