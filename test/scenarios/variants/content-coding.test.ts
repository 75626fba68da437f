// Tests compressed responses from an origin that does not send `Vary: Accept-Encoding` (RFC 9110
// §8.4, RFC 9111 §4.1).
import { describe, expect, it } from "vitest";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { type AskInit, openColos, openSite, type Site } from "../../../testing/site/harness.ts";

const accepting = (coding: string) => ({ headers: { "accept-encoding": coding } });
const browser = accepting("gzip, deflate, br, zstd");

/** Compresses for clients that accept gzip or br, and does not send `Vary: Accept-Encoding`. */
const silent =
  (more: FieldTexts = {}) =>
  ({ headers }: Request, nth: number) => {
    const isCoded = /br|gzip/.test(headers.get("accept-encoding") ?? "");
    const coding = isCoded ? { "content-encoding": "gzip" } : {};
    return page(`${isCoded ? "packed" : "plain"} ${nth}`, cc("max-age=60", { ...coding, ...more }));
  };

async function textsOf(site: Site, ...asks: (typeof browser | undefined)[]) {
  const texts: string[] = [];
  for (const ask of asks) texts.push((await site.get("/a", ask)).text);
  return texts;
}

describe("a compressed response without Vary: Accept-Encoding", () => {
  it("answers only clients that accept its coding", async () => {
    const site = openSite({ origin: silent() });
    const identity = accepting("identity");
    const asks = [browser, undefined, browser, identity, accepting("*;q=0"), browser];
    const texts = ["packed 1", "plain 2", "packed 1", "plain 2", "plain 2", "packed 1"];
    expect(await textsOf(site, ...asks)).toEqual(texts);
    expect((await site.get("/a", browser)).cacheStatus).toContain("; hit");
  });

  it("answers only clients that accept its coding in another colo", async () => {
    const clock = new FakeClock();
    const options = { clock, upstash: new FakeUpstash(clock), origin: silent() };
    const [near, far] = openColos(2, options) as [Site, Site];
    await near.get("/a", browser);
    const seen = await far.get("/a", browser);
    expect([seen.text, seen.cacheStatus.includes("detail=shared")]).toEqual(["packed 1", true]);
    expect(await textsOf(far, undefined, browser)).toEqual(["plain 2", "packed 1"]);
  });

  it("gets Accept-Encoding in its Vary, on a miss and on a hit", async () => {
    const site = openSite({ origin: silent({ vary: "Accept-Language" }) });
    for (let nth = 0; nth < 2; nth += 1) {
      const { fields } = await site.get("/a", browser);
      expect(fields.get("vary")?.toLowerCase()).toBe("accept-language, accept-encoding");
    }
  });

  it("answers only clients that accept its coding after a 304", async () => {
    const site = openSite({
      origin: (request, nth) =>
        request.headers.has("if-none-match")
          ? unchanged({ etag: '"1"', vary: "Accept-Language" })
          : silent({ etag: '"1"' })(request, nth),
    });
    await site.get("/a", browser);
    site.clock.advance(61);
    expect((await site.get("/a", browser)).cacheStatus).toContain("fwd-status=304; stored");
    expect(await textsOf(site, undefined, browser)).toEqual(["plain 3", "packed 1"]);
  });

  it("is not fetched if an uncompressed response was stored first", async () => {
    const site = openSite({ origin: silent() });
    expect(await textsOf(site, undefined, browser)).toEqual(["plain 1", "plain 1"]);
  });
});

describe("a shared dictionary (RFC 9842)", () => {
  const declared = {
    "use-as-dictionary": 'match="/*"',
    vary: "accept-encoding, available-dictionary",
  };
  const holding = (nth: number): AskInit => ({
    headers: {
      "accept-encoding": "gzip, br, zstd, dcb, dcz",
      "available-dictionary": `:${String(nth).padStart(43, "A")}=:`,
      "dictionary-id": `"${nth}"`,
    },
  });
  /** Compresses with the client's dictionary, also for a request without the coding in `Accept-Encoding`. */
  const packing: Script = ({ headers }, nth) => {
    const isHeld = headers.has("available-dictionary") || headers.has("dictionary-id");
    const coding = isHeld ? { "content-encoding": "dcb" } : {};
    const fields = cc("max-age=60, stale-while-revalidate=60", { etag: '"1"', ...declared });
    return headers.has("if-none-match")
      ? unchanged(fields)
      : page(`${isHeld ? "delta" : "whole"} ${nth}`, { ...fields, ...coding });
  };

  it("selects nothing: all clients share one response", async () => {
    const site = openSite({ origin: packing });
    for (let nth = 0; nth < 12; nth += 1) {
      expect((await site.get("/a", holding(nth))).text).toBe("whole 1");
    }
    expect(site.origin.count).toBe(1);
    expect(site.origin.last.fields.get("accept-encoding")).toBe("br, gzip");
  });

  it("is declared in no answer of a stored response, nor in one that is not stored", async () => {
    const site = openSite({ origin: packing });
    const seen = [
      await site.get("/a"),
      await site.get("/a"),
      await site.get("/a", { method: "HEAD" }),
      await site.get("/a", { headers: { "if-none-match": '"1"' } }),
      await site.get("/a", { headers: { range: "bytes=0-1" } }),
    ];
    site.clock.advance(61);
    seen.push(await site.get("/a"), await site.get("/a"));
    site.clock.advance(200);
    seen.push(await site.get("/a"), await site.get("/b", { method: "HEAD" }));
    site.origin.script = () => page("mine", cc("private", declared));
    seen.push(await site.get("/c"), await site.get("/d", { headers: { cookie: "session=1" } }));
    expect(seen.map(({ status }) => status)).toEqual([
      200, 200, 200, 304, 206, 200, 200, 200, 200, 200, 200,
    ]);
    for (const { fields } of seen) expect(fields.get("use-as-dictionary")).toBe(null);
  });

  it.each(["no-cache", "private"])("is not declared by a %s that names it", async (directive) => {
    const site = openSite({ origin: packing });
    const own = cc(`max-age=0, ${directive}="use-as-dictionary"`, { etag: '"1"', ...declared });
    site.origin.script = ({ headers }) =>
      headers.has("if-none-match") ? unchanged(own) : page("page", own);
    for (const told of ["uri-miss; fwd-status=200", "stale; fwd-status=304"]) {
      const seen = await site.get("/a");
      expect(seen.cacheStatus).toContain(told);
      expect(seen.fields.get("use-as-dictionary")).toBe(null);
    }
  });

  it.each(["dcb", "dcz"])("leaves an answer in %s to its client alone", async (coding) => {
    const fields = cc("public, max-age=60", { "content-encoding": coding });
    const site = openSite({ origin: (_, nth) => page(`delta ${nth}`, fields) });
    const seen = await site.get("/a", holding(1));
    expect([seen.text, seen.fields.get("content-encoding")]).toEqual(["delta 1", coding]);
    expect(seen.cacheStatus).toContain("detail=dictionary-coded");
    expect(await textsOf(site, browser)).toEqual(["delta 2"]);
  });

  it.each<{ id: string; path: string; init: AskInit }>([
    { id: "its route", path: "/app/a", init: {} },
    { id: "Authorization", path: "/a", init: { headers: { authorization: "Bearer 1" } } },
    { id: "its method", path: "/a", init: { method: "POST" } },
  ])("works between a client and the origin if a request bypasses by $id", async (row) => {
    const routes = [{ name: "app", match: "/app/*", bypass: true }];
    const site = openSite({ origin: packing, config: { routes } });
    const headers = { ...row.init.headers, ...holding(1).headers };
    const seen = await site.get(row.path, { ...row.init, headers });
    expect(site.origin.last.fields.get("accept-encoding")).toContain("dcb");
    expect([seen.text, seen.fields.get("content-encoding")]).toEqual(["delta 1", "dcb"]);
    expect(seen.fields.get("use-as-dictionary")).toBe(declared["use-as-dictionary"]);
  });

  it("may be linked: the linked URL, perhaps of another route, decides", async () => {
    const link = '</app/d>; rel="compression-dictionary"';
    const site = openSite({ origin: () => page("page", cc("max-age=60", { link })) });
    for (const _ of ["miss", "hit"]) expect((await site.get("/a")).fields.get("link")).toBe(link);
  });
});

it.each([{ coding: "" }, { coding: "identity" }])(
  "a response without a content coding answers all clients: '$coding'",
  async ({ coding }) => {
    const fields = coding === "" ? {} : { "content-encoding": coding };
    const site = openSite({ origin: (_, nth) => page(`${nth}`, cc("max-age=60", fields)) });
    expect(await textsOf(site, browser, undefined, accepting("gzip"))).toEqual(["1", "1", "1"]);
    expect((await site.get("/a", browser)).fields.get("vary")).toBe(null);
  },
);
