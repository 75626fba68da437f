// Tests the edge tier over a Cache API that fails, and the calls that the tier skips.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { openBytePipe } from "../../../src/bodies/client-end.ts";
import type {
  StoredMetadata,
  ArrivingResponse,
} from "../../../src/pages/stored/stored-response.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  look,
  shown,
} from "../../../testing/examples/records.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { addressOf, edgeTierOver, host, page, recordField } from "./edge-records.ts";

type Failing = Pick<Cache, "match" | "put" | "delete">;

const key = new RecordKey("any", host);
const failure = (): never => {
  throw new TypeError("https://a.example/ and what was stored there");
};
const rejecting: Failing = {
  match: async () => failure(),
  put: async () => failure(),
  delete: async () => failure(),
};
const breakingOff: Failing = {
  ...rejecting,
  match: async () => {
    const pull = (controller: ReadableStreamDefaultController) =>
      controller.error(new TypeError("cut"));
    const record = encodeRecord(headOf(page), keepUntilAtMs, responseForm);
    return new Response(new ReadableStream({ pull }), { headers: { [recordField]: record } });
  },
};
const unasked = () => edgeTierOver(() => rejecting, failure);
const unavailable = { kind: "unavailable", cause: "TypeError" };
const expired = { ...keep, untilAtMs: keep.atMs };

it.each([
  { id: "is missing", cache: failure },
  { id: "rejects", cache: () => rejecting },
  { id: "breaks off a body", cache: () => breakingOff },
])("a read and a write return only the error's name if the cache $id", async ({ cache }) => {
  const tier = edgeTierOver(cache, failure);
  expect(await tier.read(key, ask)).toEqual(unavailable);
  expect(await tier.write(key, page, keep)).toEqual(unavailable);
});

it("an expired record is refused without a call", async () => {
  expect(await unasked().write(key, page, expired)).toEqual({ kind: "refused", rule: "expired" });
});

it("an expired stream that has already failed is refused", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new TypeError("cut")),
  });
  const { metadata } = page.stored;
  const completed = Promise.resolve("cut" as const);
  const written = unasked().write(key, { kind: "arriving", metadata, stream, completed }, expired);
  expect(await written).toEqual({ kind: "refused", rule: "expired" });
});

describe("an arriving body", () => {
  const clock = new FakeClock();
  /** Creates a response that sends its pieces like a fill: each after the previous was read. */
  const sending = (changed: Partial<StoredMetadata> = {}): ArrivingResponse => {
    const { readable: stream, writer } = openBytePipe(null);
    const pour = async (): Promise<number> => {
      await writer.write(bytesOf("pa"));
      await writer.write(bytesOf("ge"));
      await writer.close();
      return 4;
    };
    const completed = pour().catch(() => "cut" as const);
    return {
      kind: "arriving",
      metadata: { ...page.stored.metadata, ...changed },
      stream,
      completed,
    };
  };

  it.each([
    { id: "is missing", mode: "works", isThere: false, kind: "unavailable" },
    { id: "throws", mode: "throws", isThere: true, kind: "unavailable" },
    { id: "does not read the body", mode: "forgets", isThere: true, kind: "refused" },
  ] as const)("does not wait for a cache that $id", async ({ mode, isThere, kind }) => {
    const cache = new FakeCache(clock);
    cache.mode = mode;
    const arriving = sending();
    const written = await edgeTierOver(isThere ? () => cache : failure).write(key, arriving, keep);
    expect(written.kind).toBe(kind);
    expect(await arriving.completed).toBe("cut");
  });

  it("leaves no part in the cache if its record cannot be written", async () => {
    const cache = new FakeCache(clock);
    const put: Failing["put"] = async (address, response) => {
      if (address === addressOf(key)) throw new TypeError("no");
      await cache.put(address, response);
    };
    const tier = edgeTierOver(() => ({ ...rejecting, put, delete: (at) => cache.delete(at) }));
    expect(await tier.write(key, sending(), keep)).toEqual(unavailable);
    expect(cache.puts).toBe(1);
    expect(cache.addresses).toEqual([]);
  });

  it.each([
    { id: "is absent if it was evicted", isEvicted: true, badRecordCount: 0 },
    {
      id: "is absent and counted if it is too short",
      isEvicted: false,
      badRecordCount: 1,
    },
  ])("$id", async ({ isEvicted, badRecordCount }) => {
    const cache = new FakeCache(clock);
    const bad: unknown[] = [];
    const tier = edgeTierOver(
      () => cache,
      () => void bad.push(1),
    );
    expect(await tier.write(key, sending(), keep)).toEqual({ kind: "kept" });
    expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
    const [part = "", ...others] = cache.addresses.filter((each) => each !== addressOf(key));
    expect(others).toEqual([]);
    expect(part).toMatch(new RegExp(`^${addressOf(key)}/[0-9a-f-]{36}$`));
    const headers = { "cache-control": "max-age=600", "content-length": "3" };
    if (isEvicted) await cache.delete(part);
    else await cache.put(part, new Response("pag", { headers }));
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    expect(bad).toHaveLength(badRecordCount);
  });
});
