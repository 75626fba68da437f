// For each recipe about operation, purges and data: the requests and commands that show that it works.
import { vi } from "vitest";
import type { TidemarkWorker } from "../../src/worker.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { deliver, hookSecret, shopify, signedBy } from "../../testing/site/webhook-vendors.ts";
import { type Exports, hit, type Kitchen, purged, type Row, stored } from "./play.ts";
import { env, queries } from "./workers.ts";

const unknownCookie = 'fwd=uri-miss; detail="unknown-cookie: session" | page';

const sitemapOf = (paths: readonly string[]) =>
  `<urlset>${paths.map((path) => `<url><loc>https://www.example.com${path}</loc></url>`).join("")}</urlset>`;

/** Asks twice at once for a product. */
async function productTwice({ product }: Exports) {
  const ask = product as (id: string) => Promise<{ readonly name: string }>;
  const before = queries.count;
  const found = await Promise.all([ask("42"), ask("42")]);
  return { names: found.map(({ name }) => name), queries: queries.count - before };
}

/** Counts views, runs the Worker's cron trigger now and 100 s later, and reads the table in D1. */
async function viewsInD1(exports: Exports) {
  const worker = exports["default"] as TidemarkWorker;
  const countView = exports["countView"] as (path: string) => unknown;
  const variables = { ...env, ORIGIN_URL: "https://origin.invalid" };
  const runCron = async () => {
    const works: Promise<unknown>[] = [];
    const context = { waitUntil: (work: Promise<unknown>) => void works.push(work) };
    await worker.scheduled({}, variables, context);
    await Promise.all(works);
  };
  await runCron();
  for (const path of ["/a", "/a", "/b"]) countView(path);
  await runCron();
  const laterAtMs = Date.now() + 100_000;
  vi.spyOn(Date, "now").mockReturnValue(laterAtMs);
  // Without TIME, Tidemark gets the time of Redis from a stream.
  await inRedis("ACL", "SETUSER", "default", "-time");
  await inRedis("XADD", "tidemark:behind:views:clock", `${laterAtMs}-1`, "t", "1");
  await runCron();
  vi.restoreAllMocks();
  await inRedis("ACL", "SETUSER", "default", "+time");
  const { results } = await env.DB.prepare("SELECT key, value FROM tidemark_counters").all();
  return results.map(({ key, value }) => [key, value]);
}

async function inRedis(...command: string[]) {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(command) });
  if (!answer.ok) throw new Error(`Redis refused ${command[0]}: ${await answer.text()}`);
}

const ofClient = { "cf-connecting-ip": "203.0.113.7" };

/** Requests a number of paths that are not stored. @returns the number of answers by status */
async function statusesOf(kitchen: Kitchen, count: number) {
  const statuses: Record<number, number> = {};
  for (let nth = 0; nth < count; nth += 1) {
    const { status } = await kitchen.site().get(`/${nth}`, { headers: ofClient });
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

export const operationRows: readonly Row[] = [
  {
    recipe: "Shopify: purge by webhook",
    env: { HOOK_SECRET_SHOP: hookSecret },
    steps: [
      { path: "/products/boots", sees: `${stored} | /products/boots 1` },
      { path: "/products/hats", sees: `${stored} | /products/hats 2` },
      {
        calls: async (_, kitchen) => {
          const body = JSON.stringify({ id: 42, handle: "boots" });
          const site = kitchen.site();
          return (await deliver(site, body, signedBy(shopify, site, { body }))).status;
        },
        gives: 200,
      },
      { path: "/products/boots", sees: `${purged} | /products/boots 3` },
      { path: "/products/hats", sees: `${hit} | /products/hats 2` },
    ],
  },
  {
    recipe: "Grafana dashboard",
    steps: [
      { path: "/", sees: "fwd=uri-miss; detail=no-use | / 1" },
      { passSeconds: 300 },
      { calls: (_, kitchen) => kitchen.site().fireCron(), gives: undefined },
      { runs: 0, prints: /^tidemark_requests_total\{.*\} 1$/m },
    ],
  },
  {
    recipe: "Ban by pattern, wildcard or prefix",
    steps: [
      { path: "/blog/2024/a", sees: `${stored} | /blog/2024/a 1` },
      { path: "/blog/2025/a", sees: `${stored} | /blog/2025/a 2` },
      { path: "/blog/2025/a/comments", sees: `${stored} | /blog/2025/a/comments 3` },
      { runs: 0, prints: /Purged/ },
      { path: "/blog/2024/a", sees: `${purged} | /blog/2024/a 4` },
      { runs: 1, prints: /Purged/ },
      { path: "/blog/2025/a/comments", sees: `${purged} | /blog/2025/a/comments 5` },
      { path: "/blog/2025/a", sees: `${hit} | /blog/2025/a 2` },
    ],
  },
  {
    recipe: "Warm the cache after a deployment",
    config: { routes: [{ name: "pages", match: "*", fresh: "1h" }] },
    origin: ({ url }, nth) =>
      url.endsWith("/sitemap.xml")
        ? new Response(sitemapOf(["/a", "/b"]), { headers: { "content-type": "text/xml" } })
        : page(nth === 1 ? "before" : "after"),
    steps: [
      { path: "/a", sees: `${stored} | before` },
      { runs: 0, prints: /It applies everywhere\./ },
      { runs: 1, prints: /example\.com +0 +2 +0 +0 +0/ },
      { path: "/a", sees: `${hit} | after` },
      { path: "/b", sees: `${hit} | after` },
    ],
  },
  {
    recipe: "Staging",
    isOverRedis: true,
    config: { routes: [{ name: "pages", match: "*", fresh: "1h" }] },
    origin: ({ url, headers }, nth) =>
      page(`${new URL(url).host} ${headers.get("x-forwarded-host")} ${nth}`),
    steps: [
      { path: "/", sees: `${stored} | origin.invalid www.example.com 1` },
      {
        path: "/",
        at: "staging",
        sees: `${stored} | origin-staging.example.com staging.example.com 2`,
      },
      { runs: "tidemark purge --everything --yes", prints: /Purged/ },
      { passSeconds: 10 },
      { path: "/", sees: `${purged} | origin.invalid www.example.com 3` },
      {
        path: "/",
        at: "staging",
        sees: `${hit} | origin-staging.example.com staging.example.com 2`,
      },
    ],
  },
  {
    recipe: "Why is it a miss?",
    origin: () => page("page", cc("max-age=60")),
    steps: [
      { path: "/articles/1", headers: { cookie: "session=x" }, sees: unknownCookie },
      { path: "/articles/1", headers: { cookie: "session=x" }, sees: unknownCookie },
      {
        runs: 0,
        prints: /does not know: session[^]*It was not stored, by the rule unknown-cookie/,
      },
    ],
  },
  {
    recipe: "Purge everything in an emergency",
    config: { routes: [{ name: "pages", match: "*", fresh: "1h", staleWhileRevalidate: "1h" }] },
    steps: [
      { path: "/a", sees: `${stored} | /a 1` },
      { runs: 0, prints: /It applies everywhere within 10 s/ },
      { path: "/a", sees: `${purged} | /a 2` },
      { runs: "tidemark purge --everything --soft --yes", prints: /Purged/ },
      { path: "/a", sees: `${hit} | /a 2` },
      { path: "/a", sees: `${hit} | /a 3` },
    ],
  },
  {
    recipe: "Turn the cache off",
    config: { routes: [{ name: "pages", match: "*", fresh: "1h" }] },
    steps: [
      { path: "/a", sees: `${stored} | /a 1` },
      { runs: 0, prints: /./ },
      { path: "/a", sees: "fwd=bypass; detail=switch | /a 2" },
      { runs: 1, prints: /./ },
      { path: "/a", sees: `${hit} | /a 1` },
    ],
  },
  {
    recipe: "Cache database queries",
    config: { routes: [{ name: "pages", match: "*", fresh: "1h", tags: ["product:42"] }] },
    steps: [
      { path: "/products/42", sees: `${stored} | /products/42 1` },
      { calls: productTwice, gives: { names: ["Boots", "Boots"], queries: 1 } },
      { calls: productTwice, gives: { names: ["Boots", "Boots"], queries: 0 } },
      { runs: "tidemark purge --tag product:42", prints: /Purged/ },
      { calls: productTwice, gives: { names: ["Boots", "Boots"], queries: 1 } },
      { path: "/products/42", sees: `${purged} | /products/42 2` },
    ],
  },
  {
    recipe: "Count page views",
    config: {},
    steps: [
      {
        calls: viewsInD1,
        gives: [
          ["/a", 2],
          ["/b", 1],
        ],
      },
    ],
  },
  {
    recipe: "Rate limit requests to the origin",
    config: { routes: [{ name: "pages", match: "/pages/*", fresh: "1h" }] },
    steps: [
      { path: "/pages/a", headers: ofClient, sees: `${stored} | /pages/a 1` },
      { calls: (_, kitchen) => statusesOf(kitchen, 300), gives: { 200: 299, 429: 1 } },
      { path: "/pages/a", headers: ofClient, sees: `${hit} | /pages/a 1` },
      { path: "/other-client", sees: "fwd=uri-miss; detail=no-use | /other-client 301" },
    ],
  },
];
