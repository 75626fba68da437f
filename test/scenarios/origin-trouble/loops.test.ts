// Tests requests that come back to the Worker that forwarded them. Via names each proxy on the way
// (RFC 9110 §7.6.3), and 508 reports a loop.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { type AskInit, openSite, type Site, until } from "../../../testing/site/harness.ts";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";

const siteHost = { SITE_HOST: "www.example.com" };

/** Makes the origin of a site send each request back to the site, or to another site. */
function leadBackTo(site: Site, to: Site = site): void {
  site.origin.script = ({ url, method, headers }) =>
    to.ask(url, { method, headers: Object.fromEntries(headers) });
}

describe("Via", () => {
  it.each<[init: AskInit, before: string]>([
    [{}, ""],
    [{ method: "POST" }, ""],
    [{ headers: { via: "1.0 a, 2 b" } }, "1.0 a, 2 b, "],
    [{ method: "POST", headers: { via: "1.0 a" } }, "1.0 a, "],
  ])("names this deployment in a request to the origin: %j", async (init, before) => {
    const site = openSite();
    await site.get("/a", init);
    expect(site.origin.last.fields.get("via")).toMatch(
      new RegExp(`^${before}1\\.1 tidemark-[\\w-]{11}$`),
    );
  });
});

describe("an origin that is this Worker itself", () => {
  it.each<AskInit>([
    {},
    { method: "HEAD" },
    { method: "POST", body: "a" },
    { headers: { upgrade: "websocket" } },
    { headers: { via: "1.1 front" } },
  ])("gets 508 when the request comes back a second time: %j", async (init) => {
    const site = openSite({ env: siteHost });
    leadBackTo(site);
    const seen = await site.get("/a", init);
    expect([seen.status, site.origin.count]).toEqual([508, 2]);
    expect(seen.fields.get("proxy-status")).toBe("tidemark; error=proxy_loop_detected");
    expect(seen.text).toBe(
      "508 Loop Detected\n\nThis site sends requests to itself. Only its operator can fix that.\n",
    );
    expect(`${seen.head}${seen.text}`).not.toContain("origin.invalid");
  });

  it("causes a 508 for each of three concurrent clients", async () => {
    const site = openSite({ env: siteHost });
    const gate = closedGate();
    site.origin.script = async ({ url, headers }) => {
      await gate.opened;
      return site.ask(url, { headers: Object.fromEntries(headers) });
    };
    const asking = [1, 2, 3].map(() => site.get("/a"));
    await until(() => site.origin.count === 1);
    gate.open();
    const seen = await Promise.all(asking);
    expect(seen.map(({ status }) => status)).toEqual([508, 508, 508]);
  });

  it("gets 508 on a route with globalCollapse()", async () => {
    const config = { routes: [{ name: "all", match: "*", use: [globalCollapse()] }] };
    const { near, far } = openPair({ config, env: siteHost });
    leadBackTo(near, far);
    const seen = await near.get("/a");
    await far.settle();
    expect([seen.status, near.origin.count]).toEqual([508, 2]);
  });

  it("gets a 508 that is not stored or retried, and does not shut the origin off", async () => {
    const site = openSite({ env: siteHost });
    leadBackTo(site);
    for (let nth = 1; nth <= 8; nth += 1) {
      expect((await site.get(`/${nth}`)).status).toBe(508);
    }
    expect(site.origin.count).toBe(16);
    site.origin.script = () => page("repaired", cc("max-age=60"));
    expect((await site.get("/1")).text).toBe("repaired");
  });

  it("does not affect a fresh response, and causes a 508 instead of a stale response", async () => {
    const site = openSite({
      env: siteHost,
      origin: () => page("page", cc("max-age=60, stale-if-error=600", { etag: '"1"' })),
    });
    await site.get("/a");
    leadBackTo(site);
    expect((await site.get("/a")).text).toBe("page");
    site.clock.advance(61);
    expect((await site.get("/a")).status).toBe(508);
    site.origin.script = () => new Response(null, { status: 503 });
    expect((await site.get("/a")).text).toBe("page");
  });

  it("is logged once a minute with the setting to correct", async () => {
    const config = {
      origins: { api: { url: "https://api.invalid" } },
      routes: [{ name: "api", match: "/api/*", origin: "api" }],
    };
    const site = openSite({ env: siteHost, config });
    const passesOn =
      "Otherwise a server behind this Worker forwards Via in its own requests to this site: let it drop Via.";
    leadBackTo(site);
    await site.get("/a");
    await site.get("/b", { method: "POST" });
    site.clock.advance(60);
    await site.get("/api/a");
    expect(site.log).toEqual([
      'Requests for the origin "default" come back to this Worker, so they get 508. ' +
        "If ORIGIN_URL or the binding ORIGIN is this Worker's own address, set it to the server behind this Worker. " +
        passesOn,
      'Requests for the origin "api" come back to this Worker, so they get 508. ' +
        "If origins.api is this Worker's own address, set it to the server behind this Worker. " +
        passesOn,
    ]);
  });
});

describe("a refresh that comes back to this Worker", () => {
  it("does not store the cached response again", async () => {
    const site = openSite({
      env: siteHost,
      origin: () => page("page", cc("max-age=60, stale-while-revalidate=600")),
    });
    await site.get("/a");
    leadBackTo(site);
    for (let nth = 0; nth < 3; nth += 1) {
      site.clock.advance(nth === 0 ? 70 : 2);
      const seen = await site.get("/a");
      const age = String(70 + 2 * nth);
      expect([seen.text, seen.fields.get("age")]).toEqual(["page", age]);
    }
    expect(site.origin.count).toBeGreaterThan(1);
    expect(site.log).toHaveLength(1);
  });
});

it("an origin may request another page of its site, whose response is not stored", async () => {
  const site = openSite({ env: siteHost });
  site.origin.script = async ({ url, headers }, nth) => {
    if (new URL(url).pathname === "/api/data") return page(`data ${nth}`, cc("max-age=60"));
    const data = await site.ask("/api/data", { headers: Object.fromEntries(headers) });
    return page(`page of ${await data.text()}`, cc("max-age=60"));
  };
  expect((await site.get("/api/data")).text).toBe("data 1");
  expect((await site.get("/page")).text).toBe("page of data 3");
  expect((await site.get("/api/data")).text).toBe("data 1");
  expect(site.log).toEqual([]);
});

it("a request that has come back once bypasses the cache", async () => {
  const site = openSite({ origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
  await site.get("/a");
  const via = site.origin.last.fields.get("via") ?? "";
  const seen = await site.get("/a", { headers: { via } });
  expect(seen.text).toBe("page 2");
  expect(seen.cacheStatus).toContain("detail=came-back");
  expect((await site.get("/a")).text).toBe("page 1");
});

it.each([
  { id: "cached-with-its-own-namespace", namespace: "behind", asked: 1 },
  { id: "uncached-with-the-same-namespace", namespace: "tidemark", asked: 2 },
])("one Tidemark may be the origin of two others: $id", async ({ namespace, asked }) => {
  const behind = openSite({ config: { namespace } });
  behind.origin.script = () => page("page", cc("max-age=60"));
  const fronts = [1, 2].map(() => openSite({ config: { namespace: "tidemark" } }));
  for (const front of fronts) {
    leadBackTo(front, behind);
    const seen = await front.get("/a");
    expect([seen.status, seen.text]).toEqual([200, "page"]);
  }
  expect(behind.origin.count).toBe(asked);
  expect(behind.origin.last.fields.get("via")).toMatch(/^1\.1 tidemark-\S+, 1\.1 tidemark-\S+$/);
});
