// Tests the class of `cacheHandler` in `tidemark/next`: rendered routes, results of fetch, builds, purges and lifetimes.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RouteEntry, RouteValue } from "../../src/adapters/next-route-cache.ts";
import { idle } from "../../testing/site/harness.ts";
import {
  fetched,
  isStaleFetch,
  openNext,
  openOnDemand,
  openRequest,
  page,
  staleStateOf,
  useNextClocks,
} from "./next-world.ts";

beforeEach(useNextClocks);
afterEach(() => void vi.useRealTimers());

const ofFetch = { kind: "FETCH", tags: ["red"], softTags: ["_N_T_/page"] };
const toFetch = { fetchCache: true, tags: ["red"] };
const ofPage = { kind: "APP_PAGE" };
const lifetimes = { revalidate: 60, expire: 600 };

/** Opens a process that has served a request before. */
async function opened() {
  const world = openNext();
  await openRequest(world).get("other", ofFetch);
  world.advance(5);
  return { ...world, request: () => openRequest(world) };
}

const elsewhere = ({ isolate }: { isolate: ReturnType<typeof openNext>["isolate"] }) => {
  const world = openNext(isolate.elsewhere());
  return { ...world, request: () => openRequest(world) };
};

const bodyOf = (entry: RouteEntry | null) =>
  (entry?.value?.["data"] as { body: string } | undefined)?.body;

/** Renders `/page` in a request of its own. */
async function render(
  { request }: { request: () => ReturnType<typeof openRequest> },
  html: string,
) {
  const one = request();
  await one.get("/page", ofPage);
  await one.set("/page", page(html), { cacheControl: lifetimes });
  return one;
}

it("a rendered page has all its parts in another process", async () => {
  const world = await opened();
  const one = world.request();
  expect(await one.get("/page", ofPage)).toBeNull();
  await one.set("/page", page("first"), { cacheControl: lifetimes });
  const found = await elsewhere(world).request().get("/page", ofPage);
  expect(found).toEqual({
    value: page("first"),
    lastModified: Date.now(),
    cacheControl: lifetimes,
  });
  expect(Buffer.isBuffer(found?.value?.["rscData"])).toBe(true);
});

it.each<[string, RouteValue | null]>([
  ["a page that is not found", null],
  ["a redirect", { kind: "REDIRECT", props: { pageProps: { to: "/" } } }],
  [
    "a page of the Pages router",
    { kind: "PAGES", html: "<p>", pageData: { a: [1] }, status: 200, headers: {} },
  ],
  [
    "a route handler",
    { kind: "APP_ROUTE", body: Buffer.from([255]), status: 200, headers: { a: "b" } },
  ],
])("%s is stored", async (_, value) => {
  const world = await opened();
  const one = world.request();
  await one.get("/page", ofPage);
  await one.set("/page", value, { cacheControl: { revalidate: false } });
  world.advance(86_400);
  const found = await world.request().get("/page", ofPage);
  expect(found?.value).toEqual(value);
  expect(found && staleStateOf(found)).toBe(false);
});

it.each([
  { id: "two builds", dir: "/next/.next/server" },
  { id: "two applications with equal build ids", dir: "/other-app/.next/server" },
])("$id share the results of fetch, and not pages", async ({ dir }) => {
  const world = await opened();
  const one = world.request();
  for (const [key, context] of [
    ["/page", ofPage],
    ["f", ofFetch],
  ] as const)
    await one.get(key, context);
  await one.set("/page", page("first"), { cacheControl: lifetimes });
  await one.set("f", fetched("first"), toFetch);
  const next = openRequest(world, dir);
  expect(await next.get("/page", ofPage)).toBeNull();
  expect(bodyOf(await next.get("f", ofFetch))).toBe("first");
});

describe("a purge during a load covers the value", () => {
  it.each([
    ["a page", "/page", ofPage, page("old"), { cacheControl: lifetimes }, "red"],
    [
      "a page, by its path",
      "/page",
      ofPage,
      page("old"),
      { cacheControl: lifetimes },
      "_N_T_/page",
    ],
    ["a fetch", "f", ofFetch, fetched("old"), toFetch, "red"],
    ["a fetch, by the path of its page", "f", ofFetch, fetched("old"), toFetch, "_N_T_/page"],
  ] as const)("%s", async (_, key, get, value, set, tag) => {
    const world = await opened();
    const [one, later] = [world.request(), world.request()];
    expect(await one.get(key, get)).toBeNull();
    await elsewhere(world).request().revalidateTag(tag);
    world.advance(11);
    expect(await later.get(key, get)).toBeNull();
    expect(await one.get(key, get)).toBeNull();
    await one.set(key, value, set);
    expect(await world.request().get(key, get)).toBeNull();
    await later.set(key, value, set);
    expect(await world.request().get(key, get)).not.toBeNull();
  });

  it("although the request found the value before, and Next.js discarded it", async () => {
    const world = await opened();
    const one = world.request();
    await one.get("f", ofFetch);
    await one.set("f", fetched("first"), toFetch);
    const action = world.request();
    expect(bodyOf(await action.get("f", ofFetch))).toBe("first");
    await action.revalidateTag(["red"]);
    expect(await action.get("f", ofFetch)).toBeNull();
    await action.set("f", fetched("read before the purge"), toFetch);
    expect(await world.request().get("f", ofFetch)).toBeNull();
  });
});

describe("res.revalidate", () => {
  /** Opens two processes that have a page in memory. */
  async function openedWithPage(html = "first") {
    const world = await opened();
    const other = elsewhere(world);
    await render(world, html);
    await other.request().get("/page", ofPage);
    return { world, other };
  }
  const htmlIn = async ({ request }: { request: () => ReturnType<typeof openRequest> }) =>
    (await request().get("/page", ofPage))?.value?.["html"];
  const set = { cacheControl: lifetimes };

  it.each([
    { id: "after a lookup", looksUp: true },
    { id: "without a lookup", looksUp: false },
  ])("replaces the page in all processes $id", async ({ looksUp }) => {
    const { world, other } = await openedWithPage();
    const onDemand = openOnDemand(world);
    world.advance(5);
    if (looksUp) await onDemand.get("/page", ofPage);
    await onDemand.set("/page", page("second"), set);
    world.advance(10);
    expect(await htmlIn(other)).toBe("second");
  });

  it.each([
    { id: "rendered page", isRendered: true },
    { id: "render that began before any lookup", isRendered: false },
  ])("ends the page of another build, which still answers: $id", async ({ isRendered }) => {
    const { world } = await openedWithPage();
    const ofBuild = (dir: string) => ({ request: () => openRequest(elsewhere(world), dir) });
    const [before, next] = ["/app/.next/server", "/next/.next/server"].map(ofBuild);
    await render(next!, "of the next build");
    await render({ request: () => openRequest(world, "/app/.next/server") }, "other");
    if (isRendered) {
      const onDemand = openOnDemand(world);
      await onDemand.get("/page", ofPage);
      await onDemand.set("/page", page("second"), set);
    } else {
      const late = openNext(world.isolate.elsewhere());
      await openOnDemand(late).set("/page", page("second"), set);
    }
    world.advance(11);
    expect(await htmlIn(next!)).toBeUndefined();
    expect(await htmlIn(before!)).toBe(isRendered ? "second" : undefined);
  });

  it("is not what a client with another secret asks for", async () => {
    const { world, other } = await openedWithPage();
    const forged = openOnDemand(world, "secret-2");
    await forged.get("/page", ofPage);
    await forged.set("/page", page("second"), set);
    world.advance(10);
    expect(await htmlIn(other)).toBe("first");
  });

  it("covers a render that began before, which Next.js lets it join", async () => {
    const { world, other } = await openedWithPage();
    const rendering = world.request();
    await rendering.get("/page", ofPage);
    world.advance(1);
    await openOnDemand(world).get("/page", ofPage);
    await rendering.set("/page", page("of before"), set);
    world.advance(10);
    for (const process of [world, other]) expect(await htmlIn(process)).toBeUndefined();
  });

  it.each([
    { id: "its render", open: openOnDemand },
    { id: "the render that it joins", open: openRequest },
  ])("keeps the older page everywhere if $id fails", async ({ open }) => {
    const { world, other } = await openedWithPage();
    const rendering = open(world);
    const older = await rendering.get("/page", ofPage);
    world.advance(1);
    await openOnDemand(world).get("/page", ofPage);
    await rendering.set("/page", older?.value ?? null, { cacheControl: { revalidate: 3 } });
    world.advance(10);
    const found = await other.request().get("/page", ofPage);
    expect(found).toMatchObject({ value: page("first"), cacheControl: lifetimes });
  });

  it("leaves no process an older result of a fetch, from which it could render the page", async () => {
    const { world, other } = await openedWithPage();
    const one = world.request();
    await one.get("f", ofFetch);
    await one.set("f", fetched("first"), toFetch);
    expect(bodyOf(await other.request().get("f", ofFetch))).toBe("first");
    await openOnDemand(world).set("f", fetched("second"), toFetch);
    world.advance(10);
    for (const process of [world, other])
      expect(bodyOf(await process.request().get("f", ofFetch))).toBeUndefined();
  });

  it("is covered by a purge since its request began", async () => {
    const world = await opened();
    const onDemand = openOnDemand(world);
    await elsewhere(world).request().revalidateTag("red");
    world.advance(11);
    await world.request().get("other", ofFetch);
    await onDemand.set("/page", page("read before the purge"), set);
    expect(await world.request().get("/page", ofPage)).toBeNull();
  });

  it("stores nothing if no lookup was before its request", async () => {
    const world = openNext();
    const onDemand = openOnDemand(world);
    world.advance(1);
    await openRequest(world).get("other", ofFetch);
    await onDemand.set("/page", page("of unknown age"), set);
    expect(await openRequest(world).get("/page", ofPage)).toBeNull();
  });
});

/** The tags that Next.js writes for a page or a route handler, joined by commas. */
const derived = "_N_T_/layout,_N_T_/news/layout,_N_T_/news/[slug]/page";

it.each([
  { key: "/news/a,b", tags: `${derived},_N_T_/news/a,b`, by: ["_N_T_/news/a,b"] },
  {
    key: "/route-cache/APP_PAGE/0a1b/$/news/a,b",
    tags: `${derived},_N_T_/news/a,b`,
    by: ["_N_T_/news/a,b", "_N_T_/news/a%2Cb"],
  },
  {
    key: "/news/50 % off",
    tags: `${derived},_N_T_/news/50 % off`,
    by: ["_N_T_/news/50 % off", "_N_T_/news/50%20%25%20off"],
  },
  {
    key: "/api/a b",
    tags: "_N_T_/layout,_N_T_/api/layout,_N_T_/api/[id]/route,_N_T_/api/a%20b",
    by: ["_N_T_/api/a b", "_N_T_/api/a%20b"],
  },
  {
    key: "/news/caf\u00e9 x",
    tags: `${derived},_N_T_/news/caf%C3%A9 x`,
    by: ["_N_T_/news/caf%C3%A9 x", "_N_T_/news/caf\u00e9%20x"],
  },
  {
    key: "/news/a%2Fb",
    tags: `${derived},_N_T_/news/a%2Fb`,
    by: ["_N_T_/news/a%2Fb", "_N_T_/news/a%2fb"],
  },
  {
    key: "/a,b",
    tags: "_N_T_/layout,_N_T_/a,b/layout,_N_T_/a,b/page,_N_T_/a,b",
    by: ["_N_T_/a,b/layout", "_N_T_/a,b/page", "_N_T_/a,b"],
  },
  { key: "/lists", tags: `${derived},_N_T_/lists,red,one,two,blue`, by: ["one,two", "two, blue,"] },
])("a purge of $by covers the page $key, and no other", async ({ key, tags, by }) => {
  for (const tag of by) {
    const world = await opened();
    const one = world.request();
    const stored = [
      [key, tags],
      ["/news/a", `${derived},_N_T_/news/a`],
    ] as const;
    for (const [name, text] of stored) {
      await one.get(name, ofPage);
      const value = { ...page("first"), headers: { "x-next-cache-tags": text } };
      await one.set(name, value, { cacheControl: lifetimes });
    }
    await one.revalidateTag(tag);
    expect([tag, await world.request().get(key, ofPage)]).toEqual([tag, null]);
    expect(await world.request().get("/news/a", ofPage)).not.toBeNull();
  }
});

it.each([
  ["/about", "_N_T_/about"],
  ["/", "_N_T_/"],
  ["/route-cache/PAGES/0a1b/$/about", "_N_T_/about"],
  ["/route-cache/PAGES/0a1b/$/index", "_N_T_/"],
  ["/route-cache/PAGES/0a1b/$/index/index", "_N_T_/index"],
  ["/route-cache/PAGES/0a1b/$/m\u00fcller", "_N_T_/m%C3%BCller"],
])("a page of the Pages Router at %s has the tag %s", async (key, tag) => {
  const world = await opened();
  const one = world.request();
  const ofPages = { kind: "PAGES" };
  await one.get(key, ofPages);
  await one.set(key, { kind: "PAGES", html: "first" }, { cacheControl: lifetimes });
  expect(await world.request().get(key, ofPages)).not.toBeNull();
  await one.revalidateTag(tag);
  expect(await world.request().get(key, ofPages)).toBeNull();
});

describe("a soft purge makes stale", () => {
  it.each([{ revalidate: 60, expire: 600 }, { revalidate: false }, undefined] as const)(
    "a page with the lifetimes %j, also one that was just rendered",
    async (cacheControl) => {
      const world = await opened();
      const one = world.request();
      await one.get("/page", ofPage);
      await one.set("/page", page("first"), { cacheControl });
      await one.revalidateTag("red", { expire: 31_536_000 });
      const found = await world.request().get("/page", ofPage);
      expect(found && staleStateOf(found)).toBe(true);
      await idle();
      const refresh = world.request();
      await refresh.get("/page", ofPage);
      world.advance(1);
      await refresh.set("/page", page("second"), { cacheControl: lifetimes });
      const second = await world.request().get("/page", ofPage);
      expect(second && staleStateOf(second)).toBe(false);
    },
  );

  it("a page also after its render failed, when Next.js sets the stale value again", async () => {
    const world = await opened();
    const one = await render(world, "first");
    await one.revalidateTag("red", { expire: 31_536_000 });
    await idle();
    const refresh = world.request();
    const stale = await refresh.get("/page", ofPage);
    await refresh.set("/page", stale?.value ?? null, { cacheControl: { revalidate: 3 } });
    const found = await world.request().get("/page", ofPage);
    expect(found?.value).toEqual(page("first"));
    expect(found && staleStateOf(found)).toBe(true);
  });

  it.each([1, 60, 2 ** 32 - 2])("a fetch with revalidate %d", async (revalidate) => {
    const world = await opened();
    const one = world.request();
    await one.get("f", ofFetch);
    await one.set("f", { ...fetched("first"), revalidate }, toFetch);
    const before = await world.request().get("f", ofFetch);
    expect(before && isStaleFetch(before, revalidate)).toBe(false);
    await one.revalidateTag(["red"], { expire: 31_536_000 });
    const found = await world.request().get("f", ofFetch);
    expect(bodyOf(found)).toBe("first");
    expect(found && isStaleFetch(found, revalidate)).toBe(true);
  });

  it("and not longer than the namespace allows, or not at all for a short profile", async () => {
    const world = await opened();
    const one = world.request();
    await one.get("f", ofFetch);
    await one.set("f", fetched("first"), toFetch);
    await one.revalidateTag(["red"], { expire: 31_536_000 });
    world.advance(601);
    expect(await world.request().get("f", ofFetch)).toBeNull();
    const two = world.request();
    await two.get("f", ofFetch);
    await two.set("f", fetched("second"), toFetch);
    await two.revalidateTag(["red"], { expire: 60 });
    expect(await world.request().get("f", ofFetch)).toBeNull();
  });
});

it("a set does not wait for Redis, so Next.js lets no request join it; a lookup does", async () => {
  const world = await opened();
  const gate = Promise.withResolvers<void>();
  world.isolate.upstash.beforeStored = () => gate.promise;
  await render(world, "old");
  await elsewhere(world).request().revalidateTag("red");
  const asked = world.request().get("/page", ofPage);
  world.advance(11);
  gate.resolve();
  expect(await asked).toBeNull();
});

it("a page past its expire does not answer", async () => {
  const world = await opened();
  await render(world, "first");
  world.advance(599);
  const stale = await world.request().get("/page", ofPage);
  expect(stale && staleStateOf(stale)).toBe(true);
  world.advance(2);
  expect(await world.request().get("/page", ofPage)).toBeNull();
});

it("a page of a build without an id is an error that names the file", async () => {
  const world = openNext();
  const { cache } = world;
  const fs = {
    readFileSync: (path: string): string => {
      throw new Error(`ENOENT: no such file, open '${path}'`);
    },
  };
  const request = new cache({ serverDistDir: "/app/.next/server", fs });
  await expect(request.get("/page", ofPage)).rejects.toThrow("BUILD_ID");
});
