// Tests the routes of the dashboard: who gets what at which host, the policy against foreign scripts, the form,
// and where its history comes from.
// Needs parts: hooks, outward.
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openApi } from "../../../docs-site/reference/openapi.ts";
import { dashboard } from "../../../src/parts/dashboard/dashboard.ts";
import { Data } from "../../../src/parts/dashboard/panel/data.tsx";
import { views } from "../../../src/parts/dashboard/page/shell.tsx";
import { outward } from "../../../src/parts/outward/outward.ts";
import { readToken } from "../../../src/protocol/operator-token.ts";
import { hooks, shopify } from "../../../src/parts/hooks/hooks.ts";
import { writeBehind } from "../../../src/write-behind/write-behind.ts";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { MemoryCounterSink } from "../../../testing/write-behind/memory-sink.ts";
import { host, openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";

const page = { "cache-control": "max-age=600", "content-type": "text/html" };

function openWith(config: object = { parts: [dashboard()] }, more: SiteOptions["env"] = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const env = { ADMIN_TOKEN: adminToken, ...more };
  const routes = [{ name: "news", match: "/news/*" }];
  const origin = () => new Response("page", { headers: page });
  const site = openSite({ clock, upstash, env, origin, config: { routes, ...config } });
  return { site, upstash };
}

const part = (site: Site, name: string) =>
  site.get(`/_cache/dashboard/${name}`, { headers: bearer });

const post = (site: Site, name: string, fields: Readonly<Record<string, string>>) =>
  site.get(`/_cache/dashboard/${name}`, {
    method: "POST",
    headers: bearer,
    body: new URLSearchParams(fields).toString(),
  });

/** Returns the addresses of the style and the script. */
const filesIn = (shell: string) =>
  [...shell.matchAll(/(?:href|src)="(dashboard\/[^"]+)"/g)].map(([, path]) => `/_cache/${path}`);

describe("the page", () => {
  it("has a policy that allows only its own script and style, and no data", async () => {
    const { site } = openWith();
    const shell = await site.get("/_cache/");
    expect(shell.status).toBe(200);
    expect(shell.fields.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(shell.fields.get("x-content-type-options")).toBe("nosniff");
    expect(shell.text).not.toMatch(/<style| style=| on\w+=|<script(?! src=)/);
    expect(shell.text).not.toContain("news");
    const files = filesIn(shell.text);
    expect(files).toHaveLength(2);
    for (const path of files) {
      const file = await site.get(path);
      expect(file.status).toBe(200);
      expect(file.fields.get("cache-control")).toContain("immutable");
    }
    expect(site.origin.asked).toEqual([]);
  });

  it("leads from the path without a slash to the path with one", async () => {
    const { site } = openWith();
    const seen = await site.get("/_cache");
    expect([seen.status, seen.fields.get("location")]).toEqual([302, "/_cache/"]);
  });

  it("is absent without the option, and without an admin token", async () => {
    for (const path of ["/_cache/", "/_cache/dashboard/overview"]) {
      expect((await openWith({}).site.get(path, { headers: bearer })).status).toBe(404);
      const tokenless = openSite({ config: { parts: [dashboard()] } });
      expect((await tokenless.get(path)).status).toBe(404);
    }
  });

  it("takes at most 25 KB compressed, with its first part", async () => {
    const { site } = openWith();
    for (let at = 0; at < 60; at += 1) {
      site.clock.advance(60);
      for (let request = 0; request <= at % 7; request += 1) await site.get(`/news/${request}`);
      await site.fireCron();
    }
    const shell = await site.get("/_cache/");
    const paths = [...filesIn(shell.text), "/_cache/dashboard/overview"];
    const texts = [shell.text];
    for (const path of paths) texts.push((await site.get(path, { headers: bearer })).text);
    const bytes = texts.map((text) => gzipSync(text).byteLength);
    expect(texts.at(-1)).toContain("<table>");
    expect(bytes.reduce((sum, one) => sum + one)).toBeLessThanOrEqual(25_000);
  });
});

describe("a part", () => {
  const names = Object.keys(views);

  it.each(names)("needs the admin token: %s", async (name) => {
    const { site } = openWith();
    const path = `/_cache/dashboard/${name}`;
    const cookie = { cookie: `tidemark-token=${adminToken}` };
    const wrong: Record<string, string> = { authorization: "Bearer wrong-token-of-the-site" };
    for (const headers of [{}, cookie, wrong]) {
      for (const method of ["GET", "POST"]) {
        const seen = await site.get(path, { method, headers });
        expect(seen.status).toBe(401);
      }
    }
    expect((await site.get(`${path}?token=${adminToken}`)).status).toBe(401);
    const right = await part(site, name);
    expect(right.status).toBe(200);
    expect(right.fields.get("cache-control")).toBe("no-store");
    expect(right.fields.get("content-security-policy")).toContain("default-src 'none'");
    expect(right.text).not.toContain(adminToken);
  });

  it.each(["nothing", "constructor", "__proto__", "overview/x"])("is absent: %s", async (name) => {
    const { site } = openWith();
    expect((await part(site, name)).status).toBe(404);
  });

  it("shows the traffic of the reports, also after they were folded into the totals", async () => {
    const { site } = openWith();
    for (let at = 0; at < 4; at += 1) await site.get("/news/1");
    for (let minute = 0; minute < 20; minute += 1) {
      site.clock.advance(60);
      await site.fireCron();
    }
    const { text } = await part(site, "overview");
    expect(text).toContain("<dt>Hit rate</dt><dd>75.0 %</dd>");
    expect(text).toContain("<dt>Origin requests</dt><dd>1</dd>");
    expect(text).toMatch(/<path class="line l0" d="M0 \d+h12"/);
    expect((await part(site, "week")).text).toContain("75.0 %");
  });
});

it("shows the first requests in the charts, and the tiers in the order of a lookup", async () => {
  const { site } = openWith();
  for (let at = 0; at < 4; at += 1) await site.get("/news/1");
  const { text } = await part(site, "overview");
  expect(text).toContain('<path class="line l0" d="M588 35h12"');
  const tiers = await part(site, "tiers");
  const rows = [...tiers.text.matchAll(/<th scope="row">(\w+)<\/th>/g)].map(([, name]) => name);
  expect(rows.slice(0, 3)).toEqual(["memory", "edge", "shared"]);
});

it("a site without Redis says why it has no charts, and shows the rest", async () => {
  const site = openSite({ env: { ADMIN_TOKEN: adminToken }, config: { parts: [dashboard()] } });
  const overview = await part(site, "overview");
  expect(overview.text).toContain("There is no usable store");
  expect(overview.text).toContain("Health: ");
  expect((await part(site, "tiers")).text).toContain("Circuit breakers");
  expect((await part(site, "purges")).text).toContain("No journal is configured.");
});

it("the purges say why the views of the colos are unknown", async () => {
  const { site } = openWith({ parts: [dashboard()], metrics: "off" });
  const { text } = await part(site, "purges");
  expect(text).toContain("The counts of all isolates cannot be shown.");
});

describe("the table of backlogs", () => {
  const row = (text: string) => /<th scope="row">views<\/th>(.*?)<\/tr>/.exec(text)?.[1];

  it("has each counter of the Worker's data cache, also before its backlog was read", async () => {
    const config = { parts: [dashboard()] };
    const { site, data } = await openBeside({ config, env: { ADMIN_TOKEN: adminToken } });
    writeBehind(data).counter("views", { sink: new MemoryCounterSink() });
    expect(row((await part(site, "data")).text)).toMatch(/<td>not yet<\/td>$/);
  });

  it("shows waiting keys, delay and dead letters as last read", async () => {
    const backlog = { keyCount: 4_200, backlogMax: 5_000, overdueMs: 180_000, heardAtMs: 900_000 };
    const sets = new Map([["views", { backlog, deadLetterCount: 3 }]]);
    const totals = { startedAtMs: 0, sums: new Map(), colos: new Map() };
    const text = String(await Data({ totals, sets, atMs: 1_000_000 }));
    expect(row(text)).toBe(
      "<td>4,200</td><td>5,000</td><td>3 min</td><td>3</td><td>100 s ago</td>",
    );
  });
});

it("another operator path has the page, and /_cache/ does not", async () => {
  const { site } = openWith({ parts: [dashboard()], operatorPath: "/_ops" });
  expect((await site.get("/_ops/")).text).toContain("<title>Tidemark</title>");
  const found = await site.get("/_ops/dashboard/overview", { headers: bearer });
  expect(found.text).toContain("Health: ");
  expect((await site.get("/_cache/")).status).toBe(404);
});

describe("the forms", () => {
  it("explain a URL", async () => {
    const { site } = openWith();
    const { text } = await post(site, "explain", {
      url: "/news/1",
      headers: "Accept: text/html\n",
    });
    expect(text).toMatch(/<pre[^>]*>.*https:\/\/www\.example\.com\/news\/1/s);
    const wrong = await post(site, "explain", { url: "" });
    expect(wrong.text).toContain("The parameter url is missing.");
  });

  it.each(["purge", "switch"])("do not exist for changes: %s", async (name) => {
    const { site } = openWith();
    const fields = { kind: "everything", bypass: "all", confirmed: "yes" };
    expect((await post(site, name, fields)).status).toBe(404);
    expect((await part(site, "purges")).text).not.toContain("everything</td>");
    expect((await part(site, "switch")).text).toContain("Now the cache answers");
  });

  it("refuse a body over its limit", async () => {
    const { site } = openWith();
    const large = await post(site, "explain", { url: "x".repeat(70_000) });
    expect(large.text).toContain("The body is over");
  });
});

it("shows purges and the state of the switch", async () => {
  const { site } = openWith();
  for (const [path, order] of [
    ["purge", { prefixes: ["/news/"], reason: "a correction" }],
    ["switch", { bypass: true }],
  ] as const) {
    const body = JSON.stringify(order);
    await site.get(`/_cache/${path}`, { method: "POST", headers: bearer, body });
  }
  const { text } = await part(site, "purges");
  expect(text).toContain("prefixes: /news/");
  expect(text).toContain("a correction");
  expect((await part(site, "switch")).text).toContain("Now all routes go straight to the origin");
});

/** Each route of the operator, and the status for a token that only reads. Hooks and proofs take no bearer token. */
const routes: readonly (readonly [route: string, status: number])[] = [
  ["get /journal", 200],
  ["get /switch", 200],
  ["get /health", 200],
  ["get /stats", 200],
  ["get /metrics", 200],
  ["get /explain?url=/", 200],
  ["post /switch", 403],
  ["post /warm", 403],
  ["get /outward", 403],
  ["post /outward", 403],
  ["post /purge", 403],
  ["post /hooks/shop", 401],
  ["get /proof", 401],
  ...Object.keys(views).map((name) => [`get /dashboard/${name}`, 200] as const),
  ["post /dashboard/explain", 200],
];

const operatorHost = "ops.example.com";

/** A site with all parts, and the function that sends a request with a token. */
function openWhole(config: object = {}) {
  const { site } = openWith(
    { parts: [dashboard(), hooks({ shop: shopify() }), outward({})], ...config },
    { HOOK_SECRET_SHOP: "hR7kQ2vXw9Lp4TzBn6Ys", SITE_HOST: host },
  );
  const sent = async (route: string, token: string, at = host) => {
    const [method = "", path = ""] = route.split(" ");
    const body = method === "post" ? { body: "{}" } : {};
    const headers = { authorization: `Bearer ${token}` };
    const url = `https://${at}/_cache${path}`;
    const answer = await site.ask(url, { method: method.toUpperCase(), headers, ...body });
    expect(answer.headers.has("clear-site-data")).toBe(false);
    const text = await answer.text();
    expect(text).not.toContain(adminToken);
    return { status: answer.status, text };
  };
  const tokenFor = async (of: string) =>
    (await readToken(adminToken, { host: of, nowAtMs: site.clock.nowAtMs() })).token;
  return { site, sent, tokenFor };
}

describe("a token that only reads", () => {
  it("has a row for each route", () => {
    const described = Object.entries(openApi().paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replace("{name}", "shop")}`),
    );
    const names = routes
      .map(([route]) => route.replace(/\?.*/, ""))
      .filter((route) => !route.includes("/dashboard/"));
    expect(names.toSorted()).toEqual(described.toSorted());
  });

  it.each(routes)("gets from %s the status %i", async (route, status) => {
    const { site, sent, tokenFor } = openWhole();
    const { status: got, text } = await sent(route, await tokenFor(host), host);
    expect(got).toBe(status);
    if (status !== 403) return;
    expect(JSON.parse(text)).toMatchObject({ error: { code: "forbidden" } });
    expect(site.counted()["operatorRefusals|bearer|read-only"]).toBe(1);
  });

  it("gets the findings of health", async () => {
    const { sent, tokenFor } = openWhole();
    const { text } = await sent("get /health", await tokenFor(host));
    expect(JSON.parse(text)).toHaveProperty("findings");
  });
});

describe("operatorHost", () => {
  const open = () => openWhole({ operatorHost });

  it.each(routes)(
    "serves the routes that the dashboard reads, alone: %s",
    async (route, status) => {
      const { sent, tokenFor } = open();
      const expected = status === 200 ? 200 : 404;
      const reader = await tokenFor(operatorHost);
      for (const token of [reader, adminToken]) {
        expect((await sent(route, token, operatorHost)).status).toBe(expected);
      }
      // The token is valid only there, and the site keeps its other routes.
      expect((await sent(route, reader, host)).status).not.toBe(200);
      expect((await sent(route, await tokenFor(host), host)).status).not.toBe(200);
      const own = (await sent(route, adminToken, host)).status;
      expect(own === 404).toBe(route.includes("/dashboard/"));
    },
  );

  it.each([
    `https://${operatorHost}`,
    `http://${operatorHost}`,
    `https://OPS.example.com`,
    `https://${operatorHost}.`,
    `https://${operatorHost}:8443`,
  ])("serves the page, and nothing of the site: %s", async (origin) => {
    const { site } = open();
    const shell = await site.ask(`${origin}/_cache/`);
    expect(await shell.text()).toContain("<title>Tidemark</title>");
    for (const path of ["/", "/news/1", "/sw.js", "/_cache/nothing"]) {
      for (const method of ["GET", "HEAD", "POST", "PURGE"]) {
        expect((await site.ask(`${origin}${path}`, { method })).status).toBe(404);
      }
    }
    expect(site.origin.asked).toEqual([]);
  });

  it("leaves no file of the page on the site's hosts", async () => {
    const { site } = open();
    const shell = await (await site.ask(`https://${operatorHost}/_cache/`)).text();
    const paths = ["/_cache", "/_cache/", ...filesIn(shell)];
    for (const at of [host, "other.example.com", `${operatorHost}.evil.example`]) {
      for (const path of paths) expect((await site.ask(`https://${at}${path}`)).status).toBe(404);
    }
    expect((await site.ask(`http://127.0.0.1:8787/_cache/`)).status).toBe(200);
    expect((await site.get("/news/1")).status).toBe(200);
  });

  it("explains a path of the site, and its own as the operator's", async () => {
    const { sent, tokenFor } = open();
    const explained = async (url: string) =>
      (await sent(`get /explain?url=${url}`, await tokenFor(operatorHost), operatorHost)).text;
    expect(await explained("/news/1")).toContain(`https://${host}/news/1`);
    expect(JSON.parse(await explained(`https://${operatorHost}/x`))).toMatchObject({
      handling: "reserved",
    });
  });
});

it("a history costs no command of Redis", async () => {
  const commandsOf = async (config: object) => {
    const { site } = openWith(config);
    for (let minute = 0; minute < 10; minute += 1) {
      await site.get("/news/1");
      site.clock.advance(60);
      await site.fireCron();
    }
    const counted = Object.entries(site.counted());
    return counted.filter(([series]) => series.startsWith("redisCommands|metrics"));
  };
  const stats = await commandsOf({ parts: [dashboard()] });
  expect(stats).toEqual(await commandsOf({}));
});
