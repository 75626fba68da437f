// For each recipe about operation and purges: the requests and commands that show that it works.
import { page } from "../../testing/fakes/origin-in-process.ts";
import { hit, purged, type Row, stored } from "./play.ts";

const sitemapOf = (paths: readonly string[]) =>
  `<urlset>${paths.map((path) => `<url><loc>https://www.example.com${path}</loc></url>`).join("")}</urlset>`;

export const operationRows: readonly Row[] = [
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
];
