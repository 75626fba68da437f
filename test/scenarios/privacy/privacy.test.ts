// Tests that a response for one person is never stored and never answers a concurrent request (RFC
// 9111 §3, §3.5, §7.3).
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  type AskInit,
  idle,
  openSite,
  read,
  type SiteOptions,
  until,
} from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  type FieldTexts,
  page,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";

const override: ConfigInput = {
  routes: [{ name: "all", match: "*", mode: "override", fresh: "5m" }],
};
const alice: AskInit = { headers: { cookie: "session=alice" } };
const bob: AskInit = { headers: { cookie: "session=bob" } };
const withToken = (name: string): AskInit => ({ headers: { authorization: `Bearer ${name}` } });

/** Answers with a page that contains the client's cookie or token, and the request's number. */
function personal(fields: FieldTexts) {
  return (request: Request, nth: number) =>
    page(`${request.headers.get("cookie") ?? request.headers.get("authorization")} ${nth}`, fields);
}

function openPrivate(options: SiteOptions) {
  const { near: site, upstash } = openPair(options);
  return { upstash, site };
}

const none: AskInit = {};
const [ada, bao] = ["ada", "bao"].map(withToken) as [AskInit, AskInit];
const noStore: AskInit = { headers: { "cache-control": "no-store" } };
const obeying: ConfigInput = {
  routes: [{ name: "all", match: "*", honourRequestDirectives: true }],
};

const rows: [id: string, fields: FieldTexts, a: AskInit, b: AskInit, config?: ConfigInput][] = [
  ["private", cc("private, max-age=60"), none, none],
  ["private-in-override", cc("private"), none, none, override],
  ["no-store", cc("no-store, max-age=60"), none, none],
  ["no-store-in-override", cc("no-store"), none, none, override],
  ["targeted-private", cc("max-age=60", { "cdn-cache-control": "private" }), none, none],
  ["set-cookie", cc("public, max-age=60", { "set-cookie": "s=1" }), none, none],
  ["set-cookie-in-override", { "set-cookie": "s=1" }, none, none, override],
  ["authorization", cc("public, max-age=60"), ada, bao],
  ["authorization-in-override", {}, ada, bao, override],
  ["unknown-cookie", cc("max-age=60"), alice, bob],
  ["unknown-cookie-in-override", {}, alice, bob, override],
  ["unknown-cookie-with-validator", cc("max-age=60", { etag: '"1"' }), alice, bob],
  ["vary-any", cc("max-age=60", { vary: "*" }), none, none],
  ["no-store-asked", cc("max-age=60"), noStore, noStore, obeying],
];

describe("a response that may not be stored", () => {
  it.each(rows)("is stored in no tier: %s", async (_, fields, a, b, config = {}) => {
    const { site, upstash } = openPrivate({ config, origin: personal(fields) });
    const first = await site.get("/me", a);
    const second = await site.get("/me", b);
    expect([first.text.slice(-1), second.text.slice(-1)]).toEqual(["1", "2"]);
    expect([site.cache.puts, upstash.keys]).toEqual([0, []]);
  });
});

describe("the body of a response that may not be stored", () => {
  it.each([
    ["no-store", cc("no-store"), none],
    ["no-store-asked", cc("max-age=60"), noStore],
  ])("is not read ahead: %s (RFC 9111 §5.2.1.5, §5.2.2.5)", async (_, fields, init) => {
    let pulls = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        if (pulls === 100) controller.close();
        else controller.enqueue(new Uint8Array(1_000));
      },
    });
    const site = openSite({
      config: obeying,
      origin: () => new Response(endless, { headers: fields }),
    });
    const answer = await site.ask("/a", init);
    await idle();
    expect(pulls).toBeLessThan(5);
    await answer.body?.cancel();
  });
});

describe("a response that may not be shared", () => {
  it.each(rows)("answers no concurrent request: %s", async (_, fields, a, b, config = {}) => {
    const gate = closedGate();
    const { site } = openPrivate({ config });
    const answer = personal(fields);
    site.origin.script = async (request, nth) => {
      await gate.opened;
      return answer(request, nth);
    };
    const asked = [a, b, a, b].map((init) => site.ask("/me", init).then(read));
    await until(() => site.origin.count > 0);
    gate.open();
    const texts = (await Promise.all(asked)).map(({ text }) => text);
    await site.settle();
    expect(new Set(texts).size).toBe(4);
    const sentBy = ({ headers = {} }: AskInit) => headers["cookie"] ?? headers["authorization"];
    const owners = texts.map((text) => text.replace(/ \d$/, ""));
    expect(owners).toEqual([a, b, a, b].map((init) => sentBy(init) ?? "null"));
  });
});

const withKey = (key: string): AskInit => ({ headers: { "x-api-key": key } });

describe.each([
  ["an unknown cookie", alice, bob, "unknown-cookie: session"],
  ["a credential", withKey("alice"), withKey("bob"), "credential-field: x-api-key"],
])("a response to %s", (_, a, b, told) => {
  it.each<FieldTexts>([
    cc("public, max-age=60"),
    cc("s-maxage=60"),
    { "cdn-cache-control": "max-age=60" },
  ])("is stored for all clients after explicit sharing by the origin: %j", async (fields) => {
    const site = openSite({ origin: (_request, nth) => page(`page ${nth}`, fields) });
    const seen = [await site.get("/a", a), await site.get("/a", b), await site.get("/a")];
    expect(seen.map(({ text }) => text)).toEqual(["page 1", "page 1", "page 1"]);
  });

  it.each<[fields: FieldTexts, config: ConfigInput]>([
    [cc("max-age=60"), {}],
    [{}, { routes: [{ name: "all", match: "*", fresh: "5m" }] }],
    [{}, override],
    [cc("must-revalidate, max-age=60"), {}],
    [{ expires: "Fri, 01 Jan 2100 00:00:00 GMT" }, {}],
  ])("is not a stored response without explicit sharing: %j %j", async (fields, config) => {
    const site = openSite({ config, origin: (_request, nth) => page(`page ${nth}`, fields) });
    await site.get("/a");
    const own = await site.get("/a", a);
    expect(own.text).toBe("page 2");
    expect(own.cacheStatus).toBe(`tidemark; fwd=request; fwd-status=200; detail="${told}"`);
    expect((await site.get("/a")).text).toBe("page 1");
  });
});

it("concurrent requests with unknown cookies are forwarded separately", async () => {
  const gate = closedGate();
  const site = openSite();
  site.origin.script = async (request, nth) => {
    await gate.opened;
    return personal(cc("s-maxage=60"))(request, nth);
  };
  const asked = [alice, bob].map((init) => site.ask("/a", init).then(read));
  await until(() => site.origin.count === 2);
  gate.open();
  const texts = (await Promise.all(asked)).map(({ text }) => text);
  expect(texts).toEqual(["session=alice 1", "session=bob 2"]);
  await site.settle();
});

describe("the Cache-Status of a response to an unknown cookie", () => {
  it.each([
    ["_ga=1; session=alice", 'detail="unknown-cookie: session"'],
    ["b=1; a=2", 'detail="unknown-cookie: b, a"'],
    ['a"b=1', 'detail="unknown-cookie: a\\"b"'],
    ["alice", "detail=unknown-cookie"],
  ])("names the cookie: %s", async (cookie, told) => {
    const site = openSite({ origin: () => page("page", cc("max-age=60")) });
    const seen = await site.get("/a", { headers: { cookie } });
    expect(seen.cacheStatus).toBe(`tidemark; fwd=uri-miss; fwd-status=200; ${told}`);
    expect(countsOf(site, "refusals")).toEqual({ "refusals||unknown-cookie": 1 });
  });
});

describe("a cookie that the configuration or a built-in list names", () => {
  const severalCookies = (text: string, fields: FieldTexts, lines: readonly string[]) => {
    const response = page(text, fields);
    for (const line of lines) response.headers.append("set-cookie", line);
    return response;
  };
  const fresh = { name: "all", match: "*", fresh: "5m" } as const;

  it("is not forwarded if ignored, and the page is shared", async () => {
    const site = openSite({
      config: { routes: [{ ...fresh, cookies: { ignore: ["session"] } }] },
      origin: personal({}),
    });
    const seen = [await site.get("/a", alice), await site.get("/a", bob)];
    expect(seen.map(({ text }) => text)).toEqual(["null 1", "null 1"]);
  });

  it("is not stored with its page if the route strips it", async () => {
    const { site, upstash } = openPrivate({
      config: { routes: [{ ...fresh, setCookie: "strip" }] },
      origin: () => page("page", { "set-cookie": "visitor=7" }),
    });
    const seen = [await site.get("/a"), await site.get("/a")];
    expect(seen.map(({ fields }) => fields.has("set-cookie"))).toEqual([false, false]);
    expect(site.origin.count).toBe(1);
    expect(site.cache.text + upstash.text).not.toContain("visitor");
  });

  it.each([
    { id: "the keyed cookie", set: "currency=USD" },
    { id: "a line that may join two cookies", set: "a=1, currency=USD" },
  ])("stays on a page that is not stored, although the route strips it: $id", async ({ set }) => {
    const key = { cookies: ["currency"] };
    const { site } = openPrivate({
      config: { routes: [{ ...fresh, key, setCookie: "strip" }] },
      origin: (_, nth) =>
        page(nth === 1 ? "price in USD" : "price in EUR", nth === 1 ? { "set-cookie": set } : {}),
    });
    const euro = { headers: { cookie: "currency=EUR" } };
    const switching = await site.get("/a", euro);
    expect([switching.text, switching.fields.get("set-cookie")]).toEqual(["price in USD", set]);
    expect(switching.cacheStatus).toContain("detail=set-cookie");
    expect((await site.get("/a", euro)).text).toBe("price in EUR");
    const hit = await site.get("/a", euro);
    expect([hit.text, hit.cacheStatus]).toEqual(["price in EUR", expect.stringContaining("; hit")]);
  });

  it("is removed from a stored page if all cookies of the page are harmless", async () => {
    const { site, upstash } = openPrivate({
      config: { routes: [fresh], cookies: { harmless: ["theme"] } },
      origin: () => severalCookies("page", {}, ["__cf_bm=1; HttpOnly", "theme=dark"]),
    });
    const seen = [await site.get("/a"), await site.get("/a")];
    expect(seen.map(({ fields }) => fields.getSetCookie())).toEqual([[], []]);
    expect(site.origin.count).toBe(1);
    expect(site.cache.text + upstash.text).not.toMatch(/__cf_bm|theme/);
  });

  it("stays on a page with another cookie, which is not stored", async () => {
    const { site, upstash } = openPrivate({
      config: { routes: [fresh] },
      origin: (_, nth) => severalCookies(`page ${nth}`, {}, ["__cf_bm=1", `session=${nth}`]),
    });
    const seen = [await site.get("/a"), await site.get("/a")];
    expect(seen.map(({ text, fields }) => [text, fields.getSetCookie()])).toEqual([
      ["page 1", ["__cf_bm=1", "session=1"]],
      ["page 2", ["__cf_bm=1", "session=2"]],
    ]);
    expect([site.cache.puts, upstash.keys]).toEqual([0, []]);
  });

  it("reaches the client of a page that is not stored if it is harmless", async () => {
    const site = openSite({ origin: () => page("page", cc("private", { "set-cookie": "_ga=1" })) });
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["_ga=1"]);
  });

  it("is removed if a 304 with a harmless cookie freshens the stored response", async () => {
    const site = openSite({
      origin: (request) => {
        const fields = cc("max-age=60", { etag: '"1"', "set-cookie": "_ga=1" });
        return request.headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: fields })
          : page("page", fields);
      },
    });
    await site.get("/a");
    site.clock.advance(61);
    const validated = await site.get("/a");
    expect(validated.cacheStatus).toContain("fwd=stale; fwd-status=304; stored");
    expect(validated.fields.getSetCookie()).toEqual([]);
    expect(site.cache.text).not.toContain("_ga");
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("does not prevent freshening by a 200 to HEAD if it is harmless", async () => {
    const site = openSite({
      origin: () => page("page", cc("max-age=60", { etag: '"1"', "set-cookie": "_ga=1" })),
    });
    await site.get("/a");
    site.clock.advance(61);
    await site.get("/a", { method: "HEAD" });
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("stays on a private page, which is not stored, although the route strips it", async () => {
    const site = openSite({
      config: { routes: [{ ...fresh, setCookie: "strip" }] },
      origin: (_, nth) => page(`page ${nth}`, cc("private", { "set-cookie": "visitor=7" })),
    });
    const first = await site.get("/a");
    expect([first.fields.getSetCookie(), (await site.get("/a")).text]).toEqual([
      ["visitor=7"],
      "page 2",
    ]);
  });
});

it("a route also strips a Set-Cookie that Cache-Control names as private", async () => {
  const site = openSite({
    config: { routes: [{ name: "all", match: "*", setCookie: "strip" }] },
    origin: () => page("page", cc('max-age=60, private="set-cookie"', { "set-cookie": "a=1" })),
  });
  expect((await site.get("/a")).fields.getSetCookie()).toEqual([]);
});

describe("a cookie that a directive names (RFC 9111 §5.2.2.4, §5.2.2.7)", () => {
  const surrogate = { "surrogate-control": 'max-age=60, no-cache="set-cookie"' };
  const ways: readonly FieldTexts[] = [
    cc('no-cache="set-cookie"'),
    cc('private="Set-Cookie"'),
    cc("max-age=60, no-cache=set-cookie"),
    cc("private=SET-COOKIE, public, s-maxage=60"),
    cc('public, max-age=60, no-cache="x-a, Set-Cookie, set-cookie2"'),
    cc('max-age=60, private="x-a", private="set-cookie"'),
    cc("max-age=1", { "cdn-cache-control": 'max-age=60, private="set-cookie"' }),
    cc("max-age=1", surrogate),
    cc('max-age=60, private="set-cookie"', { connection: "set-cookie" }),
  ];
  const fresh = { name: "all", match: "*", fresh: "5m" } as const;
  const pages = (lines: readonly string[], fields: FieldTexts) => (_: unknown, nth: number) =>
    page(`page ${nth}`, { ...fields, ...(lines[nth - 1] && { "set-cookie": lines[nth - 1] }) });

  describe.each(ways)("%j", (named) => {
    it("is its client's alone, with its page", async () => {
      const { site, upstash } = openPrivate({
        config: { routes: [fresh] },
        origin: pages(["session=1", "session=2"], named),
      });
      for (const nth of [1, 2]) {
        const seen = await site.get("/a");
        expect([seen.text, seen.fields.getSetCookie()]).toEqual([
          `page ${nth}`,
          [`session=${nth}`],
        ]);
        expect(seen.cacheStatus).toContain("detail=set-cookie");
        expect(seen.fields.get("cache-control")).toContain("private");
      }
      expect([site.cache.puts, upstash.keys]).toEqual([0, []]);
    });

    it("keeps its page from those who wait, and out of a refresh", async () => {
      const { site } = openPrivate({
        config: { routes: [{ ...fresh, staleWhileRevalidate: "1h" }] },
        origin: ({ url }, nth) =>
          url.endsWith("/a") && nth === 1
            ? page("page 1", named)
            : page(`page ${nth}`, { ...named, "set-cookie": `session=${nth}` }),
      });
      await site.get("/a");
      site.clock.advance(301);
      expect((await site.get("/a")).text).toBe("page 1");
      await site.settle();
      const waited = await Promise.all(
        ["/a", "/a", "/b", "/b"].map(async (path) => site.get(path)),
      );
      const own = waited.filter(({ text }) => text !== "page 1");
      expect(own.length).toBeGreaterThan(1);
      for (const { text, fields } of own) {
        expect(fields.getSetCookie()).toEqual([text.replace("page ", "session=")]);
      }
      expect(new Set(own.map(({ text }) => text)).size).toBe(own.length);
      expect(site.cache.text).not.toContain("session=");
    });

    it("does not hide that the page is of another value of a keyed cookie or a condition", async () => {
      const valued = { ...fresh, name: "valued", when: { cookie: { plan: ["pro"] } } } as const;
      const key = { cookies: ["currency"] };
      const { site } = openPrivate({
        config: { routes: [valued, { ...fresh, key, setCookie: "strip" }] },
        origin: pages(["currency=USD", "plan=pro"], named),
      });
      const euro = { headers: { cookie: "currency=EUR" } };
      const seen = [
        await site.get("/a", euro),
        await site.get("/a", euro),
        await site.get("/a", euro),
      ];
      expect(seen.map(({ text }) => text)).toEqual(["page 1", "page 2", "page 3"]);
      expect(seen.map(({ fields }) => fields.getSetCookie())).toEqual([
        ["currency=USD"],
        ["plan=pro"],
        [],
      ]);
    });

    it("is left out of a stored page, if it is harmless or stripped", async () => {
      const dropping = [{ cookies: { ignore: ["lb"] } }, { setCookie: "strip" }] as const;
      for (const route of dropping) {
        const { site, upstash } = openPrivate({
          config: { routes: [{ ...fresh, mode: "override", ...route }] },
          origin: pages(["lb=1"], named),
        });
        const seen = [await site.get("/a"), await site.get("/a")];
        expect(seen.map(({ text }) => text)).toEqual(["page 1", "page 1"]);
        expect(seen.flatMap(({ fields }) => fields.getSetCookie())).toEqual([]);
        expect(site.cache.text + upstash.text).not.toContain("lb=");
      }
    });

    it("of a 304 reaches its client alone", async () => {
      const { site } = openPrivate({
        config: { routes: [fresh] },
        origin: ({ headers }, nth) =>
          headers.has("if-none-match")
            ? unchanged({ ...named, etag: '"1"', "set-cookie": `session=${nth}` })
            : page("page", { ...named, etag: '"1"' }),
      });
      await site.get("/a");
      site.clock.advance(301);
      const seen = await site.get("/a");
      expect([seen.text, seen.fields.getSetCookie()]).toEqual(["page", ["session=2"]]);
      expect(seen.fields.get("cache-control")).toContain("private");
      const other = await site.get("/a");
      expect([other.text, other.head.includes("session=2")]).toEqual(["page", false]);
      expect(site.cache.text).not.toContain("session=");
    });
  });
});

describe("a field without which a stored response would be another", () => {
  const validators = { etag: '"1"', "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT" };
  const fields: FieldTexts = {
    ...validators,
    "content-type": "application/json",
    "content-encoding": "br",
    "content-language": "de",
    "content-security-policy": "default-src 'none'",
    location: "/b",
    "access-control-allow-origin": "*",
    "no-vary-search": "params",
  };

  it.each(Object.keys(fields))("stays in it, or nothing is stored: %s", async (name) => {
    for (const directive of ["private", "no-cache"]) {
      const site = openSite({
        origin: ({ headers }) =>
          headers.has("if-none-match")
            ? unchanged(validators)
            : page("page", { ...fields, ...cc(`max-age=60, ${directive}="x-a, ${name}"`) }),
      });
      const seen = [await site.get("/a"), await site.get("/a")];
      for (const { fields: got } of seen) expect(got.get(name)).toBe(fields[name]);
      const how = directive === "private" ? "detail=private" : "fwd-status=304; stored";
      expect(seen[1]?.cacheStatus).toContain(how);
    }
  });
});
