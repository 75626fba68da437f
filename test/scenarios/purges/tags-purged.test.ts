// Tests that a purge by tag finds a page in each encoding and field of the tag, and that a 304
// removes only the tags that it replaces. test/pages/stored/tags.test.ts tests the formats of the
// fields.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";

/** The lines of each field. */
type Lines = Readonly<Record<string, readonly string[]>>;

const config: ConfigInput = {
  tagFields: ["X-Keys"],
  routes: [{ name: "api", match: "/api/*", bypass: true, invalidate: "everywhere" }],
};
const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=600"));

/** Returns a text as Node reads its UTF-8 bytes from a socket. */
const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/**
 * Returns a text as workerd reads its Latin-1 bytes, because workerd decodes all fields as UTF-8.
 */
const replaced = (text: string) => Buffer.from(text, "latin1").toString("utf8");

/** Fills a page, and returns whether a purge of the tag removes it. */
async function isPurged(origin: Script, tag: string, settings = config): Promise<boolean> {
  const { site } = openJournalled({ config: settings, origin });
  await site.get("/a");
  expect((await site.get("/a")).text).toBe("page 1");
  expect((await send(site, { tags: [tag] })).status).toBe(200);
  return (await site.get("/a")).text === "page 2";
}

const withLines =
  (lines: Lines, control = "max-age=600"): Script =>
  (_, nth) => {
    const response = page(`page ${nth}`, cc(control));
    for (const [name, values] of Object.entries(lines)) {
      for (const value of values) response.headers.append(name, value);
    }
    return response;
  };

describe("a purge by tag", () => {
  it.each<{ id: string; lines: Lines; tag: string }>([
    { id: "first-of-two-lines", lines: { "surrogate-key": ["news", "a"] }, tag: "news" },
    { id: "second-of-two-lines", lines: { "surrogate-key": ["a", "news"] }, tag: "news" },
    { id: "after-an-empty-line", lines: { "surrogate-key": ["", "news"] }, tag: "news" },
    { id: "two-cache-tag-lines", lines: { "cache-tag": ["a, news", "b"] }, tag: "news" },
    { id: "two-configured-lines", lines: { "x-keys": ["a news", "b"] }, tag: "news" },
    { id: "utf-8", lines: { "cache-tag": [latin1("café")] }, tag: "café" },
    { id: "utf-8-and-a0", lines: { "surrogate-key": [latin1("voilà demain")] }, tag: "voilà" },
    { id: "utf-8-configured", lines: { "x-keys": [latin1("日本")] }, tag: "日本" },
    { id: "utf-8-that-the-runtime-decoded", lines: { "cache-tag": ["café"] }, tag: "café" },
    { id: "text-that-looks-like-undecoded-utf-8", lines: { "cache-tag": ["Ã©"] }, tag: "Ã©" },
    { id: "latin-1", lines: { "cache-tag": ["größe"] }, tag: "größe" },
    {
      id: "utf-8-after-latin-1",
      lines: { "cache-tag": [`größe, ${latin1("café")}`] },
      tag: "café",
    },
    { id: "a-group-with-spaces", lines: { "cache-groups": ['" a "'] }, tag: " a " },
    { id: "untrimmed-in-the-purge", lines: { "cache-tag": ["a"] }, tag: " a\n" },
  ])("finds a page: $id", async ({ lines, tag }) => {
    expect(await isPurged(withLines(lines), tag)).toBe(true);
  });

  it("finds a page whose Latin-1 tag workerd has read as UTF-8", async () => {
    // Fields in Node cannot contain the characters that workerd decodes. The tags of a route can.
    const routes = [{ name: "all", match: "*", tags: [replaced("größe")] }];
    expect(await isPurged(numbered, "größe", { routes })).toBe(true);
  });

  it("finds no page with the tag in another Unicode normal form", async () => {
    const lines = { "cache-tag": [latin1("café".normalize("NFD"))] };
    expect(await isPurged(withLines(lines), "café".normalize("NFC"))).toBe(false);
  });

  it.each(['no-cache="cache-tag"', 'private="cache-tag"'])(
    "finds a page by a tag field that is withheld from clients: %s",
    async (control) => {
      const origin = withLines({ "cache-tag": ["news"] }, `max-age=600, ${control}`);
      expect(await isPurged(origin, "news")).toBe(true);
      expect((await openSite({ origin }).get("/a")).head).not.toContain("news");
    },
  );
});

/** Stores a page with these fields for a second, and freshens it with a 304. */
async function freshenedSite(stored: FieldTexts, update: FieldTexts = {}): Promise<Site> {
  const { site } = openJournalled({
    config,
    origin: ({ method }, nth) => {
      if (method === "POST") {
        return new Response("", { headers: { "cache-group-invalidation": '"news"' } });
      }
      if (nth === 2) return unchanged(cc("max-age=600", { etag: '"1"', ...update }));
      return page(`page ${nth}`, { etag: '"1"', ...stored });
    },
  });
  await site.get("/a");
  site.clock.advance(1);
  const second = await site.get("/a");
  expect(second.cacheStatus).toContain("fwd-status=304; stored");
  expect(second.head).not.toContain("news");
  expect((await site.get("/a")).cacheStatus).toContain("hit");
  return site;
}

const news = { "cache-tag": "news" };
const withheld = (field: string, tag = "news", directive = "no-cache") =>
  cc(`max-age=1, ${directive}="${field}"`, { [field]: tag });

describe("a 304 to a validation", () => {
  it.each<{ id: string; stored: FieldTexts; update?: FieldTexts; isGone?: boolean }>([
    { id: "keeps tags", stored: cc("max-age=1", news) },
    { id: "keeps withheld tags", stored: withheld("cache-tag") },
    { id: "keeps withheld groups", stored: withheld("cache-groups", '"news"') },
    { id: "keeps private keys", stored: withheld("surrogate-key", "news", "private") },
    {
      id: "keeps tags that Connection names",
      stored: cc("max-age=1", { connection: "cache-tag", ...news }),
    },
    {
      id: "keeps tags that it makes private",
      stored: cc("max-age=1", news),
      update: cc('max-age=600, private="cache-tag"'),
    },
    {
      id: "keeps the tags of other fields",
      stored: withheld("cache-tag"),
      update: { "surrogate-key": "a" },
    },
    {
      id: "adds tags",
      stored: cc("max-age=1"),
      update: cc('max-age=600, no-cache="cache-tag"', news),
    },
    {
      id: "replaces tags",
      stored: cc("max-age=1", news),
      update: { "cache-tag": "a" },
      isGone: false,
    },
    {
      id: "replaces withheld tags",
      stored: withheld("cache-tag"),
      update: { "cache-tag": "a" },
      isGone: false,
    },
  ])("$id", async ({ stored, update, isGone = true }) => {
    const site = await freshenedSite(stored, update);
    expect((await send(site, { tags: ["news"] })).status).toBe(200);
    expect((await site.get("/a")).text).toBe(isGone ? "page 3" : "page 1");
  });

  it("adds tags by which a purge also covers the copy of another isolate", async () => {
    const tagged = (tag: string) => cc("no-cache", { etag: '"v"', "cache-tag": tag });
    const origin: Script = ({ headers }, nth) =>
      headers.has("if-none-match") ? unchanged(tagged("new")) : page(`page ${nth}`, tagged("old"));
    const { site, upstash } = openJournalled({ origin });
    const { clock, cache } = site;
    await site.get("/a");
    clock.advance(1);
    await site.get("/a");
    expect((await send(site, { tags: ["new"] })).status).toBe(200);
    clock.advance(11);
    const other = openSite({ clock, cache, upstash, origin });
    await other.ask("/a");
    expect(other.origin.last.fields.has("if-none-match")).toBe(false);
  });

  it("keeps groups that an answer can later invalidate (RFC 9875 §3)", async () => {
    const site = await freshenedSite(withheld("cache-groups", '"news"'));
    await site.ask("/api/stories", { method: "POST" });
    expect(await (await site.ask("/a")).text()).toBe("page 4");
  });
});

it("a tag over 256 bytes is dropped, counted for each answer that has it, and logged once", async () => {
  const own = { etag: '"1"', "cache-tag": `a, ${latin1("ü".repeat(129))}` };
  const origin: Script = ({ headers }) =>
    headers.has("if-none-match") ? unchanged() : page("page", cc("max-age=1", own));
  const { site } = openJournalled({ origin });
  await site.get("/a");
  await site.get("/b");
  site.clock.advance(2);
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  const { text } = await site.get("/_cache/stats", { headers: bearer });
  expect(JSON.parse(text)).toMatchObject({ tagsLeftOut: 2 });
  const lines = site.log.filter((line) => line.includes("256 bytes"));
  expect(lines).toEqual([expect.stringMatching(/^[^ü]*258 bytes[^ü]*$/)]);
});

describe("a page whose tags function fails", () => {
  const bad: Readonly<Record<string, () => unknown>> = {
    throws: () => JSON.parse("s3cret"),
    nothing: () => undefined,
    text: () => "a",
    "list-with-a-gap": () => Array(1),
    "list-with-a-number": () => ["a", 1],
    promise: () => Promise.reject(new Error("s3cret")),
  };

  it.each(Object.keys(bad))("is sent, and not stored: %s", async (name) => {
    const tags = ({ id = "" }) => (id === name ? bad[name]?.() : [id]) as string[];
    const routes = [{ name: "article", match: "/articles/:id", tags }];
    const { site } = openJournalled({ config: { routes }, origin: numbered });
    for (const nth of [1, 2]) {
      const seen = await site.get(`/articles/${name}`);
      expect([seen.status, seen.text]).toEqual([200, `page ${nth}`]);
      expect(seen.cacheStatus).toContain("detail=tags-failed");
    }
    for (const _ of ["filled", "hit"]) {
      expect((await site.get("/articles/good")).text).toBe("page 3");
    }
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    const refusedToStore = { "tags-failed": 2 };
    expect(JSON.parse(text)).toMatchObject({ routes: { article: { refusedToStore } } });
    expect(site.log).toEqual([
      'The tags function of the route "article" threw, or did not return an array of strings. ' +
        "Tidemark sends such pages, but does not store them. Fix the function. Further failures are " +
        "only counted, as tags-failed in /_cache/stats.",
    ]);
  });

  it("is not used, and keeps its stored tags", async () => {
    let isBroken = false;
    const tags = () => (isBroken ? undefined : ["a"]) as string[];
    const routes = [{ name: "article", match: "/a", tags }];
    const fields = cc("max-age=1", { etag: '"1"' });
    const { site } = openJournalled({
      config: { routes },
      origin: ({ headers }, nth) =>
        headers.has("if-none-match") ? unchanged(fields) : page(`page ${nth}`, fields),
    });
    await site.get("/a");
    isBroken = true;
    site.clock.advance(2);
    const seen = await site.get("/a");
    expect([seen.status, seen.text]).toEqual([200, "page 2"]);
    expect(seen.cacheStatus).not.toContain("stored");
    expect((await send(site, { tags: ["a"] })).status).toBe(200);
    isBroken = false;
    expect((await site.get("/a")).text).toBe("page 3");
  });
});
