// The fields that clients get (RFC 9111 §5.1, §3.5; RFC 9213 §2.2).
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";
import {
  fieldsFromStored,
  fieldsNotModified,
  fieldsOfFill,
  fieldsPassedOn,
  keepPrivate,
} from "../../../src/proxy/respond/downstream.ts";
import { metadataWith, type RouteChanges, routeWith } from "../../../testing/examples/requests.ts";

type Fields = Readonly<Record<string, string>>;
const cc = (text: string, more: Fields = {}): Fields => ({ "cache-control": text, ...more });

const handling = { kind: "hit", ttlSeconds: 9, detail: "memory" } as const;

function fromStored(
  stored: Fields,
  given: { route?: RouteChanges; config?: WrittenConfig; ageSeconds?: number },
): Headers {
  const { route = {}, config = {}, ageSeconds = 0 } = given;
  return fieldsFromStored(metadataWith(stored), {
    route: routeWith(route),
    config: defineConfig(config),
    ageSeconds,
    handling,
  });
}

describe("the fields of a 304, which are kept from answer to answer", () => {
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
  ])("are those of a 200 but for its body: $id", ({ changed }) => {
    const ask = askWith(changed);
    const told = [...fieldsNotModified(metadata, ask)];
    const whole = new Headers(fieldsFromStored(metadata, ask));
    for (const name of ["content-type", "content-encoding"]) whole.delete(name);
    expect(told).toEqual([...whole]);
  });

  it("leave those of a 200 as they are", () => {
    fieldsNotModified(metadata, askWith({}));
    expect(fieldsFromStored(metadata, askWith({})).get("content-type")).toBe("text/html");
  });
});

describe("what was meant for caches like this one ends here", () => {
  const config = { tagFields: ["X-Keys"] };
  const cacheInFront = { cacheInFront: true };

  it.each<{
    id: string;
    name: string;
    stored: Fields;
    config?: WrittenConfig;
    value: string | null;
  }>([
    {
      id: "s-maxage",
      name: "cache-control",
      stored: cc("s-maxage=60, max-age=5"),
      value: "max-age=5",
    },
    { id: "s-maxage-alone", name: "cache-control", stored: cc("s-maxage=60"), value: null },
    {
      id: "s-maxage-capital",
      name: "cache-control",
      stored: cc("S-MaxAge=60, public"),
      value: "public",
    },
    {
      id: "the-rest-as-it-stood",
      name: "cache-control",
      stored: cc('s-maxage=1, X="a, b",  public'),
      value: 'X="a, b", public',
    },
    {
      id: "untouched",
      name: "cache-control",
      stored: cc("public,max-age=5"),
      value: "public,max-age=5",
    },
    {
      id: "targeted",
      name: "cdn-cache-control",
      stored: { "cdn-cache-control": "max-age=9" },
      value: null,
    },
    {
      id: "surrogate",
      name: "surrogate-control",
      stored: { "surrogate-control": "max-age=9" },
      value: null,
    },
    {
      id: "s-maxage-in-front",
      name: "cache-control",
      stored: cc("s-maxage=60"),
      config: cacheInFront,
      value: "s-maxage=60",
    },
    {
      id: "targeted-in-front",
      name: "cdn-cache-control",
      stored: { "cdn-cache-control": "max-age=9" },
      config: cacheInFront,
      value: "max-age=9",
    },
    {
      id: "surrogate-in-front",
      name: "surrogate-control",
      stored: { "surrogate-control": "x" },
      config: cacheInFront,
      value: "x",
    },
    { id: "cache-tag", name: "cache-tag", stored: { "cache-tag": "a" }, value: null },
    { id: "surrogate-key", name: "surrogate-key", stored: { "surrogate-key": "a" }, value: null },
    { id: "cache-groups", name: "cache-groups", stored: { "cache-groups": '"a"' }, value: null },
    { id: "configured-tags", name: "x-keys", stored: { "x-keys": "a" }, config, value: null },
    {
      id: "tags-in-front",
      name: "cache-tag",
      stored: { "cache-tag": "a" },
      config: cacheInFront,
      value: "a",
    },
    {
      id: "configured-tags-in-front",
      name: "x-keys",
      stored: { "x-keys": "a" },
      config: { ...config, ...cacheInFront },
      value: "a",
    },
    {
      id: "targeted-at-others-stays",
      name: "other-cdn-cache-control",
      stored: { "other-cdn-cache-control": "max-age=9" },
      value: "max-age=9",
    },
    { id: "others-stay", name: "etag", stored: { etag: '"a"' }, value: '"a"' },
  ])("$id", ({ name, stored, value, ...given }) => {
    expect(fromStored(stored, given).get(name)).toBe(value);
  });
});

describe("browser", () => {
  const browser = { browser: "60s" } as const;

  it.each<{
    id: string;
    stored: Fields;
    route?: RouteChanges;
    ageSeconds?: number;
    value: string | null;
  }>([
    { id: "from-now", stored: {}, route: browser, ageSeconds: 40.9, value: "max-age=100" },
    {
      id: "replaces",
      stored: cc("public, max-age=5"),
      route: browser,
      value: "public, max-age=60",
    },
    {
      id: "zero",
      stored: cc("max-age=500"),
      route: { browser: "0s" },
      ageSeconds: 7,
      value: "max-age=7",
    },
    { id: "unset", stored: cc("max-age=500"), ageSeconds: 7, value: "max-age=500" },
    {
      id: "immutable",
      stored: {},
      route: { ...browser, immutable: true },
      value: "max-age=60, immutable",
    },
    { id: "replaces-immutable", stored: cc("immutable"), route: browser, value: "max-age=60" },
    { id: "not-over-no-cache", stored: cc("no-cache"), route: browser, value: "no-cache" },
    { id: "not-over-no-store", stored: cc("no-store"), route: browser, value: "no-store" },
    {
      id: "override-goes-first",
      stored: cc("no-cache, must-revalidate"),
      route: { ...browser, mode: "override", fresh: "5m" },
      value: "max-age=60",
    },
    {
      id: "keeps-stale-allowances",
      stored: cc("max-age=5, stale-if-error=9"),
      route: browser,
      value: "stale-if-error=9, max-age=60",
    },
  ])("$id", ({ stored, value, ...given }) => {
    expect(fromStored(stored, given).get("cache-control")).toBe(value);
  });

  it("replaces Expires", () => {
    expect(fromStored({ expires: "0" }, { route: browser }).has("expires")).toBe(false);
  });
});

describe("Age", () => {
  const given = { route: routeWith(), config: defineConfig({}), ageSeconds: 7.9, handling };

  it.each([
    { id: "stored", fields: fieldsFromStored(metadataWith(), given), age: "7" },
    {
      id: "stored-replaced",
      fields: fieldsFromStored(metadataWith({ age: "3" }), given),
      age: "7",
    },
    { id: "fill", fields: fieldsOfFill(metadataWith(), given), age: null },
    { id: "fill-from-a-cache", fields: fieldsOfFill(metadataWith({ age: "3" }), given), age: "7" },
  ])("$id (RFC 9111 §5.1)", ({ fields, age }) => {
    expect(fields.get("age")).toBe(age);
  });
});

describe("fields that are kept for the next answer", () => {
  const config = defineConfig({});
  const immutable = { browser: "60s", immutable: true } as const;
  const metadata = metadataWith(cc("public, max-age=5", { "cache-status": "near; hit" }));
  const route = routeWith(immutable);
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
    { id: "younger: its clock was set back", ageSeconds: 0, ttlSeconds: 58, maxAge: 60 },
    { id: "another ttl: softly purged", ageSeconds: 0, ttlSeconds: -1, maxAge: 60 },
  ])("$id", ({ maxAge, ...ask }) => {
    expect(Object.fromEntries(of(ask))).toEqual({
      age: String(Math.floor(ask.ageSeconds)),
      "cache-control": `public, max-age=${maxAge}, immutable`,
      "cache-status": `near; hit, tidemark; hit; ttl=${Math.floor(ask.ttlSeconds)}; detail=memory`,
    });
  });

  it("tell of each hit what it is, in the same second too", () => {
    const told = (more: object) =>
      fieldsFromStored(metadata, {
        route,
        config,
        ageSeconds: 1,
        handling: { ...handling, ttlSeconds: 59, ...more },
      }).get("cache-status");
    const usual = "near; hit, tidemark; hit; ttl=59; detail=memory";
    expect(told({})).toBe(usual);
    expect(told({ unverified: true })).toBe(`${usual}; unverified`);
    expect(told({ detail: "edge" })).toBe(usual.replace("memory", "edge"));
    expect(told({ kind: "forwarded", reason: "stale" })).toContain("tidemark; fwd=stale");
    expect(told({})).toBe(usual);
  });

  it("do not grow from second to second, however broken Cache-Control is", () => {
    const broken = metadataWith(cc('x="open'));
    const at = (ageSeconds: number) => {
      const fields = fieldsFromStored(broken, { route, config, ageSeconds, handling });
      return fields.get("cache-control");
    };
    expect([at(1), at(2), at(3)]).toEqual(
      [61, 62, 63].map((maxAge) => `x="open, max-age=${maxAge}, immutable`),
    );
  });

  it("are another route's own", () => {
    of({ ageSeconds: 1, ttlSeconds: 1 });
    const other = routeWith({});
    const fields = of({ ageSeconds: 1, ttlSeconds: 1, route: other });
    expect(fields.get("cache-control")).toBe("public, max-age=5");
  });
});

describe("passed on", () => {
  it.each([
    { id: "hop-by-hop", fields: { "keep-alive": "timeout=5" }, name: "keep-alive" },
    { id: "nominated", fields: { connection: "x-hop", "x-hop": "1" }, name: "x-hop" },
    { id: "upgrade", fields: { upgrade: "h2c" }, name: "upgrade" },
    { id: "tags", fields: { "cache-tag": "a" }, name: "cache-tag" },
    {
      id: "nominated-with-an-empty-member",
      fields: { connection: "x-hop, ", "x-hop": "1" },
      name: "x-hop",
    },
    {
      id: "nominated-what-is-no-name",
      fields: { connection: "a b, x-hop", "x-hop": "1" },
      name: "x-hop",
    },
  ])("without $id (RFC 9110 §7.6.1)", ({ fields, name }) => {
    const response = new Response(null, { headers: fields as Fields });
    expect(fieldsPassedOn(response, defineConfig({})).has(name)).toBe(false);
  });

  it("with every cookie of its own", () => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const fields = fieldsPassedOn(new Response(null, { headers }), defineConfig({}));
    expect(fields.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  const cookie: Fields = { "set-cookie": "s=1" };

  it.each<{ id: string; stated: string | null; more?: Fields; value: string }>([
    { id: "silent", stated: null, value: "private" },
    { id: "lifetime-alone", stated: "max-age=5", value: "max-age=5, private" },
    { id: "private", stated: "private", value: "private" },
    { id: "no-store", stated: "no-store", value: "no-store" },
    { id: "public", stated: "Public, max-age=5", value: "Public, max-age=5" },
    { id: "s-maxage", stated: "s-maxage=5", value: "s-maxage=5" },
    { id: "some-fields-alone", stated: 'private="x-a"', value: 'private="x-a", private' },
    {
      id: "no-store-for-some-caches-alone",
      stated: "no-store, must-understand",
      value: "no-store, must-understand, private",
    },
    { id: "in-quotes", stated: 'x="public"', value: 'x="public", private' },
    { id: "with-a-cookie", stated: null, more: cookie, value: "private" },
    {
      id: "public-with-a-cookie",
      stated: "public, s-maxage=9, max-age=5",
      more: cookie,
      value: "max-age=5, private",
    },
    { id: "no-store-with-a-cookie", stated: "no-store", more: cookie, value: "no-store" },
    {
      id: "some-fields-alone-with-a-cookie",
      stated: 'private="x-a", max-age=5',
      more: cookie,
      value: 'private="x-a", max-age=5, private',
    },
  ])("kept private: $id (RFC 9111 §3.5)", ({ stated, value, more }) => {
    const fields = new Headers(stated === null ? more : cc(stated, more));
    keepPrivate(fields);
    expect(fields.get("cache-control")).toBe(value);
  });
});
