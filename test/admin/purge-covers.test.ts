// Tests which pages a purge covers, in the isolate that accepted it and in other isolates
// (docs/internals/purge-protocol.md: tags, URLs, prefixes, hosts, routes, everything).
import { describe, expect, it } from "vitest";
import { openSite, type Site } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { bearer, openJournalled, send } from "../../testing/site/purge-sender.ts";

const config = {
  routes: [
    { name: "articles", match: "/articles/*", key: { headers: ["x-device"] } },
    { name: "feed", match: "/feed", tags: ["red"] },
  ],
};

/** The tags of pages by path. Other pages have no tags. */
const tagsByPath = new Map([
  ["/a", "red, blue"],
  ["/a/b", "blue"],
  ["/articles/1", "Red"],
]);

interface Page {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const www = "https://www.example.com";
const pages: Readonly<Record<string, Page>> = {
  a: { url: "https://www.example.com/a" },
  "a?x": { url: "https://www.example.com/a?x=1" },
  "a/b": { url: "https://www.example.com/a/b" },
  "a in German": { url: "https://www.example.com/a", headers: { "accept-language": "de" } },
  "articles/1": { url: "https://www.example.com/articles/1" },
  "articles/1 on phones": { url: `${www}/articles/1`, headers: { "x-device": "phone" } },
  feed: { url: "https://www.example.com/feed" },
  "other a": { url: "https://other.example/a" },
  "http a": { url: "http://www.example.com/a" },
};

const origin = (request: Request, nth: number) => {
  const tags = tagsByPath.get(new URL(request.url).pathname) ?? "";
  return page(`page ${nth}`, cc("max-age=600", { "cache-tag": tags, vary: "accept-language" }));
};

async function fill(site: Site): Promise<void> {
  for (const { url, headers = {} } of Object.values(pages)) await site.get(url, { headers });
}

/** @returns the names of the pages that the site requested from the origin again */
async function askedAnew(site: Site): Promise<string[]> {
  const anew: string[] = [];
  for (const [name, { url, headers = {} }] of Object.entries(pages)) {
    const before = site.origin.count;
    const response = await site.ask(url, { headers });
    await response.text();
    if (site.origin.count > before) anew.push(name);
  }
  return anew;
}

const articles = ["articles/1", "articles/1 on phones"];
const rows: [id: string, order: object, takes: readonly string[]][] = [
  ["tag", { tags: ["red"] }, ["a", "a?x", "a in German", "feed", "other a", "http a"]],
  ["tag with a capital letter", { tags: ["Red"] }, articles],
  ["tags that no page has", { tags: ["green", "everything", "route:feed"] }, []],
  ["URL", { urls: ["https://www.example.com/a"] }, ["a", "a in German"]],
  ["URL with a query", { urls: ["https://www.example.com/a?x=1"] }, ["a?x"]],
  ["URL with several keys", { urls: ["https://www.example.com/articles/1"] }, articles],
  ["URL of no page", { urls: ["https://www.example.com/a/"] }, []],
  ["path", { prefixes: ["/a/"] }, ["a/b"]],
  ["prefix", { prefixes: ["/a"] }, Object.keys(pages).filter((name) => name !== "feed")],
  ["path of one host", { prefixes: ["https://other.example/a"] }, ["other a"]],
  ["scheme and host", { prefixes: ["http://www.example.com"] }, ["http a"]],
  ["host", { hosts: ["OTHER.example"] }, ["other a"]],
  ["host of no page", { hosts: ["example.com"] }, []],
  ["route", { routes: ["articles"] }, articles],
  ["everything", { everything: true }, Object.keys(pages)],
  [
    "several kinds",
    { tags: ["Red"], hosts: ["other.example"], prefixes: ["/feed"] },
    [...articles, "feed", "other a"],
  ],
];

describe("a purge", () => {
  it.each(rows)(
    "covers only the expected pages at once in the isolate that accepted it: %s",
    async (_, order, takes) => {
      const { site } = openJournalled({ config, origin });
      await fill(site);
      expect((await send(site, order)).status).toBe(200);
      expect(await askedAnew(site)).toEqual(takes);
    },
  );

  it.each(rows)(
    "covers only the expected pages within N in another colo: %s",
    async (_, order, takes) => {
      const { site, upstash } = openJournalled({ config, origin });
      const { clock } = site;
      const elsewhere = openSite({ config, origin, clock, upstash, env: { COLO: "NRT" } });
      await fill(elsewhere);
      expect((await send(site, order)).status).toBe(200);
      expect(await askedAnew(elsewhere)).toEqual([]);
      clock.advance(10);
      expect(await askedAnew(elsewhere)).toEqual(takes);
    },
  );
});

describe("a page after a purge", () => {
  it("is covered by a purge that names another alias of the site", async () => {
    const { site } = openJournalled({ config, origin, env: { SITE_HOST: "www.example.com" } });
    await site.get("https://other.example/a");
    const order = { urls: ["https://alias.example/a"] };
    expect((await send(site, order, bearer)).status).toBe(200);
    const seen = await (await site.ask("https://www.example.com/a")).text();
    expect(seen).toBe("page 2");
  });
});
