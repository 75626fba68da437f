// Tests the response fields that clients receive: Cache-Control, Age, Cache-Status, and the fields
// that Tidemark removes because they are meant for shared caches (RFC 9111 §5.1, §3.5; RFC 9213
// §2.2).
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";
import {
  fieldsFromStored,
  fieldsNotModified,
  fieldsOfFill,
  fieldsPassedOn,
  keepPrivate,
} from "../../../src/pages/respond/downstream.ts";
import { metadataWith, type RouteChanges, routeWith } from "../../../testing/examples/requests.ts";

type Fields = Readonly<Record<string, string>>;
const cc = (text: string, more: Fields = {}): Fields => ({ "cache-control": text, ...more });

const handling = { kind: "hit", ttlSeconds: 9, detail: "memory" } as const;

function fromStored(
  stored: Fields,
  given: { route?: RouteChanges; config?: WrittenConfig | undefined; ageSeconds?: number },
): Headers {
  const { route = {}, config = {}, ageSeconds = 0 } = given;
  return fieldsFromStored(metadataWith(stored), {
    route: routeWith(route),
    config: defineConfig(config),
    ageSeconds,
    handling,
  });
}

describe("the fields of a 304, which Tidemark keeps for the next 304", () => {
  const metadata = metadataWith({
    ...cc("max-age=60", { etag: '"1"', "content-type": "text/html", "content-encoding": "br" }),
  });
  const usual = routeWith({});
  const askWith = ({ ageSeconds = 1, ttlSeconds = 9, route = usual }) => ({
    route,
    config: defineConfig({}),
    ageSeconds,
    handling: { ...handling, ttlSeconds },
  });

  it.each([
    { id: "first", changed: {} },
    { id: "a-second-later", changed: { ageSeconds: 2 } },
    { id: "with-another-ttl", changed: { ageSeconds: 2, ttlSeconds: 8 } },
    { id: "of-another-route", changed: { ageSeconds: 2, route: routeWith({ browser: "9s" }) } },
  ])("are those of a 200 without the fields that describe the body: $id", ({ changed }) => {
    const ask = askWith(changed);
    const fields = [...fieldsNotModified(metadata, ask)];
    const whole = new Headers(fieldsFromStored(metadata, ask));
    for (const name of ["content-type", "content-encoding"]) whole.delete(name);
    expect(fields).toEqual([...whole]);
  });

  it("do not change the fields of a later 200", () => {
    fieldsNotModified(metadata, askWith({}));
    expect(fieldsFromStored(metadata, askWith({})).get("content-type")).toBe("text/html");
  });
});

describe("a field that is meant for shared caches", () => {
  const inFront = { cacheInFront: true };
  const tagged = { tagFields: ["X-Keys"] };
  const targeted = { "cdn-cache-control": "max-age=9" };
  const others = { "other-cdn-cache-control": "max-age=9" };
  const css = { "content-type": "text/css" };
  const expiring = { expires: "Sun, 06 Nov 2044 08:49:37 GMT" };
  const refreshed = "max-age=5, stale-while-revalidate=9";

  it.each<[id: string, stored: Fields, value: string | null, config?: WrittenConfig]>([
    ["s-maxage", cc("s-maxage=60, max-age=5"), "max-age=5"],
    ["s-maxage-alone", cc("s-maxage=60", css), null],
    ["s-maxage-capital", cc("S-MaxAge=60, public", css), "public"],
    ["other-directives-unchanged", cc('s-maxage=1, X="a, b",  public', css), 'X="a, b", public'],
    ["private-after-a-semicolon", cc("s-maxage=0; private, b", css), "private, b"],
    ["lone-stale-while-revalidate", cc("s-maxage=6, stale-while-revalidate=9", css), null],
    ["beside-max-age", cc(`s-maxage=6, ${refreshed}`), refreshed],
    [
      "beside-expires",
      cc("s-maxage=6, stale-while-revalidate=9", expiring),
      "stale-while-revalidate=9",
    ],
    ["without-s-maxage", cc("stale-while-revalidate=9", css), "stale-while-revalidate=9"],
    [
      "in-front",
      cc("s-maxage=6, stale-while-revalidate=9"),
      "s-maxage=6, stale-while-revalidate=9",
      inFront,
    ],
    ["untouched", cc("public,max-age=5"), "public,max-age=5"],
    ["targeted", targeted, null],
    ["surrogate", { "surrogate-control": "max-age=9" }, null],
    ["s-maxage-in-front", cc("s-maxage=60"), "s-maxage=60", inFront],
    ["targeted-in-front", targeted, "max-age=9", inFront],
    ["surrogate-in-front", { "surrogate-control": "x" }, "x", inFront],
    ["cache-tag", { "cache-tag": "a" }, null],
    ["surrogate-key", { "surrogate-key": "a" }, null],
    ["cache-groups", { "cache-groups": '"a"' }, null],
    ["configured-tags", { "x-keys": "a" }, null, tagged],
    ["tags-in-front", { "cache-tag": "a" }, "a", inFront],
    ["configured-tags-in-front", { "x-keys": "a" }, "a", { ...tagged, ...inFront }],
    ["targeted-at-others-stays", others, "max-age=9"],
    ["others-stay", { etag: '"a"' }, '"a"'],
  ])("is removed for clients, or kept: %s", (_id, stored, value, config) => {
    const [name = ""] = Object.keys(stored);
    expect(fromStored(stored, { config }).get(name)).toBe(value);
  });
});

describe("the route option browser", () => {
  const browser = { browser: "60s" } as const;

  const allowing = cc("max-age=5, stale-if-error=9");
  const refreshing = cc("max-age=5, stale-while-revalidate=9");
  const override = { ...browser, mode: "override", fresh: "5m" } as const;

  it.each<[id: string, route: RouteChanges, ageSeconds: number, stored: Fields, value: string]>([
    ["from-now", browser, 40.9, {}, "max-age=100"],
    ["replaces", browser, 0, cc("public, max-age=5"), "public, max-age=60"],
    ["zero", { browser: "0s" }, 7, cc("max-age=500"), "max-age=7"],
    ["unset", {}, 7, cc("max-age=500"), "max-age=500"],
    ["immutable", { browser: "immutable" }, 0, {}, "max-age=31536000, immutable"],
    ["replaces-immutable", browser, 0, cc("immutable"), "max-age=60"],
    ["not-over-no-cache", browser, 0, cc("no-cache"), "no-cache"],
    ["not-over-no-store", browser, 0, cc("no-store"), "no-store"],
    ["override-goes-first", override, 0, cc("no-cache, must-revalidate"), "max-age=60"],
    ["keeps-stale-if-error", browser, 0, allowing, "stale-if-error=9, max-age=60"],
    ["drops-stale-while-revalidate", browser, 0, refreshing, "max-age=60"],
  ])("sets the max-age that clients receive: %s", (_id, route, ageSeconds, stored, value) => {
    expect(fromStored(stored, { route, ageSeconds }).get("cache-control")).toBe(value);
  });

  it("removes Expires", () => {
    expect(fromStored({ expires: "0" }, { route: browser }).has("expires")).toBe(false);
  });
});

describe("the field Age", () => {
  const given = { route: routeWith(), config: defineConfig({}), ageSeconds: 7.9, handling };

  it.each([
    ["stored", fieldsFromStored(metadataWith(), given), "7"],
    ["stored-replaced", fieldsFromStored(metadataWith({ age: "3" }), given), "7"],
    ["fill", fieldsOfFill(metadataWith(), given), null],
    ["fill-from-a-cache", fieldsOfFill(metadataWith({ age: "3" }), given), "7"],
  ])("states the age of a stored response: %s (RFC 9111 §5.1)", (_id, fields, age) => {
    expect(fields.get("age")).toBe(age);
  });
});

describe("the fields of a hit, which Tidemark keeps for the next hit", () => {
  const config = defineConfig({});
  const metadata = metadataWith(cc("public, max-age=5", { "cache-status": "near; hit" }));
  const route = routeWith({ browser: "60s" });
  const of = (ask: { ageSeconds: number; ttlSeconds: number; route?: typeof route }) =>
    fieldsFromStored(metadata, {
      route,
      config,
      handling: { ...handling, ttlSeconds: ask.ttlSeconds },
      ...ask,
    });

  it.each([
    { id: "first", ageSeconds: 1, ttlSeconds: 59, maxAge: 61 },
    { id: "the same second", ageSeconds: 1.9, ttlSeconds: 59.9, maxAge: 61 },
    { id: "older", ageSeconds: 2, ttlSeconds: 58, maxAge: 62 },
    { id: "younger, because the clock was set back", ageSeconds: 0, ttlSeconds: 58, maxAge: 60 },
    { id: "another ttl, because of a soft purge", ageSeconds: 0, ttlSeconds: -1, maxAge: 60 },
  ])("have the age and lifetime of each hit: $id", ({ maxAge, ...ask }) => {
    expect(Object.fromEntries(of(ask))).toEqual({
      age: String(Math.floor(ask.ageSeconds)),
      "cache-control": `public, max-age=${maxAge}`,
      "cache-status": `near; hit, tidemark; hit; ttl=${Math.floor(ask.ttlSeconds)}; detail=memory`,
    });
  });

  it("describe each hit of the same second in Cache-Status", () => {
    const statusWith = (more: object) =>
      fieldsFromStored(metadata, {
        route,
        config,
        ageSeconds: 1,
        handling: { ...handling, ttlSeconds: 59, ...more },
      }).get("cache-status");
    const usual = "near; hit, tidemark; hit; ttl=59; detail=memory";
    expect(statusWith({})).toBe(usual);
    expect(statusWith({ unverified: true })).toBe(`${usual}; unverified`);
    expect(statusWith({ detail: "edge" })).toBe(usual.replace("memory", "edge"));
    expect(statusWith({ kind: "forwarded", reason: "stale" })).toContain("tidemark; fwd=stale");
    expect(statusWith({})).toBe(usual);
  });

  it("do not grow from second to second if Cache-Control has an unclosed quote", () => {
    const broken = metadataWith(cc('x="open'));
    const at = (ageSeconds: number) => {
      const fields = fieldsFromStored(broken, { route, config, ageSeconds, handling });
      return fields.get("cache-control");
    };
    expect([at(1), at(2), at(3)]).toEqual(
      [61, 62, 63].map((maxAge) => `max-age=${maxAge}, x="open`),
    );
  });

  it("are not reused for another route", () => {
    of({ ageSeconds: 1, ttlSeconds: 1 });
    const other = routeWith({});
    const fields = of({ ageSeconds: 1, ttlSeconds: 1, route: other });
    expect(fields.get("cache-control")).toBe("public, max-age=5");
  });
});

describe("the fields of a response that Tidemark forwards without storing", () => {
  const plain = defineConfig({});
  it.each([
    ["hop-by-hop", { "keep-alive": "timeout=5" }, "keep-alive"],
    ["nominated", { connection: "x-hop", "x-hop": "1" }, "x-hop"],
    ["upgrade", { upgrade: "h2c" }, "upgrade"],
    ["tags", { "cache-tag": "a" }, "cache-tag"],
    ["nominated-with-an-empty-member", { connection: "x-hop, ", "x-hop": "1" }, "x-hop"],
    ["nominated-with-an-invalid-name", { connection: "a b, x-hop", "x-hop": "1" }, "x-hop"],
  ])("leave out %s (RFC 9110 §7.6.1)", (_id, fields, name) => {
    const response = new Response(null, { headers: fields as Fields });
    expect(fieldsPassedOn(response, { config: plain, route: plain.anywhere }).has(name)).toBe(
      false,
    );
  });

  it("contain each Set-Cookie line separately", () => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const fields = fieldsPassedOn(new Response(null, { headers }), {
      config: plain,
      route: plain.anywhere,
    });
    expect(fields.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  const cookie: Fields = { "set-cookie": "s=1" };
  const qualified = 'private="x-a", max-age=5';

  it.each<[id: string, stated: string | null, value: string, more?: Fields]>([
    ["silent", null, "private"],
    ["only-a-lifetime", "max-age=5", "max-age=5, private"],
    ["private", "private", "private"],
    ["no-store", "no-store", "no-store"],
    ["public", "Public, max-age=5", "Public, max-age=5"],
    ["s-maxage", "s-maxage=5", "s-maxage=5"],
    ["private-with-field-names", 'private="x-a"', 'private="x-a", private'],
    [
      "no-store-with-must-understand",
      "no-store, must-understand",
      "no-store, must-understand, private",
    ],
    ["unclosed-quote", 'max-age=5, x="open', 'private, max-age=5, x="open'],
    ["in-quotes", 'x="public"', 'x="public", private'],
    ["restriction-in-quotes", `"no-store"`, `"no-store", private`],
    ["with-a-cookie", null, "private", cookie],
    ["public-with-a-cookie", "public, s-maxage=9, max-age=5", "max-age=5, private", cookie],
    ["no-store-with-a-cookie", "no-store", "no-store", cookie],
    ["private-with-field-names-and-a-cookie", qualified, `${qualified}, private`, cookie],
  ])(
    "keep other caches from storing the response: %s (RFC 9111 §3.5)",
    (_id, stated, value, more) => {
      const fields = new Headers(stated === null ? more : cc(stated, more));
      keepPrivate(fields);
      expect(fields.get("cache-control")).toBe(value);
    },
  );
});
