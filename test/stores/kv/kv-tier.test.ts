// Tests the KV tier: the contract of a tier over Miniflare and over the fake KV, invalid values,
// and a KV that does not answer.
import "../../../testing/fakes/workers-globals.ts";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { KvTier, type KvNamespace, workersKv } from "../../../src/stores/kv/kv-tier.ts";
import { kvBodyBytesMax, largeBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { LogLine } from "../../../src/observe/log-line.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";
import type { ResponseDetail } from "../../../src/proxy/stored/stored-response.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeKv } from "../../../testing/fakes/fake-kv.ts";
import {
  ask,
  bytesOf,
  keep,
  look,
  noise,
  responseOf,
  shown,
} from "../../../testing/examples/records.ts";
import { lengthenTimers } from "../../../testing/patient-timeouts.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import { keyOf, page } from "../redis/shared-world.ts";

/** Creates a tier over the given KV. The clock of the tier is not that of the KV. */
function tierOver(kv: KvNamespace) {
  const told: string[] = [];
  let badRecordCount = 0;
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  const metrics = new Metrics(0);
  const tier = new KvTier<ResponseDetail>({
    kv,
    form: responseForm,
    namespace: "site",
    nowAtMs: clock.nowAtMs,
    onBadRecord: () => (badRecordCount += 1),
    log: ({ message }: LogLine) => void told.push(message),
    metrics,
  });
  return { tier, clock, told, metrics, badRecordCount: () => badRecordCount };
}

const limits = {
  bodyBytesMax: kvBodyBytesMax,
  takesStreams: false,
  keepMsMin: 60_000,
  largest: responseOf(noise(kvBodyBytesMax)),
  tooLarge: responseOf(noise(kvBodyBytesMax + 1)),
};

describe("the KV tier over Miniflare", () => {
  let miniflare: Miniflare;
  let kv: KvNamespace;
  beforeAll(async () => {
    const script = "export default { fetch: () => new Response() }";
    const options = { modules: true, script, kvNamespaces: ["PAGES"] };
    miniflare = new Miniflare(convertV4MiniflareOptions(options));
    kv = (await miniflare.getKVNamespace("PAGES")) as unknown as KvNamespace;
  });
  afterAll(() => miniflare.dispose());

  lengthenTimers();

  describeTier("kv", async () => ({ ...tierOver(kv), ...limits }));
});

describeTier("kv, over the fake", async () => {
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  return { ...tierOver(new FakeKv(clock).colo()), ...limits };
});

const key = keyOf("page");
const unavailable = (cause: string) => ({ kind: "unavailable", cause });

describe("a value in KV", () => {
  function open() {
    const fake = new FakeKv(new FakeClock());
    const kv = fake.colo();
    const replace = async (value: ArrayBuffer) =>
      kv.put(fake.keys[0] ?? "", value, { expirationTtl: 60 });
    return { fake, kv, replace, ...tierOver(kv) };
  }

  it.each([
    { id: "empty", value: "" },
    { id: "no head", value: "no line feed" },
    { id: "a head that is not JSON", value: "{\nbody" },
    { id: "another version", value: `{"v":1,"keepUntilAtMs":1,"record":{}}\nbody` },
    { id: "a head without an end", value: "x".repeat(200_000) },
  ])("is a counted miss until the next write if it is invalid: $id", async ({ value }) => {
    const { tier, badRecordCount, replace } = open();
    await tier.write(key, page, keep);
    await replace(await new Blob([value]).arrayBuffer());
    expect([await tier.read(key, ask), badRecordCount()]).toEqual([{ kind: "absent" }, 1]);
    expect(await tier.read(key, { ...ask, isPeek: true })).toEqual({ kind: "absent" });
    expect(badRecordCount()).toBe(1);
    await tier.write(key, page, keep);
    expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
  });

  it("is a counted miss if its body is cut", async () => {
    const { fake, kv, tier, badRecordCount, replace } = open();
    await tier.write(key, page, keep);
    const stored = await kv.get(fake.keys[0] ?? "", { type: "stream", cacheTtl: 30 });
    await replace((await new Response(stored).arrayBuffer()).slice(0, -1));
    expect([await tier.read(key, ask), badRecordCount()]).toEqual([{ kind: "absent" }, 1]);
  });

  it("costs an operation for each read, write and deletion, and none if it is refused", async () => {
    const { tier, metrics } = open();
    await tier.write(key, page, { ...keep, untilAtMs: keep.atMs + 59_999 });
    await tier.write(key, page, keep);
    await tier.read(key, ask);
    await tier.read(key, ask);
    await tier.remove(key);
    expect(metrics.snapshot().kvOperations).toEqual({ write: 1, read: 2, delete: 1 });
  });

  it("is not written for less than a minute", async () => {
    const { fake, tier } = open();
    const written = await tier.write(key, page, { ...keep, untilAtMs: keep.atMs + 59_999 });
    expect([written, fake.puts]).toEqual([{ kind: "refused", rule: "brief" }, []]);
  });

  it.each([
    [{}, "stream"],
    [{ isHeld: () => true }, "blob"],
    [{ part: "metadata" }, "absent"],
    [{ isPeek: true }, "absent"],
  ] as const)("has this body if it is large and is read with %j: %s", async (how, kind) => {
    const { tier } = open();
    await tier.write(key, responseOf(noise(largeBodyBytesMax)), keep);
    const read = await tier.read(key, { ...ask, ...how });
    expect(read).toMatchObject({ kind: "found", record: { stored: { body: { kind } } } });
  });
});

describe("a KV that does not answer", () => {
  const never = () => new Promise<never>(() => undefined);
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("times out after a second, is shut off after three time-outs, and is probed", async () => {
    const get = vi.fn<KvNamespace["get"]>(never);
    const { tier, clock, told } = tierOver({ get, put: never, delete: never });
    for (let times = 0; times < 3; times += 1) {
      const read = tier.read(key, ask);
      // The tier first computes the key's digest.
      await vi.advanceTimersByTimeAsync(0);
      clock.advance(1);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await read).toEqual(unavailable("TimeoutError"));
    }
    expect(await tier.read(key, ask)).toEqual(unavailable("shut-off"));
    expect([tier.isShutOff, tier.trouble?.why]).toEqual([
      true,
      "Workers KV does not answer in time",
    ]);
    expect(await tier.write(key, page, keep)).toMatchObject({ kind: "unavailable" });
    expect(told[0]).toBe("Workers KV does not answer in time.");
    get.mockResolvedValue(null);
    clock.advance(2);
    const behind: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void behind.push(work());
    await tier.read(key, { ...ask, afterAnswer });
    await Promise.all(behind);
    expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
  });

  it("causes the cancellation of a value whose head arrives too late", async () => {
    let stored = new ArrayBuffer();
    const cancel = vi.fn<() => void>();
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        controller.enqueue(new Uint8Array(stored));
      },
      cancel,
    });
    const put = async (_: string, value: ArrayBuffer) => void (stored = value);
    const { tier } = tierOver({ put, get: async () => stream, delete: async () => undefined });
    await tier.write(key, page, keep);
    const reading = tier.read(key, ask);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(await reading).toEqual(unavailable("TimeoutError"));
    expect(cancel).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("makes a removal time out after 5 s", async () => {
    const { tier } = tierOver({ get: never, put: never, delete: never });
    const removing = tier.remove(key);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await removing).toBe("unavailable");
  });

  it("is not shut off if it rejects at once", async () => {
    const failing = () => Promise.reject(new Error("KV failed: 429 Too Many Requests"));
    const { tier } = tierOver({ get: failing, put: failing, delete: failing });
    expect(await tier.read(key, ask)).toEqual(unavailable("Error"));
    expect(await tier.write(key, page, keep)).toEqual(unavailable("Error"));
    expect(tier.isShutOff).toBe(false);
  });
});

it.each([
  undefined,
  "PAGES",
  { fetch: () => undefined, getWithMetadata: 1, put: 1 },
  { put: () => undefined, head: () => undefined },
])("the KV tier is off with a hint if its binding is %j", (bound) => {
  const tier = workersKv({ binding: "PAGES" });
  expect(tier.bound({ PAGES: bound })).toMatchObject({
    what: "The KV tier is off.",
    why: "PAGES is not bound to a namespace of Workers KV.",
    hint: "Name PAGES under [[kv_namespaces]] in wrangler.toml.",
  });
});
