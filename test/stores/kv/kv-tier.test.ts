// The KV tier: the contract over Workers KV as Miniflare has it and over the fake that scenarios trust, what it
// makes of strange values, and of a KV that does not answer.
import "../../../testing/fakes/workers-globals.ts";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { KvTier, type KvNamespace, workersKv } from "../../../src/stores/kv/kv-tier.ts";
import { kvBodyBytesMax, largeBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import type { TierSettings } from "../../../src/cache/tiers/tier-in-code.ts";
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
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import { keyOf } from "../redis/shared-world.ts";

/** KV counts an expiry by its own clock. */
function tierOver(kv: KvNamespace, given: Partial<TierSettings<ResponseDetail>> = {}) {
  const told: string[] = [];
  let badRecordCount = 0;
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  const tier = new KvTier<ResponseDetail>({
    kv,
    form: responseForm,
    namespace: "site",
    nowAtMs: clock.nowAtMs,
    onBadRecord: () => (badRecordCount += 1),
    log: ({ message }: LogLine) => void told.push(message),
    ...given,
  });
  return { tier, clock, told, badRecordCount: () => badRecordCount };
}

const limits = {
  bodyBytesMax: kvBodyBytesMax,
  takesStreams: false,
  keepMsMin: 60_000,
  largest: responseOf(noise(kvBodyBytesMax)),
  tooLarge: responseOf(noise(kvBodyBytesMax + 1)),
};

describe("over Miniflare", () => {
  let miniflare: Miniflare;
  let kv: KvNamespace;
  beforeAll(async () => {
    const script = "export default { fetch: () => new Response() }";
    const options = { modules: true, script, kvNamespaces: ["PAGES"] };
    miniflare = new Miniflare(convertV4MiniflareOptions(options));
    kv = (await miniflare.getKVNamespace("PAGES")) as unknown as KvNamespace;
  });
  afterAll(() => miniflare.dispose());

  describeTier("kv", async () => ({ ...tierOver(kv), ...limits }));
});

describeTier("kv, over the fake", async () => {
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  return { ...tierOver(new FakeKv(clock).colo()), ...limits };
});

describe("a value", () => {
  const key = keyOf("page");
  const [nameOfKey] = [async (kv: FakeKv) => kv.keys[0] ?? ""];

  it.each([
    { id: "that is empty", value: "" },
    { id: "without a head", value: "no line feed" },
    { id: "whose head is no JSON", value: "{\nbody" },
    { id: "of another version", value: `{"v":1,"keepUntilAtMs":1,"record":{}}\nbody` },
    { id: "whose head does not end", value: "x".repeat(200_000) },
  ])("$id is a miss that is counted, and gives way to the next", async ({ value }) => {
    const fake = new FakeKv(new FakeClock());
    const kv = fake.colo();
    const { tier, badRecordCount } = tierOver(kv);
    const page = responseOf(bytesOf("page"));
    await tier.write(key, page, keep);
    const bytes = await new Blob([value]).arrayBuffer();
    await kv.put(await nameOfKey(fake), bytes, { expirationTtl: 60 });
    expect([await tier.read(key, ask), badRecordCount()]).toEqual([{ kind: "absent" }, 1]);
    expect(await tier.read(key, { ...ask, isPeek: true })).toEqual({ kind: "absent" });
    expect(badRecordCount()).toBe(1);
    await tier.write(key, page, keep);
    expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
  });

  it("whose body is cut is a miss", async () => {
    const fake = new FakeKv(new FakeClock());
    const kv = fake.colo();
    const { tier, badRecordCount } = tierOver(kv);
    await tier.write(key, responseOf(bytesOf("page")), keep);
    const name = await nameOfKey(fake);
    const whole = await new Response(
      await kv.get(name, { type: "stream", cacheTtl: 30 }),
    ).arrayBuffer();
    await kv.put(name, whole.slice(0, -1), { expirationTtl: 60 });
    expect([await tier.read(key, ask), badRecordCount()]).toEqual([{ kind: "absent" }, 1]);
  });

  it("of less than a minute is not written", async () => {
    const fake = new FakeKv(new FakeClock());
    const { tier } = tierOver(fake.colo());
    const brief = { ...keep, untilAtMs: keep.atMs + 59_999 };
    const written = await tier.write(key, responseOf(bytesOf("page")), brief);
    expect([written, fake.puts]).toEqual([{ kind: "refused", rule: "brief" }, []]);
  });

  it("that is large is read as it is sent, unless it is to be held; of a head it costs nothing", async () => {
    const { tier } = tierOver(new FakeKv(new FakeClock()).colo());
    const large = responseOf(noise(largeBodyBytesMax));
    await tier.write(key, large, keep);
    const kindOf = async (how: object) => {
      const read = await tier.read(key, { ...ask, ...how });
      return (
        read.kind === "found" && read.record.kind === "response" && read.record.stored.body.kind
      );
    };
    expect(await kindOf({})).toBe("stream");
    expect(await kindOf({ isHeld: () => true })).toBe("blob");
    expect(await kindOf({ part: "metadata" })).toBe("absent");
    expect(await kindOf({ isPeek: true })).toBe("absent");
  });
});

describe("a KV that does not answer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is waited for a second, shut off after three, and asked by a probe", async () => {
    const never = () => new Promise<never>(() => undefined);
    const get = vi.fn<KvNamespace["get"]>(never);
    const kv: KvNamespace = { get, put: never, delete: never };
    const { tier, clock, told } = tierOver(kv);
    const passed = async <T>(work: Promise<T>, ms: number) => {
      // The key's digest comes first.
      await vi.advanceTimersByTimeAsync(0);
      clock.advance(ms / 1_000);
      await vi.advanceTimersByTimeAsync(ms);
      return work;
    };
    for (let times = 0; times < 3; times += 1) {
      const read = await passed(tier.read(keyOf("a"), ask), 1_000);
      expect(read).toEqual({ kind: "unavailable", cause: "TimeoutError" });
    }
    expect(await tier.read(keyOf("a"), ask)).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect([tier.isShutOff, tier.trouble?.why]).toEqual([
      true,
      "Workers KV does not answer in time",
    ]);
    expect(await tier.write(keyOf("a"), responseOf(bytesOf("a")), keep)).toMatchObject({
      kind: "unavailable",
    });
    expect(told[0]).toBe("Workers KV does not answer in time.");
    get.mockResolvedValue(null);
    clock.advance(2);
    const behind: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void behind.push(work());
    await tier.read(keyOf("a"), { ...ask, afterAnswer });
    await Promise.all(behind);
    expect(await tier.read(keyOf("a"), ask)).toEqual({ kind: "absent" });
  });

  it("cancels a value whose head comes after the second", async () => {
    let stored = new ArrayBuffer();
    const kv: KvNamespace = {
      put: async (_, value) => void (stored = value),
      get: async () => stream,
      delete: async () => undefined,
    };
    const { tier } = tierOver(kv);
    await tier.write(keyOf("a"), responseOf(bytesOf("page")), keep);
    const cancel = vi.fn<() => void>();
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        controller.enqueue(new Uint8Array(stored));
      },
      cancel,
    });
    const reading = tier.read(keyOf("a"), ask);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(await reading).toEqual({ kind: "unavailable", cause: "TimeoutError" });
    expect(cancel).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("fails a removal after 5 s, and a call that throws costs nobody a wait", async () => {
    const kv: KvNamespace = {
      get: () => Promise.reject(new Error("KV GET failed: 500")),
      put: () => Promise.reject(new Error("KV PUT failed: 429 Too Many Requests")),
      delete: () => new Promise<never>(() => undefined),
    };
    const { tier } = tierOver(kv);
    const removing = tier.remove(keyOf("a"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await removing).toBe("unavailable");
    expect(await tier.read(keyOf("a"), ask)).toEqual({ kind: "unavailable", cause: "Error" });
    const page = responseOf(bytesOf("a"));
    expect(await tier.write(keyOf("a"), page, keep)).toEqual({
      kind: "unavailable",
      cause: "Error",
    });
    expect(tier.isShutOff).toBe(false);
  });
});

it.each([
  { id: "nothing", bound: undefined },
  { id: "a text", bound: "PAGES" },
  { id: "another Worker", bound: { fetch: () => undefined, getWithMetadata: 1, put: 1 } },
  { id: "a bucket of R2", bound: { put: () => undefined, head: () => undefined } },
])("a binding to $id turns the tier off, and says how to fix it", ({ bound }) => {
  const tier = workersKv({ binding: "PAGES" });
  expect(tier.bound({ PAGES: bound })).toMatchObject({
    what: "The KV tier is off.",
    why: "PAGES is not bound to a namespace of Workers KV.",
    hint: "Name PAGES under [[kv_namespaces]] in wrangler.toml.",
  });
});
