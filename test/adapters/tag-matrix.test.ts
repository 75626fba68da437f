// Tests that each purge by tag, by each sender, covers the values of each store, however the framework
// of the sender or of the store spells the tag.
// Needs parts: hooks.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { astroCache, type AstroCacheProvider } from "../../src/adapters/astro/provider.ts";
import { purgeTags } from "../../src/adapters/next.ts";
import { openNextOverrides, purge } from "../../src/adapters/opennext.ts";
import { hooks, tokenSender } from "../../src/parts/hooks/hooks.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { cc, page as pageAnswer } from "../../testing/fakes/origin-in-process.ts";
import { openJournalled, send, signedHeaders } from "../../testing/site/purge-sender.ts";
import {
  entryOf,
  fetched,
  openNext,
  openRequest,
  page,
  textOf,
  useNextClocks,
} from "./next-world.ts";
import { OpenNextIsolate } from "./opennext-world.ts";

beforeEach(useNextClocks);
afterEach(() => void vi.useRealTimers());

const tags = ["news", "a b", "a,b", "c%2Cd", "50 % off", "é", "тег", "🎉"];
const other = "other";
/** Astro digests tags of over 256 bytes, as Next.js and OpenNext do. */
const long = "т".repeat(129);

/** The form in which Next.js passes a tag to its caches. */
const escaped = (tag: string) => tag.replaceAll(/[^\t\x20-\x7e]+/g, encodeURIComponent);
/** The tag in `Cache-Tag`, whose bytes are UTF-8, and which commas separate. */
const inField = (tag: string) => Buffer.from(tag.replaceAll(",", "%2C"), "utf8").toString("latin1");

const hookToken = "hook-token-of-the-site";

function openWorld() {
  const isolate = new DataIsolate();
  const { clock, upstash, data } = isolate;
  const next = openNext(isolate);
  const { site } = openJournalled({
    clock,
    upstash,
    env: { HOOK_SECRET_CMS: hookToken },
    config: {
      parts: [
        hooks({
          cms: tokenSender<{ tag: string }>({
            header: "x-token",
            mapping: ({ tag }) => ({ tags: [tag] }),
          }),
        }),
      ],
    },
    origin: ({ url }) =>
      pageAnswer("page", {
        ...cc("max-age=600"),
        "cache-tag": inField(decodeURIComponent(new URL(url).searchParams.get("tag") ?? "")),
      }),
  });
  const openNextSite = new OpenNextIsolate({ clock, upstash } as OpenNextIsolate);
  const astro = astroCache({}, { env: upstash.env })({ build: "4f2c9a1" });
  const posts = data.namespace<string>("posts", { fresh: "10m" });
  return { clock, data, posts, next, site, openNextSite, astro };
}

type World = ReturnType<typeof openWorld>;

/** Requests a page with the tag, and returns whether it was rendered. */
async function isRendered(astro: AstroCacheProvider, tag: string): Promise<boolean> {
  let isNew = false;
  const request = new Request(`http://localhost/${encodeURIComponent(tag)}`);
  const answer = await astro.onRequest({ request, logger: console }, async () => {
    isNew = true;
    return new Response("page", { headers: astro.setHeaders({ maxAge: 600, tags: [tag] }) });
  });
  await answer.text();
  return isNew;
}

const { incrementalCache, tagCache } = openNextOverrides();

/** Stores a value with the tag, or returns whether it is found. */
interface Store {
  readonly name: string;
  readonly store: (world: World, tag: string) => Promise<unknown>;
  readonly isFound: (world: World, tag: string) => Promise<boolean>;
  /** The tags that the store cannot have. */
  readonly without?: readonly string[];
}

const stores: readonly Store[] = [
  {
    name: "data",
    store: ({ posts }, tag) => posts.getOrSet([tag], () => "value", { tags: [tag] }),
    isFound: async ({ posts }, tag) => (await posts.get([tag])) !== undefined,
    without: [long],
  },
  ...[{ of: String }, { of: escaped }].map(({ of }): Store => {
    const pathOf = (tag: string) =>
      `/${of.name}?tag=${encodeURIComponent(encodeURIComponent(of(tag)))}`;
    return {
      name: of === escaped ? "pages of a framework that escapes tags" : "pages",
      store: ({ site }, tag) => site.get(pathOf(tag)),
      isFound: async ({ site }, tag) => (await site.get(pathOf(tag))).cacheStatus.includes("; hit"),
      without: [long],
    };
  }),
  {
    name: '"use cache" of Next.js',
    store: async ({ next: { cache } }, tag) => {
      await cache.get(tag, []);
      await cache.set(tag, Promise.resolve(entryOf("value", { tags: [escaped(tag)] })));
    },
    isFound: async ({ next: { cache } }, tag) =>
      (await textOf(await cache.get(tag, []))) === "value",
  },
  {
    name: "fetches of Next.js",
    async store({ next }, tag) {
      const request = openRequest(next);
      const named = [escaped(tag)];
      await request.get(`fetch ${tag}`, { kind: "FETCH", tags: named });
      const value = { ...fetched("value"), tags: named };
      await request.set(`fetch ${tag}`, value, { fetchCache: true, tags: named });
    },
    isFound: async ({ next }, tag) => {
      const found = { kind: "FETCH", tags: [escaped(tag)] };
      return (await openRequest(next).get(`fetch ${tag}`, found)) !== null;
    },
  },
  {
    name: "pages of Next.js",
    async store({ next }, tag) {
      const request = openRequest(next);
      await request.get(tag, { kind: "APP_PAGE" });
      const value = { ...page("<p>"), headers: { "x-next-cache-tags": `_N_T_/a,${escaped(tag)}` } };
      await request.set(tag, value, {});
    },
    isFound: async ({ next }, tag) =>
      (await openRequest(next).get(tag, { kind: "APP_PAGE" })) !== null,
    // Next.js itself separates the tags of a page by commas.
    without: ["a,b"],
  },
  {
    name: "OpenNext",
    store: ({ openNextSite }, tag) =>
      openNextSite.request(async () => {
        await incrementalCache.get(tag, "fetch");
        const value = { ...fetched("value"), tags: [escaped(tag)], revalidate: 600 };
        await incrementalCache.set(tag, value, "fetch");
      }),
    isFound: ({ openNextSite }, tag) =>
      openNextSite.request(async () => {
        const found = await incrementalCache.get(tag, "fetch");
        const isOver = tagCache.hasBeenRevalidated([escaped(tag)], found?.lastModified);
        return found !== null && !(await isOver);
      }),
  },
  {
    name: "Astro",
    store: ({ astro }, tag) => isRendered(astro, tag),
    isFound: async ({ astro }, tag) => !(await isRendered(astro, tag)),
  },
];

/** The senders. Those in frameworks digest tags of over 256 bytes; the others refuse them. */
const inFrameworks: Readonly<Record<string, (world: World, tag: string) => Promise<unknown>>> = {
  "updateTag of Next.js": ({ next }, tag) => next.cache.updateTags([escaped(tag)]),
  "revalidateTag of Next.js": ({ next }, tag) => openRequest(next).revalidateTag(escaped(tag)),
  "purgeTags of tidemark/next": (_, tag) => purgeTags([tag]),
  "revalidateTag of OpenNext": ({ openNextSite }, tag) => openNextSite.revalidateTag(escaped(tag)),
  "purge of tidemark/opennext": ({ openNextSite }, tag) =>
    openNextSite.request(() => purge({ tags: [tag] })),
  "invalidate of Astro": ({ astro }, tag) => astro.invalidate({ tags: [tag] }),
};
const accepted = async (sent: ReturnType<typeof send>) => {
  const { status, text } = await sent;
  if (status !== 200) throw new Error(text);
};
const beside: typeof inFrameworks = {
  "a purge of data": ({ data }, tag) => data.purge({ tags: [tag] }),
  "a purge of data with the escaped tag": ({ data }, tag) => data.purge({ tags: [escaped(tag)] }),
  "a purge over HTTP": ({ site }, tag) => accepted(send(site, { tags: [tag] })),
  "a purge over HTTP with the escaped tag": ({ site }, tag) =>
    accepted(send(site, { tags: [escaped(tag)] })),
  "a signed purge": ({ site }, tag) => {
    const body = JSON.stringify({ tags: [tag] });
    return accepted(send(site, body, signedHeaders(body, { id: `tag-${tags.indexOf(tag)}` })));
  },
  "a webhook": async ({ site }, tag) => {
    const body = JSON.stringify({ tag });
    const init = { method: "POST", body, headers: { "x-token": hookToken } };
    const answer = await site.ask("/_cache/hooks/cms", init);
    if (answer.status !== 200) throw new Error(await answer.text());
  },
};

const isIn = ({ without = [] }: Store, tag: string) => !without.includes(tag);

/** Returns the stores that have a value with the tag. */
async function storesWith(world: World, tag: string): Promise<string[]> {
  const found: string[] = [];
  for (const one of stores)
    if (isIn(one, tag) && (await one.isFound(world, tag))) found.push(one.name);
  return found;
}

async function stored(all: readonly string[]): Promise<World> {
  const world = openWorld();
  for (const tag of all) {
    for (const one of stores) if (isIn(one, tag)) await one.store(world, tag);
    await world.site.settle();
  }
  return world;
}

it("each store has the values with all tags, without a purge", async () => {
  const all = [...tags, long];
  const world = await stored(all);
  world.next.advance(11);
  for (const tag of all) {
    const expected = stores.filter((one) => isIn(one, tag)).map(({ name }) => name);
    expect([tag, await storesWith(world, tag)]).toEqual([tag, expected]);
  }
});

describe.each(Object.entries({ ...inFrameworks, ...beside }))("%s", (name, sendPurge) => {
  const all = name in inFrameworks ? [...tags, long] : tags;

  it("covers the tag in each store, in each spelling, and no other tag", async () => {
    const world = await stored([...all, other]);
    for (const tag of all) await sendPurge(world, tag);
    world.next.advance(11);
    for (const tag of all) expect([tag, await storesWith(world, tag)]).toEqual([tag, []]);
    expect(await storesWith(world, other)).toEqual(stores.map((one) => one.name));
  });
});

it.each(Object.entries(beside))("%s refuses a tag of over 256 bytes", async (_, sendPurge) => {
  await expect(sendPurge(openWorld(), long)).rejects.toThrow("256 bytes");
});
