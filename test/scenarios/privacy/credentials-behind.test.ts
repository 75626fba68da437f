// Tests requests with a credential in addition to a plain GET: refreshes, validations, HEAD,
// ranges, errors, locks, warming, hot keys and the middleware. No other client gets the response
// to a credential.
// Needs parts: global-collapse, hot-keys.
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { tidemark } from "../../../src/hono.ts";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { defineConfig } from "../../../src/tidemark.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { type AskInit, openSite, read } from "../../../testing/site/harness.ts";
import { heat, openHotSite } from "../../parts/hot-keys/hot-site.ts";
import { openWarmSite, warmed } from "../../../testing/site/warm-site.ts";

const field = "x-api-key";
const alice: AskInit = { headers: { [field]: "alice" } };
const bob: AskInit = { headers: { [field]: "bob" } };
const all = (more: object = {}): ConfigInput => ({
  routes: [{ name: "all", match: "*", fresh: "1m", ...more }],
});

describe("a background refresh after a request with a credential", () => {
  it("does not send the credential", async () => {
    const fields = cc("public, max-age=60, stale-while-revalidate=60");
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, fields) });
    await site.get("/a");
    site.clock.advance(61);
    expect((await site.get("/a", alice)).text).toBe("page 1");
    expect([site.origin.count, site.origin.last.fields.has(field)]).toEqual([2, false]);
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("sends the credential that selects the variant, and keeps other variants", async () => {
    const fields = cc("max-age=60, stale-while-revalidate=60", { vary: field });
    const site = openSite({
      origin: ({ headers }, nth) => page(`${headers.get(field)} ${nth}`, fields),
    });
    await site.get("/a", alice);
    await site.get("/a", bob);
    site.clock.advance(61);
    expect((await site.get("/a", alice)).text).toBe("alice 1");
    expect(site.origin.last.fields.get(field)).toBe("alice");
    expect((await site.get("/a", alice)).text).toBe("alice 3");
    expect((await site.get("/a", bob)).text).toBe("bob 2");
  });

  it("does not store a response that no longer varies by the credential", async () => {
    const vary = cc("max-age=60, stale-while-revalidate=60", { vary: field });
    const site = openSite({
      origin: ({ headers }, nth) =>
        page(`${headers.get(field)} ${nth}`, nth === 1 ? vary : cc("max-age=60")),
    });
    await site.get("/a", alice);
    site.clock.advance(61);
    await site.get("/a", alice);
    expect(site.origin.count).toBe(2);
    expect((await site.get("/a")).text).toBe("null 3");
    expect((await site.get("/a", bob)).text).toBe("bob 4");
  });
});

describe("a stored response", () => {
  it("gets no field from a 304 to a request with a credential", async () => {
    const site = openSite();
    site.origin.script = ({ headers }, nth) =>
      nth === 1
        ? page("page", cc("public, max-age=60", { etag: '"1"' }))
        : unchanged({ etag: '"1"', "x-name": headers.get(field) ?? "nobody" });
    await site.get("/a");
    site.clock.advance(61);
    expect((await site.get("/a", alice)).text).toBe("page");
    const next = await site.get("/a");
    expect([next.text, next.fields.get("x-name")]).toEqual(["page", "nobody"]);
  });

  it("is neither removed nor used by a HEAD request with a credential", async () => {
    const site = openSite({ config: all() });
    site.origin.script = ({ headers }) => {
      const who = headers.get(field) ?? "nobody";
      return page(who, { etag: `"${who}"`, "content-length": `${who.length}` });
    };
    await site.get("/a");
    const head = await site.get("/a", { ...alice, method: "HEAD" });
    expect(head.fields.get("etag")).toBe('"alice"');
    expect((await site.get("/a")).cacheStatus).toMatch(/hit/);
    expect(site.origin.count).toBe(2);
  });

  it("is kept after a no-store answer to a request with a credential", async () => {
    const site = openSite({ config: all() });
    site.origin.script = ({ headers }) =>
      headers.has(field) ? page("mine", cc("no-store")) : page("page");
    await site.get("/a");
    expect((await site.get("/a", alice)).text).toBe("mine");
    expect((await site.get("/a")).cacheStatus).toMatch(/hit/);
  });

  it("does not answer a request with a credential while stale, even after an error", async () => {
    const site = openSite({ config: all({ staleWhileRevalidate: "1h", staleIfError: "1h" }) });
    site.origin.script = (_, nth) => (nth === 1 ? page("page") : page("down", {}, 500));
    await site.get("/a");
    site.clock.advance(61);
    const own = await site.get("/a", alice);
    expect([own.status, own.text]).toEqual([500, "down"]);
    expect((await site.get("/a")).text).toBe("page");
  });

  it("answers no range request with a credential", async () => {
    const site = openSite({ config: all() });
    site.origin.script = ({ headers }) => page(`whole of ${headers.get(field) ?? "nobody"}`);
    const range = (init: AskInit): AskInit => ({
      headers: { ...init.headers, range: "bytes=9-13" },
    });
    await site.get("/a");
    expect((await site.get("/a", range({}))).text).toBe("nobod");
    expect((await site.get("/a", range(alice))).text).toContain("alice");
    site.clock.advance(61);
    expect((await site.get("/a", range(alice))).text).toContain("alice");
    expect((await site.get("/a", range(bob))).text).toContain("bob");
    expect((await site.get("/a", range({}))).text).not.toMatch(/alic|bob/);
  });

  it("does not answer an only-if-cached request with a credential", async () => {
    const site = openSite({ config: all(), origin: () => page("page") });
    await site.get("/a");
    const init = { headers: { ...alice.headers, "cache-control": "only-if-cached" } };
    expect([(await site.get("/a", init)).status, site.origin.count]).toEqual([504, 1]);
  });
});

describe("a response to a credential", () => {
  it.each([
    ["isolate", []],
    ["global", [globalCollapse()]],
  ])("answers no other client: %s", async (_, use) => {
    const { near, far, upstash } = openPair({
      config: all({ use }),
      origin: ({ headers }, nth) => page(`${headers.get(field)} ${nth}`),
    });
    const seen = await Promise.all([near.get("/a", alice), far.get("/a", bob)]);
    expect(seen.map(({ text }) => text.split(" ")[0])).toEqual(["alice", "bob"]);
    expect(upstash.lockCommands).toEqual([]);
    expect((await near.get("/a")).text).toBe("null 3");
    expect((await far.get("/a")).text).toBe("null 3");
    expect((await far.get("/a", bob)).text).toBe("bob 4");
  });

  it("cannot be warmed by the operator", async () => {
    const { near } = openWarmSite({ config: all() });
    const [told] = await warmed(near, { url: "/a", headers: alice.headers });
    expect(JSON.stringify(told)).toContain(field);
    expect(near.origin.count).toBe(0);
  });

  it("is not reported as a hot key", async () => {
    const site = openHotSite({
      origin: (_, nth) => page(`page ${nth}`, cc("max-age=120", { vary: field })),
    });
    await heat(site.colos[0], ["/a"], alice);
    await heat(site.colos[0], ["/b"]);
    expect(site.told().map(({ url }) => new URL(url).pathname)).toEqual(["/b"]);
    expect(JSON.stringify(site.upstash.hotCommands)).not.toContain("alice");
  });

  it("does not answer other clients of the middleware", async () => {
    const app = new Hono();
    app.get("/a", (c) => c.text(`for ${c.req.header(field) ?? "nobody"}`));
    const site = tidemark(app, defineConfig({ routes: [{ name: "a", match: "*", fresh: "1m" }] }), {
      env: {},
    });
    const ask = async (init: AskInit) =>
      (await read(await site.fetch(new Request("https://www.example.com/a", init)))).text;
    const seen = [await ask(alice), await ask(bob), await ask({}), await ask(alice), await ask({})];
    expect(seen).toEqual(["for alice", "for bob", "for nobody", "for alice", "for nobody"]);
  });
});
