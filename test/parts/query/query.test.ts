// Tests QUERY (RFC 10008) on routes with `query()`: what is part of the key, what the origin
// gets, which requests bypass the cache, and what purges cover.
// Needs parts: hot-keys.
import { describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { query } from "../../../src/parts/query/query.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { heat, openHotSite } from "../hot-keys/hot-site.ts";
import { idle, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const config: ConfigInput = {
  routes: [
    { name: "json", match: "/json", use: [query("json")] },
    { name: "writes", match: "/raw", methods: ["POST", "GET"], bypass: true },
    { name: "raw", match: "/raw", use: [query("raw")] },
    { name: "pages", match: "/split", methods: ["GET"], query: { allow: [] } },
    { name: "queries", match: "/split", use: [query("raw")] },
  ],
};

/** The text of an answer is the content that the origin got, with its type. */
const echo: Script = async (request) => {
  const text = await request.text();
  const type = request.headers.get("content-type");
  return page(`${request.method} ${type} ${text}`, cc("max-age=600", { "accept-query": "a/b" }));
};
const options = (origin: Script = echo) => ({ config, origin });
const open = (origin?: Script) => openSite(options(origin));

const json = "application/json";
function ask(
  site: Site,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  path = "/json",
) {
  const length = String(new TextEncoder().encode(String(body)).length);
  const fields = { "content-type": json, "content-length": length, ...headers };
  return site.get(path, { method: "QUERY", body, headers: fields });
}

const hit = "tidemark; hit; ttl=600; detail=memory";

it("answers the same QUERY from memory, and another from the origin", async () => {
  const site = open();
  const first = await ask(site, '{"a":1}', {}, "/raw");
  expect(first.text).toBe('QUERY application/json {"a":1}');
  const again = await ask(site, '{"a":1}', {}, "/raw");
  expect([again.text, again.cacheStatus]).toEqual([first.text, hit]);
  expect(again.fields.get("accept-query")).toBe("a/b");
  expect((await ask(site, '{"a":2}', {}, "/raw")).text).toContain('{"a":2}');
  expect((await ask(site, ' {"a":1}', {}, "/raw")).text).toContain(' {"a":1}');
  expect(site.origin.count).toBe(3);
});

it("answers neither GET nor POST from a stored QUERY", async () => {
  const site = open();
  await ask(site, "{}");
  expect((await site.get("/json")).text).toBe("GET null ");
  const headers = { "content-type": json, "content-length": "2" };
  const post = await site.get("/json", { method: "POST", body: "{}", headers });
  expect(post.text).toBe("POST application/json {}");
});

describe("the key", () => {
  it("has the JSON without white space and order, and the origin gets the client's bytes", async () => {
    const site = open();
    expect((await ask(site, '{ "b":2, "a":1}')).text).toContain('{ "b":2, "a":1}');
    expect((await ask(site, '{"a":1,"b":2}')).cacheStatus).toBe(hit);
    expect((await ask(site, '{"a":1.0,"b":2}')).text).toContain("1.0");
  });

  it.each<[string, Record<string, string>]>([
    ["Content-Type", { "content-type": "application/vnd.x+json" }],
    ["a parameter of Content-Type", { "content-type": "application/json; charset=utf-8" }],
    ["the spelling of Content-Type", { "content-type": "Application/JSON" }],
    ["Content-Encoding", { "content-encoding": "gzip" }],
    ["Content-Language", { "content-language": "de" }],
  ])("has %s", async (_name, headers) => {
    const site = open();
    await ask(site, "{}");
    expect((await ask(site, "{}", headers)).cacheStatus).toContain("fwd=uri-miss");
    expect((await ask(site, "{}", headers)).cacheStatus).toBe(hit);
  });

  it.each<[string, Record<string, string>]>([
    ["another type", { "content-type": "text/x" }],
    ["another charset", { "content-type": "application/json; charset=shift_jis" }],
    ["two charsets", { "content-type": 'application/json; charset=utf-8; charset="gbk"' }],
    ["a coding", { "content-encoding": "x" }],
    ["no-transform", { "cache-control": "no-transform" }],
  ])("has the bytes of JSON with %s", async (_name, headers) => {
    const site = open();
    await ask(site, "{}", headers);
    expect((await ask(site, "{ }", headers)).cacheStatus).toContain("fwd=uri-miss");
  });

  it("has no white space of JSON that says its charset", async () => {
    const site = open();
    const headers = { "content-type": 'application/json; charset="UTF-8"' };
    await ask(site, "{}", headers);
    expect((await ask(site, "{ }", headers)).cacheStatus).toBe(hit);
  });

  it("cannot be made up from the parts of another", async () => {
    const site = open();
    await ask(site, "x", { "content-type": 'a","b' }, "/raw");
    const other = { "content-type": "a", "content-encoding": "b" };
    expect((await ask(site, "x", other, "/raw")).cacheStatus).toContain("fwd=uri-miss");
  });
});

describe("a QUERY bypasses the cache", () => {
  const large = "x".repeat(65_537);
  it.each<[string, string, Record<string, string>]>([
    ["without Content-Type", "{}", { "content-type": "" }],
    ["with more than 64 KiB", large, {}],
    ["without a length", "{}", { "content-length": "" }],
    ["with a type that is not ASCII", "{}", { "content-type": "a/ü" }],
  ])("%s", async (_name, body, headers) => {
    const site = open();
    for (let nth = 0; nth < 2; nth += 1) {
      const seen = await ask(site, body, headers);
      expect(seen.cacheStatus).toContain("fwd=bypass");
      expect(seen.cacheStatus).toContain("detail=unkeyed-content");
      expect(seen.text).toContain(body);
    }
  });

  it("with Authorization, before its content is read", async () => {
    const site = open();
    const seen = await ask(site, "{}", { authorization: "x" });
    expect(seen.cacheStatus).toContain("detail=authorization");
    expect(seen.text).toContain("{}");
  });

  it("on other routes", async () => {
    const site = open();
    expect((await ask(site, "{}", {}, "/other")).cacheStatus).toContain("fwd=method");
  });
});

describe("a content", () => {
  it.each([
    ["shorter", "3"],
    ["longer", "1"],
  ])("that is %s than its stated length is refused", async (_name, length) => {
    const site = open();
    expect((await ask(site, "{}", { "content-length": length })).status).toBe(400);
    expect(site.origin.count).toBe(0);
  });

  it("that never ends is refused after ten seconds, and frees its memory", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const site = open();
      const ended = vi.fn<() => void>();
      const body = new ReadableStream({ pull: () => new Promise(() => undefined), cancel: ended });
      const headers = { "content-type": json, "content-length": "9" };
      const init = { method: "QUERY", body, headers, duplex: "half" } as RequestInit;
      const answering = site.get("/json", init as never);
      await vi.advanceTimersByTimeAsync(9_999);
      expect(ended).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(2);
      expect((await answering).status).toBe(400);
      expect(ended).toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not read while 64 others arrive, and after them, or 45 s later, again", async () => {
    const site = open();
    let end = () => undefined as void;
    const ended = new Promise<void>((resolve) => void (end = resolve));
    const slow = async () => {
      const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
        await ended;
        controller.close();
      };
      const body = new ReadableStream({ pull });
      const headers = { "content-type": json, "content-length": "65536" };
      return site.get("/json", { method: "QUERY", body, headers, duplex: "half" } as never);
    };
    const others = Array.from({ length: 64 }, slow);
    await idle();
    expect((await ask(site, "{}")).cacheStatus).toContain("detail=unkeyed-content");
    site.clock.advance(44);
    expect((await ask(site, "{}")).cacheStatus).toContain("detail=unkeyed-content");
    // The runtime may have ended their requests without notice.
    site.clock.advance(1);
    expect((await ask(site, "[]")).cacheStatus).toContain("fwd=uri-miss");
    end();
    for (const { status } of await Promise.all(others)) expect(status).toBe(400);
    expect((await ask(site, "{}")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("counts until a refresh behind the answer has sent it", async () => {
    let end = () => undefined as void;
    const ended = new Promise<void>((resolve) => void (end = resolve));
    const site = open(async (request) => {
      if (site.origin.count > 64 && (await request.text()) !== "{}") await ended;
      return page("", cc("max-age=60, stale-while-revalidate=60"));
    });
    const contents = Array.from({ length: 64 }, (_, nth) => `"${nth}"`.padEnd(65_536));
    for (const content of contents) await ask(site, content);
    site.clock.advance(61);
    const headers = { "content-type": json, "content-length": "65536" };
    for (const body of contents) await site.ask("/json", { method: "QUERY", body, headers });
    const small = { "content-type": json, "content-length": "2" };
    const passed = await site.ask("/json", { method: "QUERY", body: "{}", headers: small });
    expect(passed.headers.get("cache-status")).toContain("detail=unkeyed-content");
    end();
    await site.settle();
    expect((await ask(site, "{}")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("reaches the origin without unkeyed fields about it", async () => {
    const site = open();
    const unkeyed = {
      "content-digest": "sha-256=:AA==:",
      "content-disposition": 'form-data; name="a"',
      "content-transfer-encoding": "base64",
      "content-location": "/x",
      "content-range": "bytes 0-1/9",
      "x-content-encoding": "gzip",
      digest: "sha-256=AA==",
      expect: "x",
    };
    await ask(site, "{}", { ...unkeyed, "content-language": "de" });
    const { fields } = site.origin.asked[0] ?? {};
    for (const name of Object.keys(unkeyed)) expect(fields?.get(name)).toBeNull();
    expect(fields?.get("content-language")).toBe("de");
    expect(fields?.get("content-length")).toBe("2");
  });
});

it("waits for the forward of the same QUERY", async () => {
  const site = open();
  const seen = await Promise.all(["{}", "{ }", "{}"].map((body) => ask(site, body)));
  expect(seen.map(({ text }) => text)).toEqual(Array(3).fill("QUERY application/json {}"));
  expect(site.origin.count).toBe(1);
});

it("is stored in Redis at its second request", async () => {
  const { near, far } = openPair(options());
  for (const body of ["1", "2", "1"]) await ask(near, body);
  await near.settle();
  expect((await ask(far, "1")).cacheStatus).toContain("detail=shared");
  expect((await ask(far, "2")).cacheStatus).toContain("fwd=uri-miss");
});

it("evaluates If-None-Match, and refreshes with the client's content", async () => {
  const site = open(async (request) => {
    const text = await request.text();
    const isKnown = request.headers.get("if-none-match") === '"1"';
    const fields = cc("max-age=60, stale-while-revalidate=60", { etag: '"1"' });
    return isKnown ? unchanged(fields) : page(text, fields);
  });
  await ask(site, '{"a":1}');
  expect((await ask(site, '{"a":1}', { "if-none-match": '"1"' })).status).toBe(304);
  site.clock.advance(61);
  const stale = await ask(site, '{"a":1}', { "x-client": "1", "accept-language": "de" });
  expect([stale.text, stale.cacheStatus]).toEqual(['{"a":1}', expect.stringContaining("hit")]);
  await site.settle();
  const { method, fields } = site.origin.asked[1] ?? {};
  expect([method, fields?.get("content-type")]).toEqual(["QUERY", json]);
  expect([fields?.get("x-client"), fields?.get("accept-language")]).toEqual([null, null]);
  expect((await ask(site, '{"a":1}')).cacheStatus).toContain("ttl=60");
});

it("makes no key hot", async () => {
  const { colos, told } = openHotSite({ ...options(), config });
  for (let nth = 0; nth < 3; nth += 1) await ask(colos[0], "{}");
  colos[0].clock.advance(60);
  expect((await ask(colos[0], "{}")).cacheStatus).toContain("hit");
  await heat(colos[0], ["/other"]);
  await colos[0].settle();
  expect(told().map(({ url }) => url)).toEqual(["https://www.example.com/other"]);
});

describe("a purge", () => {
  const openPurged = () => {
    const { site } = openJournalled(
      options(({ method }, nth) =>
        method === "POST" ? new Response(null, { status: 204 }) : page(`${nth}`, cc("max-age=600")),
      ),
    );
    return site;
  };

  it.each([
    ["of its URL", { urls: ["https://www.example.com/raw"] }],
    ["of its route", { routes: ["raw"] }],
    ["of everything", { everything: true }],
  ])("%s covers a QUERY", async (_name, names) => {
    const site = openPurged();
    await ask(site, "1", {}, "/raw");
    expect((await ask(site, "1", {}, "/raw")).text).toBe("1");
    await send(site, names);
    expect((await ask(site, "1", {}, "/raw")).text).toBe("2");
  });

  it("covers a QUERY whose route keys other parameters than that of GET", async () => {
    const site = openPurged();
    await ask(site, "1", {}, "/split?a=1");
    await send(site, { urls: ["https://www.example.com/split?a=1"] });
    expect((await ask(site, "1", {}, "/split?a=1")).text).toBe("2");
  });

  it("by a POST to its URL covers a QUERY, and a QUERY covers nothing", async () => {
    const site = openPurged();
    await ask(site, "1", {}, "/raw");
    await ask(site, "2", {}, "/raw");
    expect((await ask(site, "1", {}, "/raw")).text).toBe("1");
    await site.get("/raw", { method: "POST" });
    await idle();
    expect((await ask(site, "1", {}, "/raw")).text).toBe("4");
  });
});
