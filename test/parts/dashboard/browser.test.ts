// Tests the dashboard in Chromium: accessibility at three widths in two schemes, keyboard, forced colours,
// hostile text, reading only while it helps, and what scripts of the site can learn.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dashboard } from "../../../src/parts/dashboard/dashboard.ts";
import { views } from "../../../src/parts/dashboard/page/shell.tsx";
import { readToken } from "../../../src/protocol/operator-token.ts";
import { chromiumPath } from "../../../testing/chromium.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const hostile = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script>`;
/** The folder for screenshots. If TIDEMARK_SCREENSHOTS is not set, no screenshots are taken. */
const shots = process.env["TIDEMARK_SCREENSHOTS"];
const names = Object.keys(views);

/** A page of the site, whose service worker keeps what it sees in a cache. */
const shop = `<!doctype html><title>Shop</title><script>
navigator.serviceWorker?.register("/sw.js").then(() => navigator.serviceWorker.ready)
  .then(() => { document.title = "Watched"; });
</script>`;
const serviceWorker = `
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => event.respondWith((async () => {
  const { url, headers } = event.request;
  const seen = JSON.stringify([url, ...headers, await event.request.clone().text()]);
  await (await caches.open("seen")).put("/seen/" + crypto.randomUUID(), new Response(seen));
  return fetch(event.request);
})()));`;

/** A site with an hour of traffic, a purge with hostile text, and a finding. */
async function siteWithHistory(config: object = {}): Promise<Site> {
  const clock = new FakeClock();
  const site = openSite({
    clock,
    upstash: new FakeUpstash(clock),
    env: { ADMIN_TOKEN: adminToken, SITE_HOST: "www.example.com", BYPASS: "checkout" },
    origin: ({ url }) => {
      clock.advance(0.04);
      if (url.endsWith("/shop")) return file(shop, "text/html");
      if (url.endsWith("/sw.js")) return file(serviceWorker, "text/javascript");
      return new Response(`page ${new URL(url).pathname}`, {
        headers: { "cache-control": "max-age=120" },
      });
    },
    config: {
      parts: [dashboard()],
      ...config,
      routes: [
        { name: "article", match: "/news/:slug" },
        { name: "checkout", match: "/checkout" },
        { name: "rest", match: "*" },
      ],
    },
  });
  for (let minute = 0; minute < 60; minute += 1) {
    const count = 4 + Math.round(3 * Math.sin(minute / 6));
    for (let at = 0; at < count; at += 1) {
      await site.get(`/news/${at % 3}`);
      await site.get(at % 2 === 0 ? "/" : "/checkout");
    }
    if (minute % 20 === 10) {
      const body = JSON.stringify({ tags: [hostile], reason: hostile });
      await site.ask("/_cache/purge", { method: "POST", headers: bearer, body });
    }
    clock.advance(60);
    await site.fireCron();
  }
  return site;
}

const file = (text: string, type: string) =>
  new Response(text, { headers: { "content-type": type, "cache-control": "no-store" } });

/**
 * Serves a site on this machine. `isDown` makes it answer 500.
 *
 * @param ownHost the host of all requests; by default, each request has its own
 */
async function served(site: Site, ownHost?: string) {
  const state = { isDown: false, parts: 0 };
  const server: Server = createServer(async (request, response) => {
    if (request.url?.startsWith("/_cache/dashboard/") && request.headers.authorization) {
      state.parts += 1;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "GET", url = "/" } = request;
    const headers = new Headers();
    for (const name of ["authorization", "content-type"]) {
      const value = request.headers[name];
      if (typeof value === "string") headers.set(name, value);
    }
    const body = method === "POST" ? Buffer.concat(chunks).toString() : null;
    const asked = new Request(`http://${ownHost ?? request.headers.host}${url}`, {
      method,
      headers,
      body,
    });
    const answer = state.isDown ? new Response("down", { status: 500 }) : await site.handle(asked);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const tokenFor = async (host = "www.example.com") =>
    (await readToken(adminToken, { host, nowAtMs: site.clock.nowAtMs() })).token;
  return {
    url: `http://127.0.0.1:${port}/_cache/`,
    port,
    state,
    tokenFor,
    stop: () => server.close(),
  };
}

async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

describe.runIf(chromiumPath !== undefined)("the dashboard in Chromium", () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof served>>;
  let token: string;
  beforeAll(async () => {
    site = await served(await siteWithHistory(), "www.example.com");
    token = await site.tokenFor();
    browser = await chromium.launch({
      executablePath: chromiumPath ?? "",
      args: ["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"],
    });
  });
  afterAll(async () => {
    await browser.close();
    site.stop();
  });

  const faults: string[] = [];
  const opened = async (options: BrowserContextOptions = {}) => {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
    return page;
  };
  const signedIn = async (options: BrowserContextOptions = {}, view = "overview") => {
    const page = await opened(options);
    await page.goto(`${site.url}#${view}`);
    await page.fill("#token", token);
    await page.keyboard.press("Enter");
    await page.locator("#view > *").first().waitFor();
    return page;
  };
  const go = async (page: Page, view: string) => {
    await page.locator(`nav a[href="#${view}"]`).click();
    await page.locator(`nav a[href="#${view}"][aria-current]`).waitFor();
    await page.locator("#view:not([aria-busy]) > *").first().waitFor();
  };

  const widths = [320, 768, 1440];
  const looks = widths.flatMap((width) =>
    (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })),
  );
  it.each(looks)("is accessible at $width px, $colorScheme", async ({ width, colorScheme }) => {
    const page = await signedIn({ viewport: { width, height: 900 }, colorScheme });
    for (const [at, view] of names.entries()) {
      await go(page, view);
      const path = `${shots}/${view}-${width}-${colorScheme}.png`;
      if (shots) await page.screenshot({ path, fullPage: true });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      // Each view is checked at one width in both schemes, and these two at all widths.
      const isChecked =
        view === "overview" || view === "purges" || at % 3 === widths.indexOf(width);
      expect(isChecked ? await violationsOf(page) : []).toEqual([]);
    }
    await page.context().close();
  });

  it("is accessible in forced colours with reduced motion, and before a sign-in", async () => {
    const page = await opened({ forcedColors: "active", reducedMotion: "reduce" });
    await page.goto(site.url);
    expect(await violationsOf(page)).toEqual([]);
    await page.fill("#token", token);
    await page.keyboard.press("Enter");
    const line = page.locator(".plot .line.l0").first();
    await line.waitFor();
    expect(await violationsOf(page)).toEqual([]);
    const strokes = await page.evaluate(() =>
      [".plot .l0", ".plot .l1"].map((one) => {
        const { stroke, strokeDasharray } = getComputedStyle(
          document.querySelector(one) as Element,
        );
        return { stroke, strokeDasharray };
      }),
    );
    expect(strokes[0]?.stroke).toBe(strokes[1]?.stroke);
    expect(strokes[0]?.strokeDasharray).not.toBe(strokes[1]?.strokeDasharray);
    if (shots) await page.screenshot({ path: `${shots}/forced.png`, fullPage: true });
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('nav a')).transitionDuration"),
    ).toBe("0s");
    await page.context().close();
  });

  it("works by keyboard, and keeps open tables and the focus when it reads again", async () => {
    const page = await opened();
    await page.clock.install();
    await page.goto(site.url);
    // The token field has the focus.
    await page.keyboard.type(token);
    await page.keyboard.press("Enter");
    const summary = page.locator("summary").first();
    await summary.waitFor();
    await summary.focus();
    await page.keyboard.press("Enter");
    const before = site.state.parts;
    await page.clock.fastForward(21_000);
    await expect.poll(() => site.state.parts).toBe(before + 1);
    await page.locator("#view:not([aria-busy])").waitFor();
    expect(await page.locator("details[open]").count()).toBe(1);
    expect(await page.evaluate("document.activeElement.tagName")).toBe("SUMMARY");
    await page.locator('nav a[href="#purges"]').focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Views of the colos" }).waitFor();
    await page.context().close();
  });

  it("shows hostile text as text", async () => {
    const page = await signedIn({}, "purges");
    await page.getByText(hostile).first().waitFor();
    expect(await page.locator("#view img").count()).toBe(0);
    await go(page, "explain");
    await page.fill("[name=url]", `/news/1?q=${hostile}`);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.locator("pre").waitFor();
    expect(await page.evaluate("window.hit")).toBeUndefined();
    await page.context().close();
  });

  /** Everything that a script of the page's origin can read. */
  const kept = (page: Page) =>
    page.evaluate(async () => {
      const stored = await caches.keys();
      const stores = await Promise.all(stored.map((name) => caches.open(name)));
      const answers = await Promise.all(stores.map((store) => store.matchAll()));
      const texts = await Promise.all(answers.flat().map((answer) => answer.text()));
      return JSON.stringify([
        Object.entries(sessionStorage),
        Object.entries(localStorage),
        document.cookie,
        texts,
      ]);
    });

  it("never shows ADMIN_TOKEN to scripts of the site, whose service worker gets a token that only reads", async () => {
    const page = await opened();
    const origin = new URL(site.url).origin;
    await page.goto(`${origin}/shop`);
    await expect.poll(() => page.title()).toBe("Watched");
    await page.goto(site.url);
    const before = site.state.parts;
    await page.fill("#token", adminToken);
    await page.keyboard.press("Enter");
    await page.getByText("This is not a token of the dashboard").waitFor();
    const shown = await page.locator("#problem").textContent();
    expect(shown).toContain("npx tidemark dashboard");
    expect(await violationsOf(page)).toEqual([]);
    expect([await page.inputValue("#token"), site.state.parts]).toEqual(["", before]);
    if (shots) await page.screenshot({ path: `${shots}/sign-in.png` });
    await page.fill("#token", token);
    await page.keyboard.press("Enter");
    for (const view of names) await go(page, view);
    await go(page, "explain");
    await page.fill("[name=url]", "/news/1");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.locator("pre").waitFor();
    await page.goto(`${origin}/shop`);
    const reached = await kept(page);
    expect(reached).not.toContain(adminToken);
    expect(reached).toContain(`Bearer ${token}`);
    const changed = await page.evaluate(async (authorization) => {
      const body = JSON.stringify({ everything: true, bypass: true });
      const ask = (path: string) =>
        fetch(`/_cache/${path}`, { method: "POST", body, headers: { authorization } });
      const answers = await Promise.all(["purge", "switch", "warm"].map(ask));
      return answers.map(({ status }) => status);
    }, `Bearer ${token}`);
    expect(changed).toEqual([403, 403, 403]);
    await page.context().close();
  });

  it("forgets a kept text that is not a token of the dashboard", async () => {
    const page = await opened();
    await page.goto(new URL("/shop", site.url).href);
    await page.evaluate((text) => sessionStorage.setItem("tidemark-token", text), adminToken);
    const before = site.state.parts;
    await page.goto(site.url);
    await page.locator("#sign-in:not([hidden])").waitFor();
    expect([await kept(page), site.state.parts]).toEqual([
      expect.not.stringContaining(adminToken) as string,
      before,
    ]);
    await page.context().close();
  });

  it("is only on operatorHost, if there is one", async () => {
    const apart = await served(await siteWithHistory({ operatorHost: "ops.test" }));
    const page = await opened();
    const at = (host: string) => `http://${host}:${apart.port}`;
    expect((await page.goto(`${at("www.test")}/_cache/`))?.status()).toBe(404);
    expect((await page.goto(`${at("ops.test")}/shop`))?.status()).toBe(404);
    await page.goto(`${at("ops.test")}/_cache/`);
    await page.fill("#token", await apart.tokenFor(`ops.test:${apart.port}`));
    await page.keyboard.press("Enter");
    await page.locator("#view h2").first().waitFor();
    await page.goto(`${at("www.test")}/shop`);
    expect(await page.evaluate("sessionStorage.length + localStorage.length")).toBe(0);
    apart.stop();
    await page.context().close();
  });

  it("keeps the token for the tab alone, and forgets it on sign-out", async () => {
    const page = await signedIn();
    const other = await page.context().newPage();
    await other.goto(site.url);
    await other.locator("#sign-in:not([hidden])").waitFor();
    await page.reload();
    await page.locator("#view > *").first().waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator("#sign-in:not([hidden])").waitFor();
    expect(await page.evaluate("sessionStorage.length + localStorage.length")).toBe(0);
    expect(await page.context().cookies()).toEqual([]);
    await page.fill("#token", await site.tokenFor("www.example.org"));
    await page.keyboard.press("Enter");
    await page.getByText("The site refused the token").waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    await page.context().close();
  });

  it("reads less often while the site fails, says that its data is old, and stops when hidden", async () => {
    const page = await opened();
    await page.clock.install();
    await page.goto(site.url);
    await page.fill("#token", token);
    await page.keyboard.press("Enter");
    await page.locator("#view > *").first().waitFor();
    site.state.isDown = true;
    await page.clock.fastForward(21_000);
    await page.getByText(/The data below is from .* The site answered 500/).waitFor();
    const failed = site.state.parts;
    await page.clock.fastForward(25_000);
    expect(site.state.parts).toBe(failed);
    site.state.isDown = false;
    await page.clock.fastForward(20_000);
    await page.getByText(/^Read at/).waitFor();
    const shown = site.state.parts;
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.clock.fastForward(600_000);
    expect(site.state.parts).toBe(shown);
    await page.context().close();
  });

  it("shows a view that could not be read at first once the site answers again", async () => {
    const page = await opened();
    await page.clock.install();
    await page.goto(site.url);
    site.state.isDown = true;
    await page.fill("#token", token);
    await page.keyboard.press("Enter");
    await page.getByText("The site answered 500.").waitFor();
    site.state.isDown = false;
    await page.clock.fastForward(41_000);
    await page.locator("#view h2").first().waitFor();
    expect(await page.locator("#problem").textContent()).toBe("");
    await page.context().close();
  });

  it("had no error and no breach of its policy", () => {
    expect(faults.filter((fault) => !/40[134]|500|origin was untrustworthy/.test(fault))).toEqual(
      [],
    );
  });
});
