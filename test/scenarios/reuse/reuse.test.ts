// From the first miss to a hit, its expiry and its validation (RFC 9111 §3, §4, §4.3; RFC 9211).
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged, unreachable } from "../../../testing/fakes/origin-in-process.ts";

describe("miss, hit, expiry", () => {
  it("asks the origin once while the answer is fresh", async () => {
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
    const first = await site.get("/a");
    site.clock.advance(59.5);
    const second = await site.get("/a");
    expect([first.text, second.text, site.origin.count]).toEqual(["page 1", "page 1", 1]);
    expect(first.cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    expect(second.cacheStatus).toBe("tidemark; hit; ttl=0; detail=memory");
    expect([first.fields.get("age"), second.fields.get("age")]).toEqual([null, "59"]);
  });

  it("also a 204 that states a length (RFC 9110 §8.6)", async () => {
    const fields = cc("max-age=60", { "content-length": "5" });
    const site = openSite({ origin: () => new Response(null, { status: 204, headers: fields }) });
    await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it("asks again once it is stale", async () => {
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
    await site.get("/a");
    site.clock.advance(60);
    const seen = await site.get("/a");
    expect([seen.text, site.origin.count]).toEqual(["page 2", 2]);
  });

  it("dates what came without a date (RFC 9110 §6.6.1)", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=60")) });
    const receivedOn = site.clock.date();
    await site.get("/a");
    site.clock.advance(10);
    expect((await site.get("/a")).fields.get("date")).toBe(receivedOn);
  });

  it("counts the age that an upstream cache tells (RFC 9111 §4.2.3)", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=60", { age: "50" })) });
    expect((await site.get("/a")).fields.get("age")).toBe("50");
    site.clock.advance(9);
    expect((await site.get("/a")).fields.get("age")).toBe("59");
    site.clock.advance(1);
    await site.get("/a");
    expect(site.origin.count).toBe(2);
  });

  it("counts the time that the origin took (RFC 9111 §4.2.3)", async () => {
    const site = openSite();
    site.origin.script = () => {
      site.clock.advance(7);
      return page("page", cc("max-age=60"));
    };
    await site.get("/a");
    expect((await site.get("/a")).fields.get("age")).toBe("7");
  });

  it("keeps the origin's Cache-Status in front of its own (RFC 9211 §2)", async () => {
    const site = openSite({
      origin: () => page("page", cc("max-age=60", { "cache-status": "inner; hit" })),
    });
    expect((await site.get("/a")).cacheStatus).toMatch(/^inner; hit, tidemark; fwd=uri-miss/);
    expect((await site.get("/a")).cacheStatus).toMatch(/^inner; hit, tidemark; hit/);
  });

  it("answers a HEAD from a stored GET, with its length in bytes", async () => {
    const site = openSite({ origin: () => page("größer", cc("max-age=60")) });
    await site.get("/a");
    const seen = await site.get("/a", { method: "HEAD" });
    expect([seen.text, seen.fields.get("content-length")]).toEqual(["", "8"]);
    expect(site.origin.count).toBe(1);
  });

  it("forwards a HEAD that nothing stored answers, and stores nothing of it", async () => {
    const fields = cc("max-age=60", { "content-length": "5" });
    const site = openSite({
      origin: ({ method }) => page(method === "HEAD" ? "" : "hello", fields),
    });
    const seen = await site.get("/a", { method: "HEAD" });
    expect(site.origin.last.method).toBe("HEAD");
    expect([seen.status, seen.fields.get("content-length")]).toEqual([200, "5"]);
    await site.get("/a");
    expect(site.origin.count).toBe(2);
  });
});

describe("validation", () => {
  const etag = (tag: string) => cc("max-age=60", { etag: tag });

  it("sends the stored validators and freshens by the 304 (RFC 9111 §4.3.1, §4.3.4)", async () => {
    const site = openSite({
      origin: () => page("page", cc("max-age=60", { etag: '"1"', x: "old" })),
    });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged(cc("max-age=30", { etag: '"1"', x: "new" }));
    const validated = await site.get("/a");
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect(validated.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect([validated.status, validated.text, validated.fields.get("x")]).toEqual([
      200,
      "page",
      "new",
    ]);
    site.clock.advance(29);
    const hit = await site.get("/a");
    expect([hit.text, hit.fields.get("age"), site.origin.count]).toEqual(["page", "29", 2]);
    site.clock.advance(1);
    await site.get("/a");
    expect(site.origin.count).toBe(3);
  });

  it("replaces by a 200", async () => {
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, etag(`"${nth}"`)) });
    await site.get("/a");
    site.clock.advance(61);
    expect((await site.get("/a")).text).toBe("page 2");
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("asks again without conditions when a 304 is about another response", async () => {
    const site = openSite({ origin: () => page("old", etag('"1"')) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = (request) =>
      request.headers.has("if-none-match") ? unchanged(etag('"2"')) : page("new", etag('"2"'));
    expect((await site.get("/a")).text).toBe("new");
    expect(site.origin.asked.map(({ fields }) => fields.get("if-none-match"))).toEqual([
      null,
      '"1"',
      null,
    ]);
    expect((await site.get("/a")).text).toBe("new");
  });

  it("and if that fails, has the stale one still (RFC 5861 §4)", async () => {
    const site = openSite({
      origin: () => page("old", cc("max-age=60, stale-if-error=600", { etag: '"1"' })),
    });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = (request) =>
      request.headers.has("if-none-match") ? unchanged(etag('"2"')) : unreachable();
    expect((await site.get("/a")).text).toBe("old");
  });

  it.each([
    { id: "no-store", fields: cc("no-store", { etag: '"1"' }) },
    { id: "private", fields: cc("private, max-age=60", { etag: '"1"' }) },
    { id: "set-cookie", fields: cc("max-age=60", { etag: '"1"', "set-cookie": "session=7" }) },
  ])("a 304 with $id freshens for its own client alone (RFC 9111 §5.2.2)", async ({ fields }) => {
    const site = openSite({ origin: () => page("page", etag('"1"')) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged(fields);
    const own = await site.get("/a");
    expect([own.text, own.cacheStatus]).toEqual(["page", "tidemark; fwd=stale; fwd-status=304"]);
    await site.get("/a");
    // An anonymous request decides what becomes of the stored response.
    expect(site.origin.count).toBe(4);
  });

  it("a cookie that comes with a 304 reaches its own client, and nobody else", async () => {
    const site = openSite({ origin: () => page("page", etag('"1"')) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = ({ headers }, nth) => {
      const personal = cc("max-age=60", { etag: '"1"', "set-cookie": `session=${nth}` });
      return headers.has("if-none-match") ? unchanged(personal) : page("page", personal);
    };
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["session=2"]);
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["session=4"]);
    expect(site.cache.text).not.toContain("session=");
  });

  it("a HEAD may validate too", async () => {
    const site = openSite({ origin: () => page("page", etag('"1"')) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged(etag('"1"'));
    const seen = await site.get("/a", { method: "HEAD" });
    expect([seen.fields.get("content-length"), seen.text]).toEqual(["4", ""]);
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("validates `no-cache` every time (RFC 9111 §5.2.2.4)", async () => {
    const site = openSite({ origin: () => page("page", cc("no-cache", { etag: '"1"' })) });
    await site.get("/a");
    site.origin.script = () => unchanged({ etag: '"1"' });
    expect((await site.get("/a")).text).toBe("page");
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(3);
  });
});

describe("a 304 that must not be stored ends what it is about (RFC 9111 §3.2, §4.3.4)", () => {
  it.each([
    { id: "private", fields: cc("private, max-age=60") },
    { id: "no-store", fields: cc("no-store") },
    { id: "cookie", fields: cc("max-age=0, must-revalidate", { "set-cookie": "session=1" }) },
  ])("$id", async ({ fields }) => {
    const stored = cc("max-age=60, stale-while-revalidate=600", { etag: '"1"' });
    const site = openSite({ origin: () => page("page", stored) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged({ ...fields, etag: '"1"' });
    await site.get("/a");
    await site.settle();
    site.origin.script = () => page("new", stored);
    expect((await site.get("/a")).text).toBe("new");
  });
});

it("a 304 to somebody's cookie changes nothing that all are given, unless it is shared", async () => {
  const shared = cc("public, max-age=60", { etag: '"1"' });
  const site = openSite({ origin: () => page("page", shared) });
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = () => unchanged({ etag: '"1"', "x-user": "ada" });
  const own = await site.get("/a", { headers: { cookie: "session=ada" } });
  expect([own.text, own.fields.get("x-user")]).toEqual(["page", "ada"]);
  site.origin.script = () => unchanged(shared);
  expect((await site.get("/a")).fields.get("x-user")).toBe(null);
});
