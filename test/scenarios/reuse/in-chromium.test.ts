// Tests in Chromium which answers it uses again without a request, although nothing tells it for how long.
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../../../testing/chromium.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";
import { type NodeSite, serveOnNode } from "../../../testing/node/node-site.ts";
import { openSite } from "../../../testing/site/harness.ts";

const css = { "content-type": "text/css" };
const moved = { ...css, location: "/end" };

type Row = [path: string, requests: 1 | 2, fields: FieldTexts, status?: number];

const rows: readonly Row[] = [
  ["/silent", 2, {}],
  ["/shared", 2, cc("public, s-maxage=600, stale-while-revalidate=86400")],
  ["/private", 2, cc("private", { "cdn-cache-control": "max-age=600" })],
  ["/quoted", 2, cc('s-maxage=600, max-age="600"')],
  ["/negative", 2, cc("s-maxage=600", { expires: "-1" })],
  ["/field", 2, cc('s-maxage=600, no-cache="x-a"')],
  ["/moved", 2, moved, 301],
  ["/moved-strictly", 2, cc("must-revalidate", moved), 308],
  ["/choices", 2, css, 300],
  ["/gone", 2, css, 410],
  ["/style", 1, css],
  ["/lasting", 1, cc("max-age=600")],
];

describe.runIf(chromiumPath !== undefined)("an answer of Tidemark in Chromium", () => {
  const asked: string[] = [];
  let server: NodeSite;
  let browser: Browser;
  beforeAll(async () => {
    const site = openSite({
      config: { routes: [{ name: "all", match: "*", fresh: "60s", negative: { 410: "60s" } }] },
      origin: ({ url }) => {
        const [, , fields, status] = rows.find(([path]) => url.endsWith(path)) ?? [];
        const old = { "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT" };
        return page("page", fields ? { ...old, ...fields } : cc("no-store"), status);
      },
    });
    server = await serveOnNode((request) => {
      asked.push(new URL(request.url).pathname);
      return site.handle(request);
    });
    const executablePath = chromiumPath ?? "";
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it.each(rows)("%s causes %i of 2 requests", async (path, count) => {
    const tab = await browser.newPage();
    await tab.goto(`${server.url}/start`);
    for (const _ of ["first", "second"]) {
      await tab.evaluate(async (url) => void (await (await fetch(url)).text()), path);
    }
    await tab.close();
    expect(asked.filter((one) => one === path)).toHaveLength(count);
  });
});
