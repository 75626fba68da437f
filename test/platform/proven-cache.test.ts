// Tests how an isolate notices a Cache API that stores nothing, and stops using it.
import { afterEach, expect, it, vi } from "vitest";
import { ProvenCache } from "../../src/platform/proven-cache.ts";
import { ranged, ResponseRequests } from "../../src/stores/cache-api/edge-reads.ts";
import { EdgeTier } from "../../src/stores/cache-api/edge-tier.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import "../../testing/fakes/workers-globals.ts";

const address = "https://site.test/a";

function opened() {
  const clock = new FakeClock();
  const stored = new Map<string, string>();
  const world = { storesNothing: true, puts: 0, matches: 0, notes: 0 };
  const colo = {
    async match(request: string | Request) {
      world.matches += 1;
      const found = stored.get(typeof request === "string" ? request : request.url);
      return found === undefined ? undefined : new Response(found);
    },
    async put(request: string | Request, response: Response) {
      world.puts += 1;
      const text = await response.text();
      if (!world.storesNothing)
        stored.set(typeof request === "string" ? request : request.url, text);
    },
    delete: async () => true,
  };
  const { nowAtMs } = clock;
  const onNothingStored = () => void (world.notes += 1);
  const cache = new ProvenCache({ cache: () => colo, nowAtMs, onNothingStored });
  const put = async (count: number) => {
    for (let nth = 0; nth < count; nth += 1) await cache.put(address, new Response("page"));
  };
  return { cache, clock, world, put };
}

it("a cache that works is looked up once after the first put, and never again", async () => {
  const { cache, world, put } = opened();
  world.storesNothing = false;
  await put(5);
  expect(world).toMatchObject({ puts: 5, matches: 1, notes: 0 });
  expect(await (await cache.match(address))?.text()).toBe("page");
});

it("after three puts that are not found, it is idle, and says so once", async () => {
  const { cache, world, put } = opened();
  await put(2);
  expect(cache.isIdle).toBe(false);
  await put(5);
  expect(await cache.match(address)).toBe(undefined);
  expect(world).toEqual({ storesNothing: true, puts: 3, matches: 3, notes: 1 });
  expect(cache.isIdle).toBe(true);
});

it("one put every ten minutes notices that it works", async () => {
  const { cache, clock, world, put } = opened();
  await put(3);
  clock.advance(600);
  await put(2);
  expect(world).toMatchObject({ puts: 4, notes: 1 });
  world.storesNothing = false;
  clock.advance(600);
  await put(2);
  expect([cache.isIdle, cache.nothingSinceAtMs]).toEqual([false, undefined]);
  expect(world).toMatchObject({ puts: 6, matches: 5, notes: 1 });
});

it("the edge tier over it has an open breaker, with the causes", async () => {
  const { cache, clock, put } = opened();
  const { nowAtMs } = clock;
  const settings = {
    cache: () => cache,
    nowAtMs,
    tell: () => undefined,
    onBadRecord: () => undefined,
  };
  const tier = new EdgeTier({ ...settings, form: responseForm });
  expect([tier.isBreakerOpen, tier.trouble]).toEqual([false, undefined]);
  await put(3);
  expect(tier.isBreakerOpen).toBe(true);
  expect(tier.trouble).toMatchObject({ isOver: false, sinceAtMs: nowAtMs() });
  expect(tier.trouble?.remedy).toContain("workers.dev");
});

afterEach(() => vi.unstubAllGlobals());

it("each request overrides the Cache Rules of the zone, also one with a condition or a range", async () => {
  const made = new WeakMap<object, object | undefined>();
  // Node ignores `cf`.
  const OwnRequest = class extends Request {
    constructor(input: string | Request, init?: RequestInit & { cf?: object }) {
      super(input, init);
      made.set(this, init?.cf);
    }
  };
  vi.stubGlobal("Request", OwnRequest);
  const asked: unknown[] = [];
  const see = (request: string | Request): undefined => {
    asked.push(made.get(Object(request)));
  };
  const cache = new ProvenCache({
    cache: () => ({
      match: async (request) => see(request),
      put: async (request) => see(request),
      delete: async () => true,
    }),
    nowAtMs: () => 0,
    onNothingStored: () => undefined,
  });
  await cache.put(address, new Response("page"));
  await cache.match(address);
  const { whole, unlessSame } = new ResponseRequests(address, '"1"');
  for (const request of [whole, unlessSame]) await cache.match(request);
  await cache.match(ranged({ firstByte: 1, lastByte: 2 }, address));
  const overriding = { cacheEverything: true };
  expect(asked).toEqual(Array.from({ length: 6 }, () => overriding));
});
