// Tests reads of bodies in R2: ranges, bodies that are gone or wrong, expiry, and unchanged bodies.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { ask, keep, look, noise, responseOf, shown } from "../../../testing/examples/records.ts";
import type { FakeR2 } from "../../../testing/fakes/fake-r2.ts";

import { bytes, key, large, mebibyte, openFake } from "./r2-world.ts";

describe("a body in R2", () => {
  it.each([
    [{}, "stream", "get 2d"],
    [{ isHeld: () => true }, "blob", "get 2d"],
    [{ part: "metadata" }, "absent", undefined],
    [{ isPeek: true }, "absent", undefined],
    [{ rangeOf: () => ({ firstByte: 0, lastByte: 9 }) }, "part", "get 2d 0+10"],
  ] as const)("is read with %j as a %s", async (how, kind, call) => {
    const { tier, r2 } = openFake();
    await tier.write(key, large, keep);
    r2.calls.length = 0;
    const read = await tier.read(key, { ...ask, ...how });
    const { metadata } = large.stored;
    expect(read).toMatchObject({ kind: "found", record: { stored: { metadata, body: { kind } } } });
    expect(r2.calls[0]).toBe(call);
  });

  it.each([
    { id: "is gone", change: async (r2: FakeR2) => r2.objects.clear(), bad: 0 },
    {
      id: "was replaced by another",
      change: async (r2: FakeR2) => r2.put([...r2.objects.keys()][0] ?? "", new Blob(["other"])),
      bad: 0,
    },
    {
      id: "has another length",
      change: async (r2: FakeR2) => r2.alter((stored) => ({ ...stored, size: 1 })),
      bad: 1,
    },
  ])("is a miss if it $id", async ({ change, bad }) => {
    const { tier, r2, badRecordCount } = openFake();
    await tier.write(key, large, keep);
    await change(r2);
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    expect(badRecordCount()).toBe(bad);
    await tier.write(key, large, keep);
    expect(await look(tier, key, ask)).toEqual(shown(large, bytes));
  });

  it.each([
    { id: "cut", body: () => new Blob([noise(10)]) },
    { id: "of another digest", body: () => new Blob([new Uint8Array(bytes.byteLength)]) },
  ])("is a counted miss if it is held and arrives $id", async ({ body }) => {
    const { tier, r2, badRecordCount } = openFake();
    await tier.write(key, large, keep);
    const get = r2.get.bind(r2);
    r2.get = async (...given) => ({ ...(await get(...given)), body: body().stream() }) as never;
    expect(await tier.read(key, { ...ask, isHeld: () => true })).toEqual({ kind: "absent" });
    expect(badRecordCount()).toBe(1);
  });

  it.each([
    [60_000, 2],
    [2 * 86_400_000, 2],
    [2 * 86_400_000 + 1, 8],
    [20 * 86_400_000, 32],
    [10_000 * 86_400_000, 366],
  ])("that is kept for %d ms has a name with a prefix for %d days", async (ms, days) => {
    const { tier, r2 } = openFake();
    await tier.write(key, large, { ...keep, untilAtMs: keep.atMs + ms });
    expect([...r2.objects.keys()]).toEqual([`${days}d/${await key.nameIn("site")}`]);
  });

  it("is not sent again if it is unchanged and stays long enough", async () => {
    const { tier, r2, clock } = openFake();
    await tier.write(key, large, keep);
    const again = { ...keep, body: "unchanged" } as const;
    r2.calls.length = 0;
    expect(await tier.write(key, large, again)).toEqual({ kind: "kept" });
    expect(r2.calls).toEqual(["head 2d"]);
    expect(await look(tier, key, ask)).toEqual(shown(large, bytes));
    r2.calls.length = 0;
    clock.advance(86_400 * 2);
    const later = { ...again, atMs: clock.atMs, untilAtMs: clock.atMs + 60_000 };
    await tier.write(key, large, later);
    await tier.write(key, responseOf(noise(3 * mebibyte)), later);
    expect(r2.calls).toEqual(["head 2d", "put 2d", "head 2d", "put 2d"]);
  });

  it("is not written for a small body whose metadata is too large", async () => {
    const { tier, calls } = openFake();
    const record = responseOf(noise(60_000), { tags: ["x".repeat(1_950_000)] });
    expect(await tier.write(key, record, keep)).toEqual({ kind: "refused", rule: "too-large" });
    expect(calls).toEqual([]);
  });

  it("is a miss for a Worker without R2, and never an empty answer", async () => {
    const { tier, plain, badRecordCount } = openFake();
    await tier.write(key, large, keep);
    expect(await plain.read(key, ask)).toEqual({ kind: "absent" });
    expect(badRecordCount()).toBe(1);
  });

  it("is a counted miss if the record names it wrongly", async () => {
    const { tier, records, badRecordCount } = openFake();
    await tier.write(key, large, keep);
    records.sql.exec(`UPDATE records SET head = replace(head, '"days":2', '"days":3')`);
    expect([await tier.read(key, ask), badRecordCount()]).toEqual([{ kind: "absent" }, 1]);
  });

  it("is deleted with its record, even if R2 fails then", async () => {
    const { tier, r2 } = openFake();
    await tier.write(key, large, keep);
    expect([await tier.remove(key), r2.objects.size]).toEqual(["removed", 0]);
    await tier.write(key, large, keep);
    r2.delete = () => Promise.reject(new Error("R2 failed"));
    expect([await tier.remove(key), await tier.read(key, ask)]).toEqual([
      "removed",
      { kind: "absent" },
    ]);
  });
});
