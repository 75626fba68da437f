// Tests writes of large bodies to R2 behind the shared tier: the contract of a tier, bodies that arrive, and
// a bucket that does not answer.
import "../../../testing/fakes/workers-globals.ts";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { largeBodyBytesMax, type TierFill } from "../../../src/cache/tiers/tier.ts";
import type { ResponseDetail } from "../../../src/pages/stored/stored-response.ts";
import type { R2Bucket } from "../../../src/stores/r2/bucket.ts";
import type { LargeBodies } from "../../../src/stores/r2/large-bodies.ts";
import { r2Bodies } from "../../../src/stores/r2/r2-bodies.ts";
import {
  ask,
  digestOf,
  keep,
  look,
  noise,
  responseOf,
  shown,
} from "../../../testing/examples/records.ts";
import { lengthenTimers } from "../../../testing/patient-timeouts.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import { keyOf, page } from "../redis/shared-world.ts";

import {
  arriving,
  bodyBytesMax,
  bytes,
  key,
  large,
  mebibyte,
  openFake,
  tierOver,
} from "./r2-world.ts";

const limits = {
  bodyBytesMax,
  // Small bodies that arrive as a stream are refused.
  takesStreams: false,
  largest: responseOf(noise(bodyBytesMax)),
  tooLarge: responseOf(noise(bodyBytesMax + 1)),
};

describe("large bodies over Miniflare", () => {
  let miniflare: Miniflare;
  let bucket: R2Bucket;
  beforeAll(async () => {
    const script = "export default { fetch: () => new Response() }";
    const options = { modules: true, script, r2Buckets: ["BODIES"] };
    miniflare = new Miniflare(convertV4MiniflareOptions(options));
    bucket = (await miniflare.getR2Bucket("BODIES")) as unknown as R2Bucket;
  });
  afterAll(() => miniflare.dispose());

  lengthenTimers();

  it("are read whole, in parts, and no longer once they are removed", async () => {
    const { tier } = tierOver(bucket);
    expect(await tier.write(key, large, keep)).toEqual({ kind: "kept" });
    expect(await look(tier, key, ask)).toEqual(shown(large, bytes));
    const range = { firstByte: 5, lastByte: 14 };
    const part = await tier.read(key, { ...ask, rangeOf: () => range });
    expect(part).toMatchObject({ record: { stored: { body: { kind: "part", range } } } });
    expect(await bytesOfPart(part)).toEqual(bytes.slice(5, 15));
    await tier.remove(key);
    expect(await bucket.head("2d/" + (await key.nameIn("site")))).toBeNull();
  });

  it("are not stored with a wrong digest", async () => {
    const { tier } = tierOver(bucket);
    const wrong = responseOf(bytes, { bodyDigest: digestOf(new Uint8Array(1)) });
    expect(await tier.write(keyOf("wrong"), wrong, keep)).toMatchObject({ kind: "unavailable" });
    expect(await tier.read(keyOf("wrong"), ask)).toEqual({ kind: "absent" });
  });
});

async function bytesOfPart(read: Awaited<ReturnType<LargeBodies<ResponseDetail>["read"]>>) {
  if (read.kind !== "found" || read.record.kind !== "response") throw new Error(read.kind);
  const { body } = read.record.stored;
  if (body.kind !== "part") throw new Error(body.kind);
  return new Uint8Array(await new Response(body.stream).arrayBuffer());
}

describeTier("R2 behind Durable Objects, over fakes", async () => ({ ...openFake(), ...limits }));

describe("an arriving body", () => {
  it("is stored if its length is stated", async () => {
    const { tier, r2, calls } = openFake();
    expect(await tier.write(key, arriving(), keep)).toEqual({ kind: "kept" });
    const body = noise(2 * mebibyte);
    const found = await look(tier, key, ask);
    expect(found).toMatchObject({ bodyBytes: body.byteLength, bodyDigest: digestOf(body) });
    expect([calls, r2.objects.size]).toEqual([["put", "get"], 1]);
  });

  it.each([
    { id: "has no stated length", record: arriving({ bodyBytes: null, sentBytes: 2 * mebibyte }) },
    { id: "is small", record: arriving({ bodyBytes: largeBodyBytesMax }) },
  ])("is refused if it $id", async ({ record }) => {
    const { tier, calls } = openFake();
    expect(await tier.write(key, record, keep)).toEqual({ kind: "refused", rule: "arriving" });
    expect([await tier.read(key, ask), calls]).toEqual([{ kind: "absent" }, []]);
  });

  it("is refused if it is too large", async () => {
    const { tier, calls } = openFake();
    const record = arriving({ bodyBytes: bodyBytesMax + 1, sentBytes: mebibyte });
    expect(await tier.write(key, record, keep)).toEqual({ kind: "refused", rule: "too-large" });
    expect(calls).toEqual([]);
  });

  it("is not stored if it breaks off", async () => {
    const { tier } = openFake();
    const record = arriving({ sentBytes: null });
    expect(await tier.write(key, record, keep)).toEqual({ kind: "refused", rule: "cut" });
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
  });

  it("is not found if the response may no longer be stored at its end", async () => {
    const { tier } = openFake();
    const record = { ...arriving(), completed: Promise.resolve("cut") } as TierFill<ResponseDetail>;
    expect(await tier.write(key, record, keep)).toEqual({ kind: "refused", rule: "cut" });
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
  });

  it.each([mebibyte, 3 * mebibyte])("is not found if it has %d other bytes", async (sentBytes) => {
    const { tier } = openFake();
    expect(await tier.write(key, arriving({ sentBytes }), keep)).toMatchObject({
      kind: "unavailable",
    });
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
  });

  it("replaces the earlier body, so that one object stays", async () => {
    const { tier, r2 } = openFake();
    await tier.write(key, large, keep);
    await tier.write(key, arriving(), keep);
    expect([r2.objects.size, await look(tier, key, ask)]).toMatchObject([
      1,
      { bodyBytes: 2 * mebibyte },
    ]);
  });
});

describe("a bucket that does not answer", () => {
  const never = () => new Promise<never>(() => undefined);
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("times out, has an open breaker after three time-outs, and is probed", async () => {
    const { tier, r2, clock, told } = openFake();
    await tier.write(key, large, keep);
    const [get, head] = [r2.get.bind(r2), r2.head.bind(r2)];
    Object.assign(r2, { get: never, head: never });
    for (let times = 0; times < 3; times += 1) {
      const read = tier.read(key, ask);
      await vi.advanceTimersByTimeAsync(0);
      clock.advance(1);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await read).toEqual({ kind: "unavailable", cause: "TimeoutError" });
    }
    expect(await tier.read(key, ask)).toEqual({ kind: "unavailable", cause: "breaker-open" });
    expect([tier.isBreakerOpen, tier.bodies?.isBreakerOpen, tier.bodies?.trouble?.why]).toEqual([
      false,
      true,
      "R2 does not answer in time",
    ]);
    for (const record of [large, arriving()])
      expect(await tier.write(key, record, keep)).toEqual({
        kind: "unavailable",
        cause: "breaker-open",
      });
    expect(await tier.write(keyOf("small"), page, keep)).toEqual({ kind: "kept" });
    expect(told[0]).toBe("R2 does not answer in time.");
    Object.assign(r2, { get, head });
    clock.advance(2);
    const behind: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void behind.push(work());
    await tier.read(key, { ...ask, afterAnswer });
    await Promise.all(behind);
    expect((await tier.read(key, ask)).kind).toBe("found");
  });

  it("makes a write and a removal time out after 5 s", async () => {
    const { tier } = tierOver({ put: never, get: never, head: never, delete: never });
    const writing = tier.write(key, large, keep);
    const removing = tier.remove(key);
    await vi.advanceTimersByTimeAsync(6_000);
    expect([await writing, await removing]).toMatchObject([{ kind: "unavailable" }, "removed"]);
  });

  it("has a closed breaker if it rejects at once", async () => {
    const failing = () => Promise.reject(new Error("put: 10058"));
    const { tier } = tierOver({ put: failing, get: failing, head: failing, delete: failing });
    for (const record of [large, arriving()])
      expect(await tier.write(key, record, keep)).toMatchObject({ kind: "unavailable" });
    expect(tier.bodies?.isBreakerOpen).toBe(false);
  });
});

it.each([undefined, "BODIES", { fetch: 1, createMultipartUpload: 1, put: 1 }, { put: 1, get: 1 }])(
  "R2 is off with a hint if its binding is %j",
  (bound) => {
    expect(r2Bodies({ binding: "BODIES" }).bound({ BODIES: bound })).toEqual({
      what: "R2 is off.",
      why: "BODIES is not bound to an R2 bucket.",
      hint: "Name BODIES under [[r2_buckets]] in wrangler.toml.",
    });
  },
);
