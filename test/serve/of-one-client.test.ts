// A public answer that gives a value of one client's request back: what is stored of it is for all,
// or for those alone who send the same.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config-schema.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { type AskInit, openColos, openSite, type Site } from "../fakes/harness.ts";
import { cc, type FieldTexts, page, unchanged } from "../fakes/origin-in-process.ts";

const [siteA, siteB] = ["https://a.example", "https://b.example"] as const;
const from = (origin?: string): AskInit => (origin === undefined ? {} : { headers: { origin } });

const allowing = "access-control-allow-origin";
const stored = cc("public, max-age=60");

/** What CORS comes to for these, one after the other, twice each: the field of each answer. */
async function allowedTo(site: Site, origins: readonly (string | undefined)[], name = allowing) {
  const seen: (string | null)[] = [];
  for (const origin of [...origins, ...origins]) {
    seen.push((await site.get("/a", from(origin))).fields.get(name));
  }
  return seen;
}

describe("an origin that gives the Origin of a request back, without Vary", () => {
  it.each<{ id: string; name?: string; fields?: FieldTexts; origins: (string | undefined)[] }>([
    { id: "two-sites", origins: [siteA, siteB] },
    { id: "null", origins: ["null", siteA] },
    {
      id: "with-credentials",
      fields: { "access-control-allow-credentials": "true" },
      origins: [siteA, siteB],
    },
    { id: "none-after-a-site", origins: [siteA, undefined, siteB] },
    { id: "beside-another-vary", fields: { vary: "Accept-Language" }, origins: [siteA, siteB] },
    { id: "of-timing", name: "timing-allow-origin", origins: [siteA, siteB] },
  ])("has an answer stored for each: $id", async ({ name = allowing, fields = {}, origins }) => {
    const site = openSite({
      origin: ({ headers }) => {
        const origin = headers.get("origin");
        const echo = origin === null ? {} : { [name]: origin };
        return page("page", { ...stored, ...fields, ...echo });
      },
    });
    const expected = origins.map((origin) => origin ?? null);
    expect(await allowedTo(site, origins, name)).toEqual([...expected, ...expected]);
    expect(site.origin.count).toBe(origins.length);
  });

  it("tells browsers of it, in every tier's answer", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const origin = ({ headers }: Request) =>
      page("page", { ...stored, vary: "X-A", [allowing]: headers.get("origin") ?? "" });
    const [near, far] = openColos(2, { clock, upstash, origin }) as [Site, Site];
    const seen = [await near.get("/a", from(siteA)), await near.get("/a", from(siteA))];
    seen.push(await far.get("/a", from(siteA)));
    expect(seen.map(({ fields }) => fields.get("vary"))).toEqual(Array(3).fill("X-A, Origin"));
    expect([seen[2]?.cacheStatus, near.origin.count]).toEqual([
      expect.stringContaining("detail=shared"),
      1,
    ]);
  });

  it("is stored for no more of them than limits.variants", async () => {
    const config = { limits: { variants: 2 } };
    const origin = ({ headers }: Request) =>
      page("page", { ...stored, [allowing]: headers.get("origin") ?? "" });
    const site = openSite({ config, origin });
    for (const one of [siteA, siteB, "https://c.example"]) await site.get("/a", from(one));
    expect((await site.get("/a", from(siteA))).cacheStatus).toContain("hit");
    const third = await site.get("/a", from("https://c.example"));
    expect([third.fields.get(allowing), third.cacheStatus]).toEqual([
      "https://c.example",
      expect.stringContaining("too-many-variants"),
    ]);
  });

  it("keeps apart whom it does not allow", async () => {
    const site = openSite({
      origin: ({ headers }) =>
        page("page", headers.get("origin") === siteA ? { ...stored, [allowing]: siteA } : stored),
    });
    expect(await allowedTo(site, [siteA, siteB])).toEqual([siteA, null, siteA, null]);
  });

  it("may begin with a 304", async () => {
    const site = openSite({
      origin: ({ headers }, nth) => {
        const echo = { etag: '"1"', [allowing]: headers.get("origin") ?? "" };
        if (nth === 1) return page("page", cc("max-age=60", { etag: '"1"', vary: "X-A" }));
        return headers.has("if-none-match")
          ? unchanged(echo)
          : page("page", { ...stored, ...echo });
      },
    });
    await site.get("/a");
    site.clock.advance(61);
    expect((await site.get("/a", from(siteA))).fields.get("vary")).toBe("X-A, Origin");
    expect(await allowedTo(site, [siteA, siteB])).toEqual([siteA, siteB, siteA, siteB]);
  });

  it("may go on with a 304 that says nothing of it", async () => {
    const site = openSite({
      origin: ({ headers }) => {
        const echo = { ...stored, etag: '"1"', [allowing]: headers.get("origin") ?? "" };
        return headers.has("if-none-match")
          ? unchanged(cc("max-age=60", { vary: "X-A" }))
          : page("page", echo);
      },
    });
    await site.get("/a", from(siteA));
    site.clock.advance(61);
    expect((await site.get("/a", from(siteA))).cacheStatus).toContain("fwd-status=304; stored");
    expect(await allowedTo(site, [siteA, siteB])).toEqual([siteA, siteB, siteA, siteB]);
  });
});

describe("an origin that answers all sites alike has one answer for them", () => {
  it.each([
    { id: "any", value: "*" },
    { id: "another-site", value: "https://c.example" },
    { id: "no-whole-value", value: "https://a.example.com" },
  ])("$id", async ({ value }) => {
    const site = openSite({ origin: () => page("page", { ...stored, [allowing]: value }) });
    expect(await allowedTo(site, [siteA, siteB, undefined])).toEqual(Array(6).fill(value));
    expect(site.origin.count).toBe(1);
  });

  it("once another has asked than the one it names", async () => {
    const site = openSite({ origin: () => page("page", { ...stored, [allowing]: siteA }) });
    expect(await allowedTo(site, [siteA, siteB])).toEqual(Array(4).fill(siteA));
    expect(site.origin.count).toBe(2);
  });
});

const address = "192.0.2.7";
const session = "0123456789abcdef";
const asked = (more: FieldTexts = {}): AskInit => ({
  headers: { "cf-connecting-ip": address, cookie: `session=${session}`, ...more },
});

describe("what tells of one client goes to that client alone", () => {
  it.each([
    { id: "address", name: "x-client-ip", value: address },
    { id: "address-in-a-list", name: "x-seen", value: `10.0.0.1, ${address}:4711` },
    { id: "address-in-another-value", name: "server-timing", value: `ip;desc="${address}"` },
    { id: "session", name: "x-session", value: session },
    { id: "session-in-another-value", name: "x-user", value: `id=${session.toUpperCase()}; a` },
  ])("$id", async ({ name, value }) => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const origin = () => page("page", { ...stored, [name]: value, "x-app": "1" });
    const site = openSite({ clock, upstash, origin });
    const seen = [await site.get("/a", asked()), await site.get("/a")];
    expect(seen.map(({ fields }) => fields.get(name))).toEqual([value, null]);
    expect(seen[1]?.fields.get("x-app")).toBe("1");
    expect(site.cache.text + upstash.text).not.toContain(value);
  });

  it.each<{ id: string; value: string; init?: AskInit; fields?: FieldTexts; config?: ConfigInput }>(
    [
      { id: "a-longer-address", value: `${address}0` },
      { id: "a-version", value: `1.${address}` },
      { id: "a-short-cookie", value: "de", init: { headers: { cookie: "language=de" } } },
      { id: "no-address", value: "a", init: { headers: { "cf-connecting-ip": "a" } } },
      {
        id: "a-cookie-of-the-key",
        value: session,
        config: { routes: [{ name: "all", match: "*", key: { cookies: ["session"] } }] },
      },
      { id: "what-varies-by-cookie", value: session, fields: { vary: "Cookie" } },
      { id: "what-varies-by-address", value: address, fields: { vary: "X-Forwarded-For" } },
      {
        id: "an-address-of-the-key",
        value: address,
        config: { routes: [{ name: "all", match: "*", key: { headers: ["cf-connecting-ip"] } }] },
      },
    ],
  )("but is no $id", async ({ value, init = asked(), fields = {}, config = {} }) => {
    const origin = () => page("page", { ...stored, ...fields, "x-echo": value });
    const site = openSite({ config, origin });
    const seen = [await site.get("/a", init), await site.get("/a", init)];
    expect(seen.map(({ fields: told }) => told.get("x-echo"))).toEqual([value, value]);
    expect(site.origin.count).toBe(1);
  });

  it("also of a 304", async () => {
    const site = openSite({
      origin: ({ headers }) => {
        const seen = headers.get("x-forwarded-for") ?? "nobody";
        const fields = { ...stored, etag: '"1"', "x-client-ip": seen };
        return headers.has("if-none-match") ? unchanged(fields) : page("page", fields);
      },
    });
    await site.get("/a");
    site.clock.advance(61);
    const seen = [await site.get("/a", asked()), await site.get("/a")];
    expect(seen.map(({ fields }) => fields.get("x-client-ip"))).toEqual([address, "nobody"]);
  });

  it("a redirect to it is not stored", async () => {
    const location = `/from?address=${address}`;
    const site = openSite({ origin: () => page("", { ...stored, location }, 302) });
    const seen = await site.get("/a", asked());
    expect([seen.fields.get("location"), seen.cacheStatus]).toEqual([
      location,
      "tidemark; fwd=uri-miss; fwd-status=302; detail=names-client",
    ]);
    await site.get("/a");
    expect(site.origin.count).toBe(2);
  });
});
