// Tests the records that the origin validates again and again: an object keeps their heads in memory.
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { ask, noise, responseOf } from "../../../testing/examples/records.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { openRecordsTier } from "../../../testing/fakes/fake-record-objects.ts";
import { keyOf } from "../redis/shared-world.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const key = keyOf("validated");
const minuteMs = 60_000;
const bytes = noise(2_000);

/** Opens a tier with a record that was written a minute ago. */
async function openValidated(objectBytes = 536_870_912) {
  const object = new FakeObject((state) => new TidemarkRecords(state));
  const tier = openRecordsTier(object.namespace, { objectBytes });
  const rows = () => object.sql.exec("SELECT noted, until FROM records").toArray();
  const write = async (
    changed: Partial<StoredMetadata> = {},
    body = bytes,
    keptMs = 86_400_000,
    of = key,
  ) => {
    const atMs = Date.now();
    const times = { requestedAtMs: atMs - 20, respondedAtMs: atMs };
    const stamp = { position: `${atMs}-0`, n: "n" };
    const fields = [["date", new Date(atMs).toUTCString()]] as const;
    const record = responseOf(body, { ...times, stamp, fields, ...changed });
    const written = { atMs, untilAtMs: atMs + keptMs, body: "unchanged" as const };
    const before = object.started && rows();
    expect(await tier.write(of, record, written)).toEqual({ kind: "kept" });
    const hasRow = !isDeepStrictEqual(before, rows());
    return { hasRow };
  };
  /** Returns how long ago the source of the stored record answered. */
  const ageMs = async (of = key) => {
    const read = await tier.read(of, { ...ask, atMs: Date.now() });
    if (read.kind !== "found" || read.record.kind !== "response") return read.kind;
    return Date.now() - read.record.stored.metadata.respondedAtMs;
  };
  /** Lets minutes pass, with a call every five seconds. */
  const pass = async (minutes: number) => {
    for (let nth = 0; nth < minutes * 12; nth += 1) {
      vi.advanceTimersByTime(5_000);
      await tier.read(keyOf("other"), ask);
    }
  };
  await write();
  await pass(1);
  return { tier, write, ageMs, pass, object };
}

it("is written once in 15 minutes, and otherwise stays in the object's memory", async () => {
  const { write, ageMs, pass, tier } = await openValidated();
  let rows = 0;
  for (let minute = 1; minute < 60; minute += 1) {
    if ((await write()).hasRow) rows += 1;
    expect(await ageMs()).toBe(0);
    const [many] = await tier.readMany([key], { ...ask, atMs: Date.now() });
    expect(many).toEqual(await tier.read(key, { ...ask, atMs: Date.now() }));
    await pass(1);
  }
  expect(rows).toBe(3);
});

it("in a tight object is written once more, because the object drops rows without a second request", async () => {
  const { write } = await openValidated(20_000);
  expect(await write()).toEqual({ hasRow: true });
  expect(await write()).toEqual({ hasRow: false });
});

it("is validated once more after a restart of the object", async () => {
  const { write, ageMs, pass, object } = await openValidated();
  await pass(4);
  await write();
  await pass(1);
  expect(await ageMs()).toBe(minuteMs);
  object.end();
  expect(await ageMs()).toBe(6 * minuteMs);
});

const otherBytes = noise(2_001).subarray(1);
it.each<[string, Partial<StoredMetadata>, Uint8Array<ArrayBuffer>?]>([
  ["its body", {}, otherBytes],
  ["its tags", { tags: ["other"] }],
  ["its withheld tags", { withheldTags: [["x-tags", ["a"]]] }],
  ["its status", { status: 404 }],
  ["the fields of its key", { selecting: [["accept", "a"]] }],
  ["its route", { route: "other" }],
])("is written if %s changed", async (_, changed, body) => {
  const { write, ageMs, object } = await openValidated();
  expect(await write()).toEqual({ hasRow: false });
  expect(await write(changed, body)).toEqual({ hasRow: true });
  object.end();
  expect(await ageMs()).toBe(0);
});

it("is written if its row would expire before it, or if the object may have ended", async () => {
  const { write, ageMs } = await openValidated();
  expect(await write({}, bytes, 30 * 86_400_000)).toEqual({ hasRow: true });
  vi.advanceTimersByTime(10_001);
  expect(await write()).toEqual({ hasRow: true });
  expect(await write()).toEqual({ hasRow: false });
  expect(await ageMs()).toBe(0);
});

it("is gone if it is removed, and a new one does not get its head", async () => {
  const { tier, write, ageMs } = await openValidated();
  await write();
  await tier.remove(key);
  expect(await ageMs()).toBe("absent");
  await write({ tags: ["new"] });
  const read = await tier.read(key, { ...ask, atMs: Date.now() });
  expect(read).toMatchObject({ record: { stored: { metadata: { tags: ["new"] } } } });
});

it("is told to an isolate that takes its lock", async () => {
  const { tier, write } = await openValidated();
  await write();
  const asked = await tier.locks.ask(key);
  expect(asked).toMatchObject({ record: { metadata: { respondedAtMs: Date.now() } } });
});

it("is written once the heads in memory exceed a mebibyte, those of rarely read pages first", async () => {
  const { tier, write, ageMs, object } = await openValidated();
  const keys = Array.from({ length: 6 }, (_, nth) => keyOf(`long ${nth}`));
  const fields = (bytesOfHead: number) => [["x-long", "p".repeat(bytesOfHead)]] as const;
  const validate = (of: RecordKey, bytesOfHead = 250_000) =>
    write({ fields: fields(bytesOfHead) }, bytes, 86_400_000, of);
  for (const one of keys) {
    await validate(one);
    await validate(one);
  }
  vi.advanceTimersByTime(5_000);
  for (const one of keys) await validate(one);
  expect(await Promise.all(keys.map((one) => ageMs(one)))).toEqual([0, 0, 0, 0, 0, 0]);
  object.end();
  expect(await Promise.all(keys.map((one) => ageMs(one)))).toEqual([
    0, 0, 5_000, 5_000, 5_000, 5_000,
  ]);
  await tier.read(keyOf("other"), ask);
  await validate(key, 1_100_000);
  object.end();
  expect(await ageMs()).toBe(0);
});
