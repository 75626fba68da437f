// Tests public responses that contain a value from the client's request. Such a response is stored
// only for clients that send the same value, or not at all.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  type AskInit,
  openSite,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const [siteA, siteB] = ["https://a.example", "https://b.example"] as const;
const from = (origin?: string): AskInit => (origin === undefined ? {} : { headers: { origin } });

const allowing = "access-control-allow-origin";
const stored = cc("public, max-age=60");

/** Answers with the request's Origin in Access-Control-Allow-Origin. */
const echoing = ({ headers }: Request) =>
  page("page", { ...stored, [allowing]: headers.get("origin") ?? "" });

/** Requests a page from each origin in order, twice, and returns the field of each answer. */
async function allowedTo(site: Site, origins: readonly (string | undefined)[], name = allowing) {
  const seen: (string | null)[] = [];
  for (const origin of [...origins, ...origins]) {
    seen.push((await site.get("/a", from(origin))).fields.get(name));
  }
  return seen;
}

describe("a server that echoes the Origin of a request without Vary", () => {
  const credentials = { "access-control-allow-credentials": "true" };

  it.each<[origins: (string | undefined)[], fields?: FieldTexts, name?: string]>([
    [[siteA, siteB]],
    [["null", siteA]],
    [[siteA, undefined, siteB]],
    [[siteA, siteB], credentials],
    [[siteA, siteB], { vary: "Accept-Language" }],
    [[siteA, siteB], {}, "timing-allow-origin"],
  ])("has a response for each Origin: %j %j %s", async (origins, fields = {}, name = allowing) => {
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

  it("has Origin added to Vary in answers from each tier", async () => {
    const origin = ({ headers }: Request) =>
      page("page", { ...stored, vary: "X-A", [allowing]: headers.get("origin") ?? "" });
    const { near, far } = openPair({ origin });
    const seen = [await near.get("/a", from(siteA)), await near.get("/a", from(siteA))];
    seen.push(await far.get("/a", from(siteA)));
    expect(seen.map(({ fields }) => fields.get("vary"))).toEqual(Array(3).fill("X-A, Origin"));
    expect(seen[2]?.cacheStatus).toContain("detail=shared");
    expect(near.origin.count).toBe(1);
  });

  it("has responses stored for at most limits.variants origins", async () => {
    const site = openSite({ config: { limits: { variants: 2 } }, origin: echoing });
    for (const one of [siteA, siteB]) await site.get("/a", from(one));
    const third = await site.get("/a", from("https://c.example"));
    expect((await site.get("/a", from(siteA))).cacheStatus).toContain("hit");
    expect(third.fields.get(allowing)).toBe("https://c.example");
    expect(third.cacheStatus).toContain("too-many-variants");
  });

  const allowedAlone = (...allowed: string[]) =>
    openSite({
      origin: ({ headers }) => {
        const origin = headers.get("origin") ?? "";
        return page("page", { ...stored, ...(allowed.includes(origin) && { [allowing]: origin }) });
      },
      config: { limits: { variants: 2 } },
    });

  it("has responses stored for allowed origins and for requests without Origin", async () => {
    const site = allowedAlone(siteA);
    await site.get("/a", from(siteA));
    const others = ["https://c.example", "https://d.example", "text/html", "c.example, d.example"];
    for (const other of others) {
      expect((await site.get("/a", from(other))).cacheStatus).toContain("detail=names-client");
    }
    expect((await site.get("/a")).cacheStatus).toContain("; stored");
    expect(await allowedTo(site, [siteA, undefined])).toEqual([siteA, null, siteA, null]);
    expect(site.origin.count).toBe(2 + others.length);
  });

  it("is not detected in a field other than those that allow an origin", async () => {
    const site = openSite({ origin: () => page("page", stored) });
    expect((await site.get("/a", from("text/html"))).fields.get("vary")).toBeNull();
    expect((await site.get("/a", from(siteA))).cacheStatus).toContain("hit");
  });

  it.each([
    "https://evil.example, x",
    "HTTPS://EVIL.EXAMPLE",
    "https://evil.example:443",
    "http://evil.example:80",
    "https://evil.example/",
    "evil.example",
    "NULL",
  ])("has no response stored for a value that is not an origin: %s", async (origin) => {
    for (const name of [allowing, "timing-allow-origin"]) {
      const site = openSite({
        origin: ({ headers }) => {
          const [first] = (headers.get("origin") ?? siteA).split(", ");
          return page("page", { ...stored, [name]: first ?? "" });
        },
      });
      const seen = [await site.get("/a", from(origin)), await site.get("/a", from(siteA))];
      expect(seen.map(({ fields }) => fields.get(name))).toEqual([origin.split(", ")[0], siteA]);
      expect(seen[0]?.cacheStatus).toContain("detail=names-client");
      expect(seen[0]?.fields.get("cache-control")).toBe("max-age=60, private");
    }
  });

  it("may write the origin in another case", async () => {
    const origin = ({ headers }: Request) =>
      page("page", { ...stored, [allowing]: (headers.get("origin") ?? "").toUpperCase() });
    const site = openSite({ origin });
    const [a, b] = [siteA.toUpperCase(), siteB.toUpperCase()];
    expect(await allowedTo(site, [siteA, siteB])).toEqual([a, b, a, b]);
  });

  it("may name its first allowed origin to all other origins", async () => {
    const allowed = [siteA, siteB];
    const origin = ({ headers }: Request) => {
      const asking = headers.get("origin") ?? "";
      return page("page", {
        ...stored,
        [allowing]: allowed.some((one) => one === asking) ? asking : siteA,
      });
    };
    const site = openSite({ origin });
    const evil = "https://evil.example";
    const origins = [siteB, evil, undefined, siteA];
    const once = [siteB, siteA, siteA, siteA];
    expect(await allowedTo(site, origins)).toEqual([...once, ...once]);
    expect((await site.get("/a", from(siteB))).cacheStatus).toContain("hit");
    expect((await site.get("/a")).cacheStatus).toContain("hit");
    expect((await site.get("/a", from(evil))).cacheStatus).toContain("detail=names-client");
  });

  it("may send the first echo in a 304", async () => {
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

  it("may send a 304 without the echo", async () => {
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

describe("a server that sends the same value to all origins", () => {
  it.each([
    { id: "any", value: "*" },
    { id: "another-site", value: "https://c.example" },
    { id: "longer-than-the-Origin", value: "https://a.example.com" },
  ])("has one response stored for all: $id", async ({ value }) => {
    const site = openSite({ origin: () => page("page", { ...stored, [allowing]: value }) });
    expect(await allowedTo(site, [siteA, siteB, undefined])).toEqual(Array(6).fill(value));
    expect(site.origin.count).toBe(1);
  });

  it("has one more response stored if the named origin sends the first request", async () => {
    const site = openSite({ origin: () => page("page", { ...stored, [allowing]: siteA }) });
    expect(await allowedTo(site, [siteA, undefined])).toEqual(Array(4).fill(siteA));
    expect(site.origin.count).toBe(2);
  });
});

const address = "192.0.2.7";
const session = "0123456789abcdef";
const asked = (more: FieldTexts = {}): AskInit => ({
  headers: { "cf-connecting-ip": address, cookie: `session=${session}`, ...more },
});
const asking = (cookie: string): AskInit => asked({ cookie });
const encodedSession = asking("session=alice%40mail.example");
const plainSession = asking("session=alice@mail.example");
const keyedBy = (key: object): ConfigInput => ({ routes: [{ name: "all", match: "*", key }] });

describe("a response field with a value from one client's request", () => {
  const long = session.repeat(40);
  const many = [...Array(40).keys(), ""].map((nth) => `c${nth}=${nth}${session}`).join("; ");

  it.each<[id: string, name: string, value: string, init?: AskInit]>([
    ["an address", "x-client-ip", address],
    ["an address in a list", "x-seen", `10.0.0.1, ${address}:4711`],
    ["an address in another value", "server-timing", `ip;desc="${address}"`],
    ["an address in a sentence", "x-seen", `Seen from ${address}.`],
    ["an address between low lines", "x-request-id", `req_${address}_1`],
    ["a session", "x-session", session],
    ["a session in another value", "x-user", `id=${session.toUpperCase()}; a`],
    ["a session after a prefix", "x-user", `sess_${session}`],
    ["a session in quotes", "x-user", session, asking(`session="${session}"`)],
    ["a session that the request encodes", "x-user", "alice@mail.example", encodedSession],
    ["a session that the answer encodes", "link", "</?u=alice%40mail.example>", plainSession],
    ["a session behind a comma", "x-user", session, asking(`_ga_1=1, session=${session}`)],
    ["a session longer than the search limit", "x-user", long, asking(`session=${long}`)],
    ["a session after more cookies than the search limit", "x-user", session, asking(many)],
  ])("reaches only this client, and is not stored: %s", async (_, name, value, init = asked()) => {
    const origin = (_request: Request, nth: number) =>
      page("page", { ...stored, ...(nth === 1 && { [name]: value }) });
    const { near: site, upstash } = openPair({ origin });
    const [own, other] = [await site.get("/a", init), await site.get("/a")];
    expect([own.fields.get(name), other.fields.get(name)]).toEqual([value, null]);
    expect(own.fields.get("cache-control")).toBe("max-age=60, private");
    expect(own.cacheStatus).toContain("detail=names-client");
    expect(site.cache.text + upstash.text).not.toContain(value);
  });

  const language = { headers: { cookie: "language=de" } };

  it.each<[id: string, value: string, more?: { init?: AskInit } & SiteOptions, vary?: string]>([
    ["a longer address", `${address}0`],
    ["a longer word", `x${session}`],
    ["a short cookie", "de", { init: language }],
    ["a value that is not an address", "a", { init: { headers: { "cf-connecting-ip": "a" } } }],
    ["a cookie of the key", session, { config: keyedBy({ cookies: ["session"] }) }],
    ["an address of the key", address, { config: keyedBy({ headers: ["cf-connecting-ip"] }) }],
    ["a value of a response that varies by cookie", session, {}, "Cookie"],
    ["a value of a response that varies by address", address, {}, "X-Forwarded-For"],
    ["a value of a response that varies by X-Real-IP", address, {}, "X-Real-IP"],
  ])("is ignored: %s", async (_, value, { init = asked(), config = {} } = {}, vary = "") => {
    const fields = vary === "" ? {} : { vary };
    const site = openSite({
      config,
      origin: () => page("page", { ...stored, ...fields, "x-echo": value }),
    });
    const seen = [await site.get("/a", init), await site.get("/a", init)];
    expect(seen.map(({ fields: told }) => told.get("x-echo"))).toEqual([value, value]);
    expect(site.origin.count).toBe(1);
  });

  it.each<{ id: string; name: string; value: string }>([
    { id: "policy", name: "content-security-policy", value: "default-src 'self'" },
    { id: "vary", name: "vary", value: "X-Shop-Country-Code" },
  ])("does not affect the response that other clients get: $id", async ({ name, value }) => {
    const site = openSite({ origin: () => page("page", { ...stored, [name]: value }) });
    const seen = [await site.get("/a", asking(`a=${value}`))];
    for (let nth = 0; nth < 2; nth += 1) seen.push(await site.get("/a"));
    expect(seen.map(({ fields }) => fields.get(name))).toEqual([value, value, value]);
    expect(seen[2]?.cacheStatus).toContain("hit");
  });

  it("reaches only this client in a Set-Cookie that repeats the session", async () => {
    const cookie = `session=${session}`;
    const origin = ({ headers }: Request) =>
      page("page", { ...stored, ...(headers.has("cookie") && { "set-cookie": cookie }) });
    const site = openSite({ origin });
    const [own, other] = [await site.get("/a", asked()), await site.get("/a")];
    expect([own.fields.get("set-cookie"), other.fields.get("set-cookie")]).toEqual([cookie, null]);
    expect(own.cacheStatus).toContain("detail=set-cookie");
    expect(other.cacheStatus).toContain("stored");
  });

  it.each<{ id: string; init: AskInit; status: number; range?: FieldTexts }>([
    { id: "method", init: { ...asked(), method: "HEAD" }, status: 200 },
    { id: "partial", init: asked({ range: "bytes=0-3" }), status: 206 },
  ])("makes a response private that may not be stored: $id", async ({ id, init, status }) => {
    const part = status === 206 ? { "content-range": "bytes 0-3/9" } : {};
    const site = openSite({
      origin: () => page("page", { ...stored, ...part, "x-session": session }, status),
    });
    const seen = await site.get("/a", init);
    expect(seen.fields.get("cache-control")).toBe("max-age=60, private");
    expect(seen.cacheStatus).toContain(`detail=${id}`);
  });

  it("reaches only this client in a 304", async () => {
    const site = openSite({
      origin: ({ headers }) => {
        const seen = headers.get("x-forwarded-for") ?? "nobody";
        const fields = { ...stored, etag: '"1"', "x-client-ip": seen };
        return headers.has("if-none-match") ? unchanged(fields) : page("page", fields);
      },
    });
    await site.get("/a");
    site.clock.advance(61);
    const [own, other] = [await site.get("/a", asked()), await site.get("/a")];
    expect(own.fields.get("x-client-ip")).toEqual(address);
    expect(other.fields.get("x-client-ip")).toBe("nobody");
    expect(own.fields.get("cache-control")).toBe("max-age=60, private");
    expect(own.cacheStatus).not.toContain("stored");
    expect(other.cacheStatus).toContain("stored");
  });
});
