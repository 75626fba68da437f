// Opens a shared tier in a fake Durable Object with R2 behind it, and makes large bodies.
import "../../../testing/fakes/workers-globals.ts";
import { type TierFill } from "../../../src/cache/tiers/tier.ts";
import type { BodyCall, TierSettings } from "../../../src/cache/tiers/tier-in-code.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import type { ResponseDetail } from "../../../src/pages/stored/stored-response.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { formWithApart } from "../../../src/stores/r2/apart-form.ts";
import { BoundedBucket, type R2Bucket } from "../../../src/stores/r2/bucket.ts";
import { LargeBodies } from "../../../src/stores/r2/large-bodies.ts";
import { FixedLengthStream } from "../../../src/base/byte-streams.ts";
import { keep, metadataOf, noise, responseOf } from "../../../testing/examples/records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeR2 } from "../../../testing/fakes/fake-r2.ts";
import { keyOf } from "../redis/shared-world.ts";

export const mebibyte = 1_048_576;
export const bodyBytesMax = 4 * mebibyte;

/** Creates a tier over a fake Durable Object, which takes up to 1.95 MB, and a bucket. */
export function tierOver(bucket: R2Bucket) {
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  const told: string[] = [];
  const calls: BodyCall[] = [];
  let badRecordCount = 0;
  const settings: TierSettings<ResponseDetail> = {
    form: responseForm,
    namespace: "site",
    nowAtMs: clock.nowAtMs,
    onBadRecord: () => void (badRecordCount += 1),
    onBodyCall: (call) => void calls.push(call),
    log: ({ message }) => void told.push(message),
  };
  const records = new FakeObject((state) => new TidemarkRecords(state));
  const make = durableObjectRecords({ objects: 1 }).bound({ RECORDS: records.namespace });
  if (typeof make !== "function") throw new Error(make.why);
  const tier = new LargeBodies<ResponseDetail>({
    ...settings,
    tier: make({ ...settings, form: formWithApart(responseForm) }),
    bucket: new BoundedBucket({ ...settings, bucket, tell: settings.log }),
    bodyBytesMax,
  });
  const plain = make(settings);
  return { tier, plain, clock, records, told, calls, badRecordCount: () => badRecordCount };
}

export const key = keyOf("page");
/** A body that the object does not take. */
export const bytes = noise(2 * mebibyte);
export const large = responseOf(bytes);

export function openFake() {
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  const r2 = new FakeR2(clock);
  return { r2, ...tierOver(r2) };
}

/** A body that arrives in chunks of 1 MiB, and that ends or breaks off. */
export function arriving({
  bodyBytes = 2 * mebibyte,
  sentBytes = bodyBytes,
}: {
  readonly bodyBytes?: number | null;
  readonly sentBytes?: number | null;
} = {}): TierFill<ResponseDetail> {
  const { readable: stream, writable } = new FixedLengthStream(sentBytes ?? 2 * mebibyte);
  const completed = Promise.withResolvers<number | "cut">();
  const send = async () => {
    const writer = writable.getWriter();
    let sent = 0;
    for (; sent < (sentBytes ?? mebibyte); sent += mebibyte) await writer.write(noise(mebibyte));
    if (sentBytes === null) throw new Error("cut");
    await writer.close();
    completed.resolve(sent);
  };
  send().catch((cause: unknown) => {
    completed.resolve("cut");
    void writable.abort(cause).catch(() => undefined);
  });
  const metadata = metadataOf(noise(1), { bodyBytes, bodyDigest: null });
  return { kind: "arriving", metadata, stream, completed: completed.promise };
}
