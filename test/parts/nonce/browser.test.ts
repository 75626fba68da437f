// Tests in Chromium that the scripts of a stored page run each time, by a nonce that the page and its policy share.
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nonce } from "../../../src/parts/nonce/nonce.ts";
import { chromiumPath } from "../../../testing/chromium.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { type NodeSite, serveOnNode } from "../../../testing/node/node-site.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";

const own = "bm9uY2Utb2YtdGhlLW9yaWdpbg+/==";
/** The script counts the views of the tab. The second one is of an attacker, who has seen another page. */
const html = `<!doctype html><title>0</title><script nonce="${own.replace("+", "&#43;")}">
sessionStorage.views = Number(sessionStorage.views ?? 0) + 1;
document.title = sessionStorage.views;
globalThis.own = document.currentScript.nonce;
</script><script nonce="bm9uY2UtYmVmb3JlLWxhc3Q">globalThis.isAttacked = true;</script>`;

describe.runIf(chromiumPath !== undefined)("a stored page with nonces in Chromium", () => {
  let site: Site;
  let server: NodeSite;
  let browser: Browser;
  beforeAll(async () => {
    site = openSite({
      config: { routes: [{ name: "pages", match: "*", use: [nonce()] }] },
      origin: ({ headers }) => {
        const policy = `default-src 'none'; script-src 'nonce-${own}'`;
        const fields = cc("max-age=60", { etag: '"e"', "content-security-policy": policy });
        return headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: fields })
          : page(html, fields);
      },
    });
    server = await serveOnNode((request) => site.handle(request));
    browser = await chromium.launch({
      executablePath: chromiumPath ?? "",
      args: ["--no-sandbox"],
    });
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  /** Returns what the page knows after its scripts. */
  const seenIn = (tab: Page) =>
    tab.evaluate(() => {
      const { own: value, isAttacked } = globalThis as { own?: string; isAttacked?: boolean };
      return { views: document.title, value, isAttacked };
    });

  it("runs them at a load, a reload, a step back and after a validation", async () => {
    const tab = await browser.newPage();
    const steps: (() => Promise<unknown>)[] = [
      () => tab.goto(`${server.url}/a`),
      () => tab.reload(),
      () => tab.goto(`${server.url}/b`),
      () => tab.goBack(),
      () => tab.goForward(),
      () => (site.clock.advance(70), tab.goto(`${server.url}/a`)),
      () => tab.reload(),
    ];
    const values: (string | undefined)[] = [];
    for (const [nth, step] of steps.entries()) {
      await step();
      const { views, value, isAttacked } = await seenIn(tab);
      expect([nth, views, isAttacked]).toEqual([nth, String(nth + 1), undefined]);
      values.push(value);
    }
    for (const value of values) expect(value).toMatch(/^[\w-]{22}$/);
    // A step back may show the browser's own copy of the page.
    const loads = [0, 1, 2, 5, 6].map((nth) => values[nth]);
    expect(new Set(loads).size).toBe(loads.length);
    expect(
      site.origin.asked.map(({ path, fields }) => [path, fields.has("if-none-match")]),
    ).toEqual([
      ["/a", false],
      ["/b", false],
      ["/a", true],
    ]);
  });
});
