// For each recipe about operation, purges and data: the requests and commands that show that it works.
import { page } from "../../testing/fakes/origin-in-process.ts";
import { deliver, hookSecret, shopify, signedBy } from "../../testing/site/webhook-vendors.ts";
import { type Exports, hit, purged, type Row, stored } from "./play.ts";
import { queries } from "./workers.ts";

const sitemapOf = (paths: readonly string[]) =>
  `<urlset>${paths.map((path) => `<url><loc>https://www.example.com${path}</loc></url>`).join("")}</urlset>`;

/** Asks twice at once for a product. */
async function productTwice({ product }: Exports) {
  const ask = product as (id: string) => Promise<{ readonly name: string }>;
  const before = queries.count;
  const found = await Promise.all([ask("42"), ask("42")]);
  return { names: found.map(({ name }) => name), queries: queries.count - before };
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
];
