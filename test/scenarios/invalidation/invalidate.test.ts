// What a request of an unsafe method invalidates, and what not (RFC 9111 §4.4).
import { describe, expect, it } from "vitest";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, openSite, type Site, until } from "../../../testing/site/harness.ts";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";

/** Pages count how often the origin was asked; an unsafe request is answered as the row says. */
function siteWith(status: number, fields: Record<string, string> = {}): Site {
  const clock = new FakeClock();
  return openSite({
    clock,
    upstash: new FakeUpstash(clock),
    origin: (request, nth) =>
      request.method === "GET"
        ? page(`page ${nth}`, cc("max-age=600"))
        : new Response(null, { status, headers: fields }),
  });
}

const inGroup = { "cache-groups": '"news"' };
const ofGroup = { "cache-group-invalidation": '"news"' };

const isHit = async (site: Site, path: string) => /; hit/.test((await site.get(path)).cacheStatus);

describe("an answer that is no error", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "PURGE"])(
    "to %s invalidates its URI",
    async (method) => {
      const site = siteWith(204);
      await site.get("/a?x=1");
      await site.settle();
      await site.get("/a?utm_source=y&x=1", { method });
      site.clock.advance(0.001);
      expect(await isHit(site, "/a?x=1")).toBe(false);
      expect(await isHit(site, "/a?x=1")).toBe(true);
    },
  );

  it.each([
    { id: "location", fields: { location: "/b" } },
    { id: "content-location", fields: { "content-location": "/b" } },
    { id: "absolute", fields: { location: "https://www.example.com/b" } },
  ])("invalidates what it names: $id", async ({ fields }) => {
    const site = siteWith(201, fields);
    await site.get("/b");
    await site.settle();
    await site.get("/a", { method: "POST" });
    expect(await isHit(site, "/b")).toBe(false);
  });

  it("does not invalidate what another host answers", async () => {
    const site = siteWith(201, { location: "https://other.example/b" });
    await site.get("https://other.example/b");
    await site.settle();
    await site.get("/a", { method: "POST" });
    expect(await isHit(site, "https://other.example/b")).toBe(true);
  });

  it("takes a redirect for no error", async () => {
    const site = siteWith(303, { location: "/elsewhere" });
    await site.get("/a");
    await site.get("/a", { method: "POST" });
    expect(await isHit(site, "/a")).toBe(false);
  });
});

describe("nothing is invalidated", () => {
  it.each([400, 403, 404, 500, 503])("by an error: %i", async (status) => {
    const site = siteWith(status);
    await site.get("/a");
    await site.get("/a", { method: "POST" });
    expect(await isHit(site, "/a")).toBe(true);
  });

  it.each(["OPTIONS", "HEAD"])("by a safe method: %s", async (method) => {
    const site = siteWith(200);
    await site.get("/a");
    await site.get("/a", { method });
    expect(await isHit(site, "/a")).toBe(true);
  });
});

describe("what else is old by then", () => {
  it("every variant, also when a new one is stored first", async () => {
    const site = siteWith(204);
    site.origin.script = ({ method, headers }, nth) =>
      method === "GET"
        ? page(
            `${headers.get("accept-language")} ${nth}`,
            cc("max-age=600", { vary: "accept-language" }),
          )
        : new Response(null, { status: 204 });
    const inLanguage = (language: string) =>
      site.get("/a", { headers: { "accept-language": language } });
    await inLanguage("de");
    await inLanguage("fr");
    await site.settle();
    site.clock.advance(1);
    await site.get("/a", { method: "POST" });
    await site.settle();
    site.clock.advance(1);
    await inLanguage("de");
    await site.settle();
    expect((await inLanguage("fr")).cacheStatus).toContain("fwd=vary-miss");
  });

  it("variants in another isolate of the colo that reads the same tiers", async () => {
    const clock = new FakeClock();
    const [near, far] = openColos(2, {
      clock,
      upstash: new FakeUpstash(clock),
      config: { routes: [{ name: "shared", match: "*", tiers: ["shared"] }] },
      origin: ({ method, headers }, nth) =>
        method === "GET"
          ? page(
              `${headers.get("accept-language")} ${nth}`,
              cc("max-age=600", { vary: "accept-language" }),
            )
          : new Response(null, { status: 204 }),
    }) as [Site, Site];
    const french = { headers: { "accept-language": "fr" } };
    const german = { headers: { "accept-language": "de" } };
    await near.get("/a", french);
    await near.settle();
    clock.advance(1);
    await near.get("/a", { method: "POST" });
    await near.settle();
    clock.advance(1);
    await far.get("/a", german);
    await far.settle();
    expect((await far.get("/a", french)).cacheStatus).toContain("fwd=vary-miss");
  });

  it("a response that was under way", async () => {
    const gate = closedGate();
    const site = siteWith(204);
    const { script } = site.origin;
    site.origin.script = async (request, nth) => {
      if (request.method === "GET" && nth === 1) await gate.opened;
      return script(request, nth);
    };
    const early = site.ask("/a");
    await until(() => site.origin.count === 1);
    await site.ask("/a", { method: "POST" });
    gate.open();
    await (await early).text();
    await site.settle();
    site.clock.advance(0.001);
    expect(await isHit(site, "/a")).toBe(false);
  });
});

it.each(["GET", "HEAD", "OPTIONS"])(
  "an answer to %s, which is safe, invalidates no group (RFC 9875 §3)",
  async (method) => {
    const site = openSite({
      origin: ({ url }) => page("page", cc("max-age=600", url.endsWith("/a") ? inGroup : ofGroup)),
    });
    await site.get("/a");
    site.clock.advance(0.001);
    await site.get("/b", { method });
    expect(await isHit(site, "/a")).toBe(true);
  },
);

it("an answer over https invalidates nothing of http (RFC 9111 §4.4)", async () => {
  const origin = ({ method }: Request) =>
    method === "GET"
      ? page("page", cc("max-age=600"))
      : new Response(null, { status: 201, headers: { location: "http://www.example.com/b" } });
  const site = openSite({ origin });
  await site.get("http://www.example.com/b");
  await site.get("/a", { method: "POST" });
  expect(await isHit(site, "http://www.example.com/b")).toBe(true);
});

it("one name of the site invalidates what its colo stored under the first", async () => {
  const [near, far] = openColos(2, {
    env: { SITE_HOST: "a.example" },
    origin: ({ method }, nth) =>
      method === "GET"
        ? page(`page ${nth}`, cc("max-age=600"))
        : new Response(null, { status: 204 }),
  }) as [Site, Site];
  // Two isolates of one colo.
  Object.assign(far, { cache: near.cache });
  await near.get("https://a.example/x");
  near.clock.advance(1);
  await near.get("https://b.example/x", { method: "POST" });
  near.clock.advance(1);
  expect((await far.get("https://a.example/x")).text).toBe("page 3");
});

it.each(["edge", "shared"])(
  "what could not be taken out of a tier is counted: %s",
  async (tier) => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = openSite({ clock, upstash, env: { ADMIN_TOKEN: adminToken } });
    if (tier === "edge") site.cache.mode = "throws";
    else upstash.mode = "down";
    await site.get("/a", { method: "POST" });
    const { text } = await site.get("/_cache/stats", {
      headers: bearer,
    });
    const { writes } = JSON.parse(text) as { writes: unknown };
    expect(writes).toEqual({ [tier]: { "not-removed": 1 } });
  },
);
