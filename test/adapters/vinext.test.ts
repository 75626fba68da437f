// Tests the data handler of vinext, with the calls that vinext 1.4 makes in shims/{fetch-cache,cache-runtime,cache}.ts and
// server/isr-cache.ts. The cases of `MemoryCacheHandler` about tags, soft tags and lifetimes are among them.
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { LoadStarts, vinextHandler, type VinextHandler } from "../../src/adapters/vinext.ts";
import type { GivenStart } from "../../src/data/load/make-record.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { openProcess } from "../../testing/data/node-process.ts";

const running = new Running();
let url = "";
beforeAll(async () => void ({ url } = await running.add(startEmbeddedValkey())));
afterAll(() => running.stop());
afterEach(() => void vi.useRealTimers());

let sites = 0;
function opened(name = `site-${(sites += 1)}`) {
  const redis = new Redis(url);
  void running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
  const { cache: data } = openProcess({ redis });
  return { handler: vinextHandler(data, { name }), data, name };
}

const fetched = (body: string, tags: readonly string[] = []) => ({
  kind: "FETCH",
  data: { headers: {}, body, url: "https://api.example/1" },
  tags,
  revalidate: 3_600,
});

/** Looks up, loads, and sets, as a fetch does. */
async function load(
  handler: VinextHandler,
  body: string,
  {
    during,
    tags = ["news"],
    soft = [] as string[],
  }: { during?: () => Promise<void>; tags?: string[]; soft?: string[] } = {},
): Promise<string> {
  const found = await handler.get("key", { kind: "FETCH", tags, softTags: soft });
  if (found !== null && found.cacheState === undefined) return found.value.data.body;
  await during?.();
  await handler.set("key", fetched(body, tags), { fetchCache: true, tags, revalidate: 3_600 });
  return body;
}

describe("values", () => {
  it("are found again, with bytes, lifetimes and the time of their load", async () => {
    const { handler } = opened();
    const page = {
      kind: "APP_PAGE",
      html: "<p>",
      rscData: new TextEncoder().encode("rsc").buffer,
      headers: { a: ["b"] },
      postponed: undefined,
      status: 200,
    };
    const cacheControl = { revalidate: 60, expire: 300, stale: 30 };
    expect(await handler.get("app:/")).toBeNull();
    await handler.set("app:/", page, { cacheControl, revalidate: 60, tags: ["_N_T_/"] });
    const found = await handler.get("app:/");
    expect(found).toEqual({ value: page, cacheControl, lastModified: expect.any(Number) });
  });

  it("are stale after `revalidate`, also that of the lookup, and gone after `expire`", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { handler } = opened();
    await handler.get("key");
    await handler.set(
      "key",
      { kind: "PAGES", html: "a" },
      { cacheControl: { revalidate: 60, expire: 300 } },
    );
    expect((await handler.get("key"))?.cacheState).toBeUndefined();
    vi.setSystemTime(Date.now() + 30_000);
    expect((await handler.get("key", { revalidate: 20 }))?.cacheState).toBe("stale");
    vi.setSystemTime(Date.now() + 40_000);
    expect((await handler.get("key"))?.cacheState).toBe("stale");
    vi.setSystemTime(Date.now() + 300_000);
    expect(await handler.get("key")).toBeNull();
  });

  it("with `revalidate: 0` are not stored", async () => {
    const { handler } = opened();
    await handler.get("key");
    await handler.set("key", { kind: "PAGES", html: "a" }, { revalidate: 0 });
    expect(await handler.get("key")).toBeNull();
  });
});

/** Waits until a load may get a stamp after the purge: the allowance for clocks is a second. */
const pastAllowance = () => new Promise((resolve) => setTimeout(resolve, 1_100));

describe("purges", () => {
  it.each([
    ["a tag of the value", "news"],
    ["a soft tag of the lookup", "_N_T_/page"],
  ])("by %s end the value", async (_, tag) => {
    const { handler } = opened();
    const soft = ["_N_T_/page"];
    await load(handler, "first", { soft });
    expect(await load(handler, "second", { soft })).toBe("first");
    await handler.revalidateTag([tag]);
    expect(await load(handler, "second", { soft })).toBe("second");
  });

  it("with a profile make it stale, and with a short one end it", async () => {
    const { handler } = opened();
    await load(handler, "first");
    await handler.revalidateTag("news", { expire: 86_400 });
    expect(await handler.get("key", {})).toMatchObject({ cacheState: "stale" });
    await handler.revalidateTag("news", { expire: 5 });
    expect(await handler.get("key", {})).toBeNull();
  });

  it("during a load end its value", async () => {
    const { handler } = opened();
    const during = () => handler.revalidateTag("news");
    await load(handler, "old", { during });
    expect(await load(handler, "new")).toBe("new");
  });

  it("between the starts of two loads end the value of the first, which is set last", async () => {
    const { handler } = opened();
    await handler.get("key");
    await handler.revalidateTag("news");
    await pastAllowance();
    await handler.get("key");
    const set = (body: string) => handler.set("key", fetched(body, ["news"]), { tags: ["news"] });
    await set("new");
    await set("old");
    expect(await handler.get("key")).toBeNull();
    // Once no load of before the purge can be under way, values are stored again.
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 61_000);
    await load(handler, "next");
    expect(await load(handler, "unused")).toBe("next");
  });

  it("before the load of another key cover a result whose own key was never looked up", async () => {
    const { handler } = opened();
    const run = async (key: string, during?: () => Promise<void>) => {
      await handler.get("function");
      await new Promise((resolve) => setTimeout(resolve, 2));
      const timestamp = Date.now();
      await during?.();
      await handler.set(key, fetched("result", ["news"]), { tags: ["news"], timestamp });
      return handler.get(key);
    };
    expect(await run("function:en", () => handler.revalidateTag("news"))).toBeNull();
    await pastAllowance();
    expect((await run("function:de"))?.value.data.body).toBe("result");
  });

  it("by a soft tag cover a hit that is set again after the purge, with a shorter lifetime", async () => {
    const { handler } = opened();
    vi.useFakeTimers({ toFake: ["Date"] });
    await load(handler, "first");
    vi.setSystemTime(Date.now() + 70_000);
    await handler.revalidateTag("_N_T_/page");
    expect(await handler.get("key", { softTags: ["_N_T_/page"] })).toBeNull();
    const hit = await handler.get("key", { tags: ["news"] });
    await handler.set("key", { ...hit?.value, revalidate: 60 }, { revalidate: 60, tags: ["news"] });
    expect(await handler.get("key", { softTags: ["_N_T_/page"] })).toBeNull();
  });

  it("during the load of a page cover its other parts, which were looked up later", async () => {
    const { handler } = opened();
    const [html, rsc] = ["app:v2:b:/a:html", "app:v2:b:/a:rsc:slots:1"];
    await handler.get(html);
    await handler.revalidateTag("news");
    await pastAllowance();
    await handler.get(rsc);
    await handler.set(rsc, { kind: "APP_PAGE", html: "old" }, { tags: ["news"], revalidate: 60 });
    expect(await handler.get(rsc)).toBeNull();
  });

  it("hold in another process within N", async () => {
    const [{ handler, name }, here] = [opened(), () => opened(`site-${sites}`).handler];
    const other = here();
    await load(handler, "first");
    expect(await load(other, "unused")).toBe("first");
    await handler.revalidateTag("news");
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 11_000);
    expect(await load(other, "second")).toBe("second");
    expect(name).toBe(`site-${sites}`);
  });

  it("reject while Redis does not answer", async () => {
    const redis = new Redis({
      port: 1,
      host: "127.0.0.1",
      retryStrategy: () => null,
      lazyConnect: true,
    });
    redis.on("error", () => undefined);
    const handler = vinextHandler(openProcess({ redis }).cache);
    await expect(handler.revalidateTag("news")).rejects.toThrow("The purge was not accepted");
  });
});

it("the start for a load is the oldest of the last minute", () => {
  const starts = new LoadStarts();
  const begun = (calledAtMs: number) => ({
    calledAtMs,
    start: { requestedAtMs: calledAtMs } as GivenStart,
  });
  for (const atMs of [0, 500, 59_000, 70_000]) starts.keep("key", begun(atMs));
  expect(starts.ofLoad("key", 60_000)?.requestedAtMs).toBe(0);
  expect(starts.ofLoad("key", 60_001)?.requestedAtMs).toBe(59_000);
});

it("values are stored again after the clock was set back by an hour", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { handler } = opened();
  vi.setSystemTime(Date.now() + 3_600_000);
  await load(handler, "first");
  vi.setSystemTime(Date.now() - 3_600_000);
  await handler.get("function");
  vi.setSystemTime(Date.now() + 1_100);
  const timestamp = Date.now();
  await handler.set("function:en", fetched("result"), { timestamp });
  expect((await handler.get("function:en"))?.value.data.body).toBe("result");
});

describe("a value whose load has no known start", () => {
  it("is not stored, and removes an older one", async () => {
    const { handler, name } = opened();
    await load(handler, "first");
    vi.useFakeTimers({ toFake: ["Date"] });
    const { handler: other } = opened(name);
    expect(await other.get("key")).not.toBeNull();
    await other.set("key", fetched("on demand"), {});
    expect(await other.get("key")).toBeNull();
  });

  it("removes nothing before the first lookup, because vinext then sets the pages of its build", async () => {
    const { handler, name } = opened();
    await load(handler, "first");
    const { handler: started } = opened(name);
    await started.set("key", fetched("of the build"), {});
    expect(await load(started, "unused")).toBe("first");
  });
});
