// Tests compressed responses from an origin that does not send `Vary: Accept-Encoding` (RFC 9110
// §8.4, RFC 9111 §4.1).
import { describe, expect, it } from "vitest";
import { cc, type FieldTexts, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, openSite, type Site } from "../../../testing/site/harness.ts";

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

it.each([{ coding: "" }, { coding: "identity" }])(
  "a response without a content coding answers all clients: '$coding'",
  async ({ coding }) => {
    const fields = coding === "" ? {} : { "content-encoding": coding };
    const site = openSite({ origin: (_, nth) => page(`${nth}`, cc("max-age=60", fields)) });
    expect(await textsOf(site, browser, undefined, accepting("gzip"))).toEqual(["1", "1", "1"]);
    expect((await site.get("/a", browser)).fields.get("vary")).toBe(null);
  },
);
