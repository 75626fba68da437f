// What each route of the demo origin answers: status, header fields, tags, text.
import { describe, expect, it } from "vitest";
import type { Article } from "../../local/demo-origin/newsroom.ts";
import { openedAtMs, openSite } from "./demo-origin-site.ts";

const slug = "fog-signal-tested";
const page = `/articles/${slug}`;
const articleControl = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400";
const listControl = "public, max-age=15, stale-while-revalidate=60";
const missingControl = "max-age=10";

const routes = [
  { path: "/", status: 200, control: listControl, tags: "feed" },
  { path: "/feed", status: 200, control: listControl, tags: "feed" },
  { path: "/feed?page=5", status: 200, control: listControl, tags: "feed" },
  { path: "/feed.json?page=2", status: 200, control: listControl, tags: "feed" },
  { path: "/feed?page=6", status: 404, control: missingControl, tags: "feed" },
  { path: "/feed?page=0", status: 400, control: "no-store", tags: "" },
  { path: "/feed?page=two", status: 400, control: "no-store", tags: "" },
  { path: "/feed.json?page=1e3", status: 400, control: "no-store", tags: "" },
  { path: "/sections/town", status: 200, control: listControl, tags: "section:town" },
  { path: "/sections/sport", status: 404, control: missingControl, tags: "" },
  { path: page, status: 200, control: articleControl, tags: `article:${slug}` },
  { path: `${page}.json`, status: 200, control: articleControl, tags: `article:${slug}` },
  { path: "/articles/unwritten", status: 404, control: missingControl, tags: "article:unwritten" },
  { path: "/breaking", status: 200, control: "max-age=0, s-maxage=30", tags: "breaking" },
  { path: "/rss.xml", status: 200, control: "public, max-age=300", tags: "feed" },
  { path: "/log-in", status: 200, control: "no-store", tags: "" },
  { path: "/me", status: 303, control: "no-store", tags: "" },
  { path: "/search", status: 200, control: "no-store", tags: "" },
  { path: "/search?q=lobster", status: 200, control: "no-store", tags: "" },
  { path: "/healthz", status: 200, control: "no-store", tags: "" },
  {
    path: `/images/${slug}.svg`,
    status: 200,
    control: "public, max-age=86400",
    tags: `article:${slug}`,
  },
  {
    path: "/images/unwritten.svg",
    status: 404,
    control: missingControl,
    tags: "article:unwritten",
  },
  { path: "/assets/site.000000000000.css", status: 404, control: missingControl, tags: "" },
  { path: "/download/archive.bin?bytes=9", status: 200, control: "public, max-age=3600", tags: "" },
  { path: "/download/archive.bin?bytes=1073741825", status: 400, control: "no-store", tags: "" },
  { path: "/download/archive.bin?bytes=9&cut=10", status: 400, control: "no-store", tags: "" },
  { path: "/nowhere", status: 404, control: missingControl, tags: "" },
] as const;

describe("routes", () => {
  it.each(routes)("$path answers $status", async ({ path, status, control, tags }) => {
    const { ask } = openSite();
    const response = await ask(path);
    const { headers } = response;
    expect(response.status).toBe(status);
    expect(headers.get("cache-control")).toBe(control);
    expect(headers.get("cache-tag")?.split(",")[0] ?? "").toBe(tags);
    expect(headers.get("surrogate-key")).toBe(
      headers.get("cache-tag")?.replaceAll(",", " ") ?? null,
    );
    const { byteLength } = await response.arrayBuffer();
    expect(headers.get("content-length")).toBe(String(byteLength));
    expect(headers.get("date")).toBe("Fri, 20 Nov 2026 12:00:00 GMT");
  });

  it.each(routes)("HEAD $path has the fields of GET", async ({ path }) => {
    const { ask } = openSite();
    const [get, head] = await Promise.all([ask(path), ask(path, {}, "HEAD")]);
    expect(head.status).toBe(get.status);
    expect([...head.headers]).toEqual([...get.headers]);
    expect(await head.text()).toBe("");
  });

  it("shows every article once over the pages of the feed, each of 8 to 20 KB", async () => {
    const { ask } = openSite();
    const slugs = new Set<string>();
    for (const number of [1, 2, 3, 4, 5]) {
      const feed: unknown = await (await ask(`/feed.json?page=${number}`)).json();
      expect(feed).toMatchObject({ page: number, pageCount: 5 });
      for (const article of (feed as { articles: { slug: string }[] }).articles) {
        slugs.add(article.slug);
        const length = Number(
          (await ask(`/articles/${article.slug}`)).headers.get("content-length"),
        );
        expect(length).toBeGreaterThan(8_000);
        expect(length).toBeLessThan(20_000);
      }
    }
    expect(slugs.size).toBe(60);
  });

  it("tags a list with every article it shows", async () => {
    const { ask } = openSite();
    const response = await ask("/sections/culture");
    const shown = [...(await response.text()).matchAll(/href="\/articles\/([^"]+)"/g)];
    const tags = shown.map((match) => `article:${match[1]}`);
    expect(tags.length).toBe(15);
    expect(response.headers.get("cache-tag")).toBe(["section:culture", "feed", ...tags].join());
  });

  it("says nothing of the cause of a failure, and reports it", async () => {
    const site = openSite(() => ({ article: () => Promise.reject(new Error("disk 7 on fire")) }));
    const response = await site.ask(page);
    expect(response.status).toBe(500);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).not.toMatch(/disk|at /);
    expect(site.failures.map(({ message }) => message)).toEqual(["disk 7 on fire"]);
  });

  it("escapes hostile text wherever it shows", async () => {
    const hostile = `<script>alert("1")</script>&'`;
    const { ask } = openSite((newsroom) => {
      const spoilt = (articles: Article[]) =>
        articles.map((article) => ({ ...article, title: hostile, lede: hostile }));
      return {
        article: async () => {
          const [first] = spoilt(await newsroom.latest({ offset: 0, limit: 1 }));
          return first && { ...first, body: `## ${hostile}\n\n> ${hostile}` };
        },
        latest: async (range) => spoilt(await newsroom.latest(range)),
        breaking: async () => ({ text: hostile, saidAtMs: openedAtMs }),
      };
    });
    const sought = encodeURIComponent(hostile);
    for (const path of [
      page,
      "/",
      "/breaking",
      "/rss.xml",
      `/search?q=${sought}`,
      `/feed?page=${sought}`,
    ]) {
      const text = await (await ask(path)).text();
      const [escaped, raw] = [text.includes("&lt;script&gt;alert("), text.includes("<script>")];
      expect({ path, escaped, raw }).toEqual({ path, escaped: true, raw: false });
    }
  });
});
