// Tests the variants of a page, which the fields in Vary select (RFC 9111 §4.1).
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const inLanguage = (language: string) => ({ headers: { "accept-language": language } });
const origin = (request: Request, nth: number) =>
  page(
    `${request.headers.get("accept-language")} ${nth}`,
    cc("max-age=60", { vary: "Accept-Language" }),
  );

it("two variants of a page are stored", async () => {
  const site = openSite({ origin });
  const german = await site.get("/a", inLanguage("de"));
  const english = await site.get("/a", inLanguage("en"));
  expect(german.cacheStatus).toContain("fwd=uri-miss");
  expect(english.cacheStatus).toBe(
    'tidemark; fwd=vary-miss; fwd-status=200; stored; detail="vary: accept-language"',
  );
  const hits = [await site.get("/a", inLanguage("de")), await site.get("/a", inLanguage("en"))];
  expect(hits.map(({ text }) => text)).toEqual(["de 1", "en 2"]);
  expect(hits.map(({ fields }) => fields.get("vary"))).toEqual([
    "Accept-Language",
    "Accept-Language",
  ]);
});

it("a request without the field gets only a variant of a request without the field", async () => {
  const site = openSite({ origin });
  await site.get("/a");
  expect((await site.get("/a", inLanguage(""))).text).toBe(" 2");
  expect((await site.get("/a")).text).toBe("null 1");
});

it("a marker is kept after its variant has expired", async () => {
  const site = openSite({ origin });
  await site.get("/a", inLanguage("de"));
  site.clock.advance(61);
  expect((await site.get("/a", inLanguage("de"))).cacheStatus).toContain("fwd=vary-miss");
});

it("a marker that a backfill writes is kept as long as its variants", async () => {
  const { near, far, clock, looks } = openPair({
    origin: ({ headers }) => {
      const language = headers.get("accept-language") ?? "";
      const seconds = language === "en" ? 3_600 : 60;
      return page(language, cc(`max-age=${seconds}`, { vary: "Accept-Language" }));
    },
  });
  await near.get("/a", inLanguage("en"));
  await far.get("/a", inLanguage("de"));
  clock.advance(1);
  expect((await near.get("/a", inLanguage("de"))).cacheStatus).toContain("detail=shared");
  clock.advance(61);
  const before = looks();
  expect((await near.get("/a", inLanguage("en"))).cacheStatus).toContain("detail=memory");
  expect(looks()).toBe(before);
});

it("a marker from a clock that is an hour ahead costs other colos one origin request", async () => {
  const [clock, ahead] = [new FakeClock(), new FakeClock()];
  ahead.advance(3_600);
  const upstash = new FakeUpstash(clock);
  const open = (of: FakeClock) => openSite({ origin, upstash, clock: of });
  await open(ahead).get("/a", inLanguage("de"));
  const colos = [open(clock), open(clock)];
  for (let nth = 0; nth < 10; nth += 1) {
    for (const colo of colos) await colo.get("/a", inLanguage("de"));
    clock.advance(1);
  }
  expect(colos.map((colo) => colo.origin.count)).toEqual([1, 0]);
});

describe("a new response with another Vary", () => {
  it.each([
    { id: "another-field", vary: "x-app", init: { headers: { "x-app": "1" } } },
    { id: "no-field", vary: undefined, init: {} },
    { id: "an-additional-field", vary: "accept-language, x-app", init: inLanguage("de") },
  ])("answers the next request: $id", async ({ vary, init }) => {
    const site = openSite({ origin });
    await site.get("/a", inLanguage("de"));
    site.origin.script = (_, nth) =>
      page(`page ${nth}`, cc("max-age=60", vary === undefined ? {} : { vary }));
    site.clock.advance(61);
    await site.get("/a", init);
    const seen = await site.get("/a", init);
    expect([seen.text, site.origin.count]).toEqual(["page 2", 2]);
  });
});

it("five values of Accept-Encoding select three variants", async () => {
  const site = openSite({
    origin: (request) =>
      page(
        request.headers.get("accept-encoding") ?? "",
        cc("max-age=60", { vary: "Accept-Encoding" }),
      ),
  });
  const asked = ["gzip, deflate, br, zstd", "br, gzip", "gzip;q=0.9, br", "deflate", "gzip"];
  const texts = [];
  for (const encodings of asked) {
    texts.push((await site.get("/a", { headers: { "accept-encoding": encodings } })).text);
  }
  expect(texts).toEqual(["br, gzip", "br, gzip", "br, gzip", "identity", "gzip"]);
  expect(site.origin.count).toBe(3);
});

it.each(["range", "If-Range"])("a response that varies by %s is not stored", async (vary) => {
  const site = openSite({
    origin: ({ headers }) => page(`range ${headers.get("range")}`, cc("max-age=60", { vary })),
  });
  await site.get("/a", { headers: { range: "bytes=0-1" } });
  expect((await site.get("/a")).text).toBe("range null");
});

it.each([
  { id: "without Vary", vary: {} },
  { id: "with another Vary", vary: { vary: "origin" } },
])("an error $id for one client's variant does not remove other variants", async ({ vary }) => {
  const site = await openSite({
    origin: ({ headers }, nth) =>
      headers.get("accept-language") === "zz"
        ? page("none", cc("max-age=60", vary), 404)
        : page(`page ${nth}`, cc("max-age=60", { vary: "accept-language" })),
  }).meetOrigin();
  await site.get("/a", inLanguage("de"));
  const refused = await site.get("/a", inLanguage("zz"));
  expect(refused.cacheStatus).toContain("detail=unconfirmed");
  // The next forward is an anonymous request for the variant of this client.
  await Promise.all([site.get("/a", inLanguage("zz")), site.get("/a", inLanguage("zz"))]);
  expect((await site.get("/a", inLanguage("de"))).cacheStatus).toContain("; hit");
  site.clock.advance(61);
  await site.get("/a", inLanguage("zz"));
  expect((await site.get("/a", inLanguage("zz"))).text).toBe("none");
  expect((await site.get("/a", inLanguage("zz"))).cacheStatus).toContain("; hit");
});

it("a newer response without Vary also answers clients with a stored variant", async () => {
  const site = openSite({
    origin: ({ headers }) => {
      const language = headers.get("accept-language");
      const vary = language === null ? {} : { vary: "accept-language" };
      return page(language ?? "any", cc("max-age=60", vary));
    },
  });
  await site.get("/a", inLanguage("de"));
  await site.get("/a");
  expect((await site.get("/a", inLanguage("de"))).text).toBe("any");
});
