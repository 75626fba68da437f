// A page that an origin tags in any spelling is asked for anew once that tag is purged, and no 304
// takes a tag away that it does not name.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { adminToken, bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";

type Lines = readonly (readonly [name: string, value: string])[];

const config: ConfigInput = {
  tagFields: ["X-Keys"],
  routes: [{ name: "api", match: "/api/*", bypass: true, invalidate: "everywhere" }],
};

const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/** What workerd makes of bytes in Latin-1: it reads all fields as UTF-8. */
const replaced = (text: string) => Buffer.from(text, "latin1").toString("utf8");

/** @returns whether the page was asked for anew after the purge */
async function isPurged(lines: Lines, order: object, control = "max-age=600"): Promise<boolean> {
  const origin = (_: Request, nth: number) => {
    const response = page(`page ${nth}`, cc(control));
    for (const [name, value] of lines) response.headers.append(name, value);
    return response;
  };
  const { site } = openJournalled({ config, origin });
  await site.get("/a");
  expect((await site.get("/a")).text).toBe("page 1");
  expect((await send(site, order)).status).toBe(200);
  return (await (await site.ask("/a")).text()) === "page 2";
}

describe("a purge by tag finds it in", () => {
  it.each<{ id: string; lines: Lines; tag: string }>([
    {
      id: "first-of-two-lines",
      lines: [
        ["surrogate-key", "news"],
        ["surrogate-key", "a"],
      ],
      tag: "news",
    },
    {
      id: "second-of-two-lines",
      lines: [
        ["surrogate-key", "a"],
        ["surrogate-key", "news"],
      ],
      tag: "news",
    },
    {
      id: "after-an-empty-line",
      lines: [
        ["surrogate-key", ""],
        ["surrogate-key", "news"],
      ],
      tag: "news",
    },
    {
      id: "two-cache-tag-lines",
      lines: [
        ["cache-tag", "a, news"],
        ["cache-tag", "b"],
      ],
      tag: "news",
    },
    {
      id: "two-configured-lines",
      lines: [
        ["x-keys", "a news"],
        ["x-keys", "b"],
      ],
      tag: "news",
    },
    { id: "a-comma-within", lines: [["surrogate-key", "a,b c"]], tag: "a,b" },
    { id: "utf-8", lines: [["cache-tag", latin1("café")]], tag: "café" },
    {
      id: "utf-8-that-ends-in-a0",
      lines: [["surrogate-key", latin1("voilà demain")]],
      tag: "voilà",
    },
    { id: "utf-8-configured", lines: [["x-keys", latin1("日本")]], tag: "日本" },
    { id: "utf-8-that-the-runtime-read", lines: [["cache-tag", "café"]], tag: "café" },
    { id: "looks-like-utf-8-read-once", lines: [["cache-tag", "Ã©"]], tag: "Ã©" },
    { id: "latin-1", lines: [["cache-tag", "größe"]], tag: "größe" },
    {
      id: "both-beside-each-other",
      lines: [["cache-tag", `größe, ${latin1("café")}`]],
      tag: "café",
    },
    { id: "a-group-with-space", lines: [["cache-groups", '" a"']], tag: " a" },
    { id: "a-group-with-space-behind", lines: [["cache-groups", '"a "']], tag: "a " },
    { id: "untrimmed-in-the-order", lines: [["cache-tag", "a"]], tag: " a\n" },
  ])("$id", async ({ lines, tag }) => {
    expect(await isPurged(lines, { tags: [tag] })).toBe(true);
  });

  it("Latin-1 that workerd has read as UTF-8", async () => {
    const origin = (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=600"));
    // Fields in Node cannot hold what workerd makes of such bytes, and a route's tags can.
    const routes = [{ name: "all", match: "*", tags: [replaced("größe")] }];
    const { site } = openJournalled({ config: { routes }, origin });
    await site.get("/a");
    expect((await site.get("/a")).text).toBe("page 1");
    await send(site, { tags: ["größe"] });
    expect(await (await site.ask("/a")).text()).toBe("page 2");
  });

  it("and in no other spelling of Unicode", async () => {
    const lines: Lines = [["cache-tag", latin1("café".normalize("NFD"))]];
    expect(await isPurged(lines, { tags: ["café".normalize("NFC")] })).toBe(false);
  });
});

describe("a tag in a field that is for one client", () => {
  it.each([
    { id: "no-cache", control: 'max-age=600, no-cache="cache-tag"' },
    { id: "private", control: 'max-age=600, private="cache-tag"' },
  ])("is known, and is shown to nobody: $id", async ({ control }) => {
    expect(await isPurged([["cache-tag", "news"]], { tags: ["news"] }, control)).toBe(true);
  });

  it("is not sent to the client that brought it here", async () => {
    const origin = () =>
      page("page", cc('max-age=600, no-cache="cache-tag"', { "cache-tag": "news" }));
    const { site } = openJournalled({ origin });
    expect((await site.get("/a")).head).not.toContain("news");
  });
});

/** Stores a page with these fields for a second, and freshens it with a 304. */
async function freshenedSite(
  stored: Readonly<Record<string, string>>,
  update: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const origin = (request: Request, nth: number) => {
    if (request.method === "POST")
      return new Response("", { headers: { "cache-group-invalidation": '"news"' } });
    if (nth === 2) return unchanged({ etag: '"1"', "cache-control": "max-age=600", ...update });
    return page(`page ${nth}`, { etag: '"1"', ...stored });
  };
  const { site } = openJournalled({ config, origin });
  await site.get("/a");
  site.clock.advance(1);
  const second = await site.get("/a");
  expect(second.cacheStatus).toContain("fwd-status=304; stored");
  expect(second.head).not.toContain("news");
  expect((await site.get("/a")).cacheStatus).toContain("hit");
  return site;
}

const forOne = (field: string, tag: string) =>
  cc(`max-age=1, no-cache="${field}"`, { [field]: tag });

describe("a 304", () => {
  it.each<{
    id: string;
    stored: Readonly<Record<string, string>>;
    update?: Readonly<Record<string, string>>;
    isGone: boolean;
  }>([
    { id: "leaves-tags", stored: cc("max-age=1", { "cache-tag": "news" }), isGone: true },
    { id: "leaves-tags-not-sent-on", stored: forOne("cache-tag", "news"), isGone: true },
    { id: "leaves-groups-not-sent-on", stored: forOne("cache-groups", '"news"'), isGone: true },
    {
      id: "leaves-private-keys",
      stored: cc('max-age=1, private="surrogate-key"', { "surrogate-key": "news" }),
      isGone: true,
    },
    {
      id: "leaves-what-Connection-names",
      stored: cc("max-age=1", { connection: "cache-tag", "cache-tag": "news" }),
      isGone: true,
    },
    {
      id: "leaves-what-it-begins-to-withhold",
      stored: cc("max-age=1", { "cache-tag": "news" }),
      update: cc('max-age=600, private="cache-tag"'),
      isGone: true,
    },
    {
      id: "leaves-other-fields",
      stored: forOne("cache-tag", "news"),
      update: { "surrogate-key": "a" },
      isGone: true,
    },
    {
      id: "adds-tags",
      stored: cc("max-age=1"),
      update: cc('max-age=600, no-cache="cache-tag"', { "cache-tag": "news" }),
      isGone: true,
    },
    {
      id: "replaces-tags",
      stored: cc("max-age=1", { "cache-tag": "news" }),
      update: { "cache-tag": "a" },
      isGone: false,
    },
    {
      id: "replaces-tags-not-sent-on",
      stored: forOne("cache-tag", "news"),
      update: { "cache-tag": "a" },
      isGone: false,
    },
  ])("$id", async ({ stored, update, isGone }) => {
    const site = await freshenedSite(stored, update);
    expect((await send(site, { tags: ["news"] })).status).toBe(200);
    const text = await (await site.ask("/a")).text();
    expect(text).toBe(isGone ? "page 3" : "page 1");
  });

  it("brings tags by which another isolate's copy is purged too, however often it is validated", async () => {
    const tagged = (tag: string) => cc("no-cache", { etag: '"v"', "cache-tag": tag });
    const origin = ({ headers }: Request, nth: number) =>
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

  it("leaves the groups that an answer invalidates (RFC 9875 §3)", async () => {
    const site = await freshenedSite(forOne("cache-groups", '"news"'));
    await site.ask("/api/stories", { method: "POST" });
    expect(await (await site.ask("/a")).text()).toBe("page 4");
  });
});

describe("a tag over 256 bytes", () => {
  const long = "ü".repeat(129);

  it("is left out, counted at every answer that bears it, and said once", async () => {
    const origin = (_: Request, nth: number) =>
      page(`page ${nth}`, cc("max-age=1", { "cache-tag": `a, ${latin1(long)}` }));
    const { site } = openJournalled({ origin });
    await site.get("/a");
    await site.get("/b");
    const { text } = await site.get("/_cache/stats", {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    expect(JSON.parse(text)).toMatchObject({ tagsLeftOut: 2 });
    const lines = site.log.filter((line) => line.includes("256 bytes"));
    expect(lines).toEqual([expect.stringContaining("258 bytes")]);
    expect(lines[0]).not.toContain("ü");
  });

  it("is refused in a purge", async () => {
    const { site } = openJournalled();
    expect((await send(site, { tags: [long] }, bearer)).status).toBe(400);
  });
});

describe("a route's tags that fail for a page", () => {
  const bad: Readonly<Record<string, () => unknown>> = {
    throws: () => JSON.parse("s3cret"),
    nothing: () => undefined,
    text: () => "a",
    "list-with-a-gap": () => Array(1),
    "list-with-a-number": () => ["a", 1],
    promise: () => Promise.reject(new Error("s3cret")),
  };
  const tagsOf = ({ id = "" }: Readonly<Record<string, string>>) =>
    (bad[id]?.() ?? (id in bad ? undefined : [id])) as string[];
  const routes = [{ name: "article", match: "/articles/:id", tags: tagsOf }];

  it.each(Object.keys(bad))("answer it, and do not store it: %s", async (id) => {
    const origin = (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=600"));
    const { site } = openJournalled({ config: { routes }, origin });
    for (const nth of [1, 2]) {
      const seen = await site.get(`/articles/${id}`);
      expect([seen.status, seen.text]).toEqual([200, `page ${nth}`]);
      expect(seen.cacheStatus).toContain("detail=tags-failed");
    }
    for (const _ of [1, 2]) expect((await site.get("/articles/good")).text).toBe("page 3");
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    expect(JSON.parse(text)).toMatchObject({
      routes: { article: { refusedToStore: { "tags-failed": 2 } } },
    });
    expect(site.log).toEqual([
      'The tags function of the route "article" threw, or did not return an array of strings. ' +
        "Tidemark sends such pages, but does not store them. Fix the function. Further failures are " +
        "only counted, as tags-failed in /_cache/stats.",
    ]);
  });

  it("leave what a 304 validates as it was stored", async () => {
    let isBroken = false;
    const tags = () => (isBroken ? undefined : ["a"]) as string[];
    const broken = [{ name: "article", match: "/a", tags }];
    const origin = (request: Request, nth: number) =>
      request.headers.has("if-none-match")
        ? unchanged(cc("max-age=1", { etag: '"1"' }))
        : page(`page ${nth}`, cc("max-age=1", { etag: '"1"' }));
    const { site } = openJournalled({ config: { routes: broken }, origin });
    await site.get("/a");
    isBroken = true;
    site.clock.advance(2);
    const seen = await site.get("/a");
    expect([seen.status, seen.text]).toEqual([200, "page 1"]);
    expect(seen.cacheStatus).not.toContain("stored");
    expect((await send(site, { tags: ["a"] })).status).toBe(200);
    isBroken = false;
    expect(await (await site.ask("/a")).text()).toBe("page 3");
  });
});
