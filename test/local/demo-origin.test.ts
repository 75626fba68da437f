// Tests the demo origin: status, header fields and tags of each route, the feeds of its readers, and
// hostile text. test/worker reads its pages and its archive through the Worker.
import { describe, expect, it } from "vitest";
import { loadAssets } from "../../local/demo-origin/assets.ts";
import { createDemoApp } from "../../local/demo-origin/demo-app.ts";
import { type Article, createNewsroom, type Newsroom } from "../../local/demo-origin/newsroom.ts";
import { createReaders } from "../../local/demo-origin/readers.ts";

/** The start of each site's clock: a quarter of a second after a whole second. */
const openedAtMs = Date.UTC(2026, 10, 20, 12, 0, 0, 250);

/**
 * Opens the demo news site without a port, under a clock that tests move.
 *
 * @param instead replaces parts of the newsroom
 */
function openSite(instead: (newsroom: Newsroom) => Partial<Newsroom> = () => ({})) {
  const clock = { atMs: openedAtMs };
  const nowAtMs = () => clock.atMs;
  const newsroom = createNewsroom(0);
  const failures: Error[] = [];
  const app = createDemoApp(
    {
      newsroom: { ...newsroom, ...instead(newsroom) },
      readers: createReaders(nowAtMs),
      assets: loadAssets(),
      nowAtMs,
      siteUrl: undefined,
    },
    (error) => failures.push(error),
  );
  const ask = async (path: string, fields: Record<string, string> = {}, method = "GET") =>
    app.request(path, { headers: fields, method });
  const post = async (path: string, form: Record<string, string>, cookie = "") =>
    app.request(path, { method: "POST", body: new URLSearchParams(form), headers: { cookie } });
  const logIn = async (name: string): Promise<string> => {
    const response = await post("/log-in", { name, password: "reader" });
    return /^session=[^;]+/.exec(response.headers.get("set-cookie") ?? "")?.[0] ?? "";
  };
  return { clock, failures, ask, post, logIn };
}

const slug = "fog-signal-tested";
const page = `/articles/${slug}`;
const articleControl = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400";
const listControl = "public, max-age=15, stale-while-revalidate=60";
const missingControl = "max-age=10";

const routes: readonly [path: string, status: number, control: string, tags: string][] = [
  ["/", 200, listControl, "feed"],
  ["/feed", 200, listControl, "feed"],
  ["/feed?page=5", 200, listControl, "feed"],
  ["/feed.json?page=2", 200, listControl, "feed"],
  ["/feed?page=6", 404, missingControl, "feed"],
  ["/feed?page=0", 400, "no-store", ""],
  ["/feed?page=two", 400, "no-store", ""],
  ["/feed.json?page=1e3", 400, "no-store", ""],
  ["/sections/town", 200, listControl, "section:town"],
  ["/sections/sport", 404, missingControl, ""],
  [page, 200, articleControl, `article:${slug}`],
  [`${page}.json`, 200, articleControl, `article:${slug}`],
  ["/articles/unwritten", 404, missingControl, "article:unwritten"],
  ["/breaking", 200, "max-age=0, s-maxage=30", "breaking"],
  ["/rss.xml", 200, "public, max-age=300", "feed"],
  ["/log-in", 200, "no-store", ""],
  ["/me", 303, "no-store", ""],
  ["/search", 200, "no-store", ""],
  ["/search?q=lobster", 200, "no-store", ""],
  ["/healthz", 200, "no-store", ""],
  [`/images/${slug}.svg`, 200, "public, max-age=86400", `article:${slug}`],
  ["/images/unwritten.svg", 404, missingControl, "article:unwritten"],
  ["/assets/site.000000000000.css", 404, missingControl, ""],
  ["/download/archive.bin?bytes=9", 200, "public, max-age=3600", ""],
  ["/download/archive.bin?bytes=1073741825", 400, "no-store", ""],
  ["/download/archive.bin?bytes=9&cut=10", 400, "no-store", ""],
  ["/nowhere", 404, missingControl, ""],
];

describe("routes", () => {
  it.each(routes)("%s answers %i, also to HEAD", async (path, status, control, tags) => {
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
    const head = await ask(path, {}, "HEAD");
    expect([head.status, await head.text()]).toEqual([status, ""]);
    expect([...head.headers]).toEqual([...headers]);
  });

  it("hides the cause of a failure from the client, and reports it", async () => {
    const site = openSite(() => ({ article: () => Promise.reject(new Error("disk 7 on fire")) }));
    const response = await site.ask(page);
    expect(response.status).toBe(500);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).not.toMatch(/disk|at /);
    expect(site.failures.map(({ message }) => message)).toEqual(["disk 7 on fire"]);
  });

  it("escapes hostile text on each page that shows it", async () => {
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
    const asked = [`/search?q=${sought}`, `/feed?page=${sought}`];
    for (const path of [page, "/", "/breaking", "/rss.xml", ...asked]) {
      const text = await (await ask(path)).text();
      const [escaped, raw] = [text.includes("&lt;script&gt;alert("), text.includes("<script>")];
      expect({ path, escaped, raw }).toEqual({ path, escaped: true, raw: false });
    }
  });
});

it("readers see their own feed after they log in, and nothing after they log out", async () => {
  const { ask, logIn, post } = openSite();
  const [ada, bao] = [await logIn("ada"), await logIn("bao")];
  const textFor = async (cookie: string) => (await ask("/me", { cookie })).text();
  expect(await textFor(ada)).toContain("Hello, Ada");
  expect(await textFor(bao)).toContain("Hello, Bảo");
  await post("/log-out", {}, ada);
  expect([(await ask("/me", { cookie: ada })).status, await logIn("nobody")]).toEqual([303, ""]);
});

it.each(["/", page, "/feed.json", "/sections/town"])("%s answers 304 to its ETag", async (path) => {
  const { ask } = openSite();
  const { headers } = await ask(path);
  const again = await ask(path, { "If-None-Match": headers.get("etag") ?? "" });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});
