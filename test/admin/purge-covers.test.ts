// What a purge takes away, and what it leaves, in the isolate that took it and in others
// (docs/purge-protocol.md: tags, URLs, prefixes, hosts, routes, everything).
import { describe, expect, it } from "vitest";
import { idle, openSite, type Site } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { bearer, openJournalled, send } from "../../testing/site/purge-sender.ts";

const config = {
  routes: [
    { name: "articles", match: "/articles/*", key: { headers: ["x-device"] } },
    { name: "feed", match: "/feed", tags: ["red"] },
  ],
};

/** By path; the rest has no tags. */
const tagsByPath = new Map([
  ["/a", "red, blue"],
  ["/a/b", "blue"],
  ["/articles/1", "Red"],
]);

interface Page {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const pages: Readonly<Record<string, Page>> = {
  a: { url: "https://www.example.com/a" },
  "a?x": { url: "https://www.example.com/a?x=1" },
  "a/b": { url: "https://www.example.com/a/b" },
  "a in German": { url: "https://www.example.com/a", headers: { "accept-language": "de" } },
  "articles/1": { url: "https://www.example.com/articles/1" },
  "articles/1 on phones": {
    url: "https://www.example.com/articles/1",
    headers: { "x-device": "phone" },
  },
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

/** @returns the names of those that were asked for anew, each in a site of its own colo */
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

const rows: { id: string; order: object; takes: readonly string[] }[] = [
  {
    id: "tag",
    order: { tags: ["red"] },
    takes: ["a", "a?x", "a in German", "feed", "other a", "http a"],
  },
  {
    id: "tag-in-its-own-case",
    order: { tags: ["Red"] },
    takes: ["articles/1", "articles/1 on phones"],
  },
  { id: "tag-of-nothing", order: { tags: ["green", "everything", "route:feed"] }, takes: [] },
  { id: "url", order: { urls: ["https://www.example.com/a"] }, takes: ["a", "a in German"] },
  { id: "url-with-query", order: { urls: ["https://www.example.com/a?x=1"] }, takes: ["a?x"] },
  {
    id: "url-as-a-client-writes-it",
    order: { urls: ["HTTPS://WWW.example.com/%61?utm_source=mail&x=1"] },
    takes: ["a?x"],
  },
  {
    id: "url-with-all-its-facets",
    order: { urls: ["https://www.example.com/articles/1"] },
    takes: ["articles/1", "articles/1 on phones"],
  },
  { id: "url-of-nothing", order: { urls: ["https://www.example.com/a/"] }, takes: [] },
  { id: "path", order: { prefixes: ["/a/"] }, takes: ["a/b"] },
  {
    id: "path-without-a-slash",
    order: { prefixes: ["/a"] },
    takes: Object.keys(pages).filter((name) => name !== "feed"),
  },
  {
    id: "path-normalised",
    order: { prefixes: ["/%61rticles/"] },
    takes: ["articles/1", "articles/1 on phones"],
  },
  { id: "path-of-one-host", order: { prefixes: ["https://other.example/a"] }, takes: ["other a"] },
  { id: "path-of-one-scheme", order: { prefixes: ["http://www.example.com"] }, takes: ["http a"] },
  { id: "host", order: { hosts: ["OTHER.example"] }, takes: ["other a"] },
  { id: "host-with-a-dot", order: { hosts: ["other.example."] }, takes: ["other a"] },
  { id: "host-with-its-port", order: { hosts: ["other.example:80"] }, takes: ["other a"] },
  { id: "host-of-nothing", order: { hosts: ["example.com"] }, takes: [] },
  { id: "route", order: { routes: ["articles"] }, takes: ["articles/1", "articles/1 on phones"] },
  { id: "everything", order: { everything: true }, takes: Object.keys(pages) },
  {
    id: "several",
    order: { tags: ["Red"], hosts: ["other.example"], prefixes: ["/feed"] },
    takes: ["articles/1", "articles/1 on phones", "feed", "other a"],
  },
];

describe("a purge takes what it names, and nothing else", () => {
  it.each(rows)("$id, at once where it was accepted", async ({ order, takes }) => {
    const { site } = openJournalled({ config, origin });
    await fill(site);
    expect((await send(site, order)).status).toBe(200);
    expect(await askedAnew(site)).toEqual(takes);
  });

  it.each(rows)("$id, within N everywhere else", async ({ order, takes }) => {
    const { site, upstash } = openJournalled({ config, origin });
    const { clock } = site;
    const elsewhere = openSite({ config, origin, clock, upstash, env: { COLO: "NRT" } });
    await fill(elsewhere);
    expect((await send(site, order)).status).toBe(200);
    expect(await askedAnew(elsewhere)).toEqual([]);
    clock.advance(10);
    expect(await askedAnew(elsewhere)).toEqual(takes);
  });
});

describe("what comes after a purge", () => {
  it("is kept again, once the purge has been read", async () => {
    const { site } = openJournalled({ config, origin });
    await fill(site);
    await send(site, { everything: true });
    // The stamp is of before the purge until a join has brought it.
    site.clock.advance(10);
    expect(await askedAnew(site)).toEqual(Object.keys(pages));
    await idle();
    expect(await askedAnew(site)).toEqual([]);
  });

  it("one alias of the site counts as the other", async () => {
    const { site } = openJournalled({ config, origin, env: { SITE_HOST: "www.example.com" } });
    await site.get("https://other.example/a");
    const order = { urls: ["https://alias.example/a"] };
    expect((await send(site, order, bearer)).status).toBe(200);
    const seen = await (await site.ask("https://www.example.com/a")).text();
    expect(seen).toBe("page 2");
  });
});
