// Tests the fields of a request that Tidemark sends on behalf of all clients, such as a refresh. It
// has the fields of the key and of Vary, and some fields of the request whose response is stored.
// It has no field of the client that caused the refresh.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { heat, openHotSite } from "../../../testing/site/hot-site.ts";

const first = {
  "user-agent": "First/1.0",
  accept: "text/html",
  "cf-connecting-ip": "192.0.2.1",
  "x-first": "1",
};
const second = {
  "user-agent": "Second/2.0",
  accept: "image/webp",
  "accept-language": "de",
  referer: "https://second.example/",
  cookie: "session=second-of-all-sessions",
  via: "1.1 second-proxy",
  "x-odd": "2",
  "cf-connecting-ip": "192.0.2.2",
};
/** The fields that Tidemark adds itself, except `Via`. */
const ours = {
  "accept-encoding": "identity",
  "cache-control": "max-age=0",
  "surrogate-capability": 'tidemark="Surrogate/1.0"',
  "x-forwarded-host": "www.example.com",
  "x-forwarded-proto": "https",
};
const ofFirst = { ...ours, "user-agent": "First/1.0", accept: "text/html" };

const lives = (fields: FieldTexts = {}) =>
  cc("public, max-age=60, stale-while-revalidate=600", fields);
const always =
  (fields: FieldTexts = {}): Script =>
  (_, nth) =>
    page(`page ${nth}`, lives(fields));

function lastTold(site: Site): Record<string, string> {
  const { via, ...told } = Object.fromEntries(site.origin.last.fields);
  expect(via).toMatch(/^1\.1 tidemark-[\w-]+$/);
  return told;
}

/**
 * Stores a page for the first client, and refreshes the stale page because of the second client.
 */
async function refreshed(origin: Script, config: ConfigInput = {}, asks = { first, second }) {
  const site = openSite({ origin, config });
  await site.get("/a", { headers: asks.first });
  site.clock.advance(61);
  const seen = await site.get("/a", { headers: asks.second });
  expect([seen.text, site.origin.count]).toEqual(["page 1", 2]);
  return site;
}

describe("a refresh in the background of a stale answer", () => {
  it("has User-Agent and Accept of the first client, and no field of the second", async () => {
    expect(lastTold(await refreshed(always()))).toEqual(ofFirst);
  });

  it.each<[vary: string, told: FieldTexts]>([
    ["accept-language", { "accept-language": "en" }],
    ["user-agent", { "user-agent": "Same/1.0" }],
    ["x-forwarded-for", { "x-forwarded-for": "192.0.2.9", "cf-connecting-ip": "192.0.2.9" }],
    ["accept-encoding", { "accept-encoding": "gzip" }],
  ])("has the field by which the response varies: %s", async (vary, told) => {
    const same = {
      "accept-language": "en",
      "user-agent": "Same/1.0",
      "cf-connecting-ip": "192.0.2.9",
      "accept-encoding": "gzip",
    };
    const asks = { first: { ...first, ...same }, second: { ...second, ...same } };
    const site = await refreshed(always({ vary }), {}, asks);
    expect(lastTold(site)).toEqual({ ...ofFirst, "user-agent": "Same/1.0", ...told });
    const again = await site.get("/a", { headers: asks.second });
    expect(again.text).toBe("page 2");
    expect(again.cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  });

  it("has the fields and cookies of the route's key", async () => {
    const key = { headers: ["x-app", "x-real-ip"], cookies: ["currency"] };
    const keyed = { "x-app": "1", "x-real-ip": "9", cookie: "currency=EUR; session=1" };
    const asks = { first: { ...first, ...keyed }, second: { ...second, ...keyed } };
    const site = await refreshed(always(), { routes: [{ name: "all", match: "*", key }] }, asks);
    const told = { "x-app": "1", "x-real-ip": "9", cookie: "currency=EUR" };
    expect(lastTold(site)).toEqual({ ...ofFirst, ...told });
  });

  it("has Accept-Encoding for the coding of the stored response", async () => {
    const gzip = { "accept-encoding": "gzip" };
    const asks = { first: { ...first, ...gzip }, second: { ...second, ...gzip } };
    const site = await refreshed(always({ "content-encoding": "gzip" }), {}, asks);
    expect(lastTold(site)).toEqual({ ...ofFirst, ...gzip });
  });

  it("has no field that its route does not forward", async () => {
    const site = await refreshed(always(), {
      routes: [{ name: "few", match: "*", forward: ["accept"] }],
    });
    expect(lastTold(site)).toEqual({ ...ours, accept: "text/html" });
  });

  it.each(["Odd\u00011.0", "Odd\u007f1.0"])(
    "does not have User-Agent and Accept with a control character: %j",
    async (odd) => {
      const { near, far, clock } = openPair({ origin: always() });
      await near.get("/a", { headers: { ...first, "user-agent": odd, accept: odd } });
      expect((await far.get("/a")).cacheStatus).toContain("detail=shared");
      clock.advance(61);
      await near.get("/a");
      expect(lastTold(near)).toEqual(ours);
    },
  );

  it("does not have User-Agent and Accept above 256 characters", async () => {
    const long = "x".repeat(257);
    const asks = { first: { ...first, "user-agent": long, accept: long }, second };
    expect(lastTold(await refreshed(always(), {}, asks))).toEqual(ours);
  });

  it("does not store a response with the address of the client that caused it", async () => {
    const site = await refreshed((_, nth) =>
      page(`page ${nth}`, lives(nth === 2 ? { "x-you": "192.0.2.2" } : {})),
    );
    expect((await site.get("/a")).text).toBe("page 1");
  });
});

it("a refresh ahead of the expiry has no field of the second client", async () => {
  const routes = [{ name: "all", match: "*", refreshAhead: "20s" }];
  const site = openSite({ origin: always(), config: { routes } });
  await site.get("/a", { headers: first });
  site.clock.advance(50);
  await site.get("/a", { headers: second });
  expect([site.origin.count, lastTold(site)]).toEqual([2, ofFirst]);
});

it("the refresh of a hot key has User-Agent and Accept of the stored request", async () => {
  const { colos } = openHotSite();
  const [near, , desk] = colos;
  await near.get("/a", { headers: first });
  await heat(near, ["/a"], { headers: { ...second, cookie: "" } });
  await desk.fireCron();
  expect([near.origin.count, lastTold(near)]).toEqual([2, ofFirst]);
});

it("a probe of an origin has no field of a client", async () => {
  const site = openSite({ origin: () => page("page", cc("max-age=60")) });
  await site.get("/a", { headers: first });
  site.clock.advance(61);
  site.origin.script = unreachable;
  for (let nth = 0; nth < 5; nth += 1) await site.get(`/broken/${nth}`);
  site.clock.advance(1);
  site.origin.script = always();
  expect((await site.get("/b", { headers: second })).status).toBe(503);
  expect(site.origin.last.path).toBe("/");
  expect(lastTold(site)).toEqual({ ...ours, accept: "*/*", "user-agent": "Tidemark" });
});

it("a refresh has the first client's User-Agent after a 304 to another client", async () => {
  const site = await refreshed(({ headers }, nth) =>
    headers.has("if-none-match")
      ? unchanged(lives({ etag: '"1"' }))
      : page(`page ${nth}`, lives({ etag: '"1"' })),
  );
  site.clock.advance(700);
  await site.get("/a", { headers: second });
  expect(site.origin.last.fields.get("user-agent")).toBe("Second/2.0");
  site.clock.advance(61);
  await site.get("/a", { headers: second });
  expect([site.origin.count, lastTold(site)]).toEqual([4, { ...ofFirst, "if-none-match": '"1"' }]);
});

it("the refresh of a record without a stored User-Agent has Tidemark's User-Agent", async () => {
  const { near, far, clock, upstash } = openPair({ origin: always() });
  await near.get("/a", { headers: first });
  upstash.rewrite((text) => text.replace(/"askedBy":\{[^}]*\},?/, ""));
  clock.advance(61);
  await far.get("/a", { headers: second });
  expect(far.origin.count).toBe(2);
  expect(lastTold(far)).toEqual({ ...ours, accept: "*/*", "user-agent": "Tidemark" });
});
