// Tests the fields of a request that Tidemark sends on behalf of all clients, such as a refresh. It
// has the fields of the key and of Vary, and Tidemark's own Accept and User-Agent. It has no other
// field of a client, and brings a page back that a client's own fields have changed.
// Needs parts: hot-keys.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { heat, openHotSite } from "../../parts/hot-keys/hot-site.ts";

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
const neutral = {
  ...ours,
  "user-agent": "Tidemark",
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
};

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

const allAddresses = {
  "cf-connecting-ip": "192.0.2.9",
  "x-forwarded-for": "192.0.2.9",
  "x-real-ip": "192.0.2.9",
};

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
  it("has Tidemark's User-Agent and Accept, and no field of a client", async () => {
    expect(lastTold(await refreshed(always()))).toEqual(neutral);
  });

  it("has User-Agent and Accept of the configuration", async () => {
    const anonymous = { accept: "application/json", userAgent: "Site/1.0" };
    const site = await refreshed(always(), {
      anonymous,
      routes: [{ name: "all", match: "*", anonymous: { userAgent: "Route/1.0" } }],
    });
    const own = { accept: "application/json", "user-agent": "Route/1.0" };
    expect(lastTold(site)).toEqual({ ...ours, ...own });
  });

  it.each<[vary: string, told: FieldTexts]>([
    ["accept-language", { "accept-language": "en" }],
    ["user-agent", { "user-agent": "Same/1.0" }],
    ["x-forwarded-for", allAddresses],
    ["x-real-ip", allAddresses],
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
    expect(lastTold(site)).toEqual({ ...neutral, ...told });
    const again = await site.get("/a", { headers: asks.second });
    expect(again.text).toBe("page 2");
    expect(again.cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  });

  it("has the fields and cookies of the route's key", async () => {
    const key = { headers: ["x-app", "x-shop"], cookies: ["currency"] };
    const keyed = { "x-app": "1", "x-shop": "9", cookie: "currency=EUR; session=1" };
    const asks = { first: { ...first, ...keyed }, second: { ...second, ...keyed } };
    const site = await refreshed(always(), { routes: [{ name: "all", match: "*", key }] }, asks);
    const told = { "x-app": "1", "x-shop": "9", cookie: "currency=EUR" };
    expect(lastTold(site)).toEqual({ ...neutral, ...told });
  });

  it("has Accept-Encoding for the coding of the stored response", async () => {
    const gzip = { "accept-encoding": "gzip" };
    const asks = { first: { ...first, ...gzip }, second: { ...second, ...gzip } };
    const site = await refreshed(always({ "content-encoding": "gzip" }), {}, asks);
    expect(lastTold(site)).toEqual({ ...neutral, ...gzip });
  });

  it("has no field that its route does not forward", async () => {
    const site = await refreshed(always(), {
      routes: [{ name: "few", match: "*", forward: ["accept"] }],
    });
    const { "user-agent": _, ...told } = neutral;
    expect(lastTold(site)).toEqual(told);
  });

  it("does not store a response with the address of the client that caused it", async () => {
    const site = await refreshed((_, nth) =>
      page(`page ${nth}`, lives(nth === 2 ? { "x-you": "192.0.2.2" } : {})),
    );
    expect((await site.get("/a")).text).toBe("page 1");
  });
});

it("the refresh of a hot key has no field of a client", async () => {
  const { colos } = openHotSite();
  const [near, , desk] = colos;
  await near.get("/a", { headers: first });
  await heat(near, ["/a"], { headers: { ...second, cookie: "" } });
  await desk.fireCron();
  expect([near.origin.count, lastTold(near)]).toEqual([2, neutral]);
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
  expect(lastTold(site)).toEqual(neutral);
});

/** An origin that negotiates without Vary, and whose validators are the same for every form. */
const silent =
  (fields: FieldTexts): Script =>
  ({ headers }) => {
    if (headers.get("if-none-match") === '"1"') return unchanged({ ...fields, etag: '"1"' });
    const isData = headers.get("accept")?.startsWith("application/json") === true;
    const type = isData ? "application/json" : "text/html";
    return page(isData ? "data" : "page", { ...fields, etag: '"1"', "content-type": type });
  };
const forData = { headers: { accept: "application/json" } };
const browser = { headers: { accept: "text/html,*/*;q=0.8", "user-agent": "Browser/1.0" } };

it("a page that one client's Accept-Language has changed comes back by the first refresh", async () => {
  const german = { headers: { "accept-language": "de" } };
  const origin: Script = ({ headers }) => {
    if (headers.get("if-none-match") === '"1"') return unchanged({ ...lives(), etag: '"1"' });
    const language = headers.get("accept-language") ?? "en";
    return page(language, { ...lives(), etag: '"1"', "content-language": language });
  };
  const site = openSite({ origin });
  await site.get("/a", german);
  site.clock.advance(61);
  expect((await site.get("/a", browser)).text).toBe("de");
  expect(lastTold(site)).toEqual(neutral);
  expect((await site.get("/a", german)).text).toBe("en");
});

describe("a page that one client's Accept has changed", () => {
  it("comes back with regular traffic and a plain max-age", async () => {
    const site = openSite({ origin: silent(cc("max-age=10")) });
    await site.get("/a", forData);
    const texts: string[] = [];
    for (let seconds = 0; seconds < 60; seconds += 1) {
      site.clock.advance(1);
      texts.push((await site.get("/a", browser)).text);
    }
    expect(texts.lastIndexOf("data")).toBeLessThanOrEqual(10);
  });

  it("comes back for a client that prefers another media type, which sends no validators", async () => {
    const site = openSite({ origin: silent(cc("no-cache")) });
    await site.get("/a", forData);
    expect((await site.get("/a", browser)).text).toBe("page");
    expect(site.origin.last.fields.get("if-none-match")).toBe(null);
    expect((await site.get("/a", browser)).cacheStatus).toContain("fwd-status=304");
  });
});

it("a refresh validates a page that an earlier refresh has fetched", async () => {
  const site = openSite({ origin: silent(lives()) });
  for (let nth = 0; nth < 3; nth += 1) {
    await site.get("/a", { headers: second });
    site.clock.advance(61);
  }
  expect([site.origin.count, lastTold(site)]).toEqual([3, { ...neutral, "if-none-match": '"1"' }]);
});

it("the refresh of a hot key that no tier has kept is anonymous as well", async () => {
  const { colos, upstash } = openHotSite();
  const [near, , desk] = colos;
  await heat(near, ["/a"], { headers: { ...second, cookie: "" } });
  upstash.lay({ ...upstash.kept, records: [] });
  await desk.fireCron();
  const { "accept-encoding": _, ...others } = neutral;
  expect([near.origin.count, lastTold(near)]).toEqual([2, expect.objectContaining(others)]);
});
