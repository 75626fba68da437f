// From the first miss to a hit, its expiry and its validation (RFC 9111 §3, §4, §4.3; RFC 9211).
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=60"));

describe("miss, hit, expiry", () => {
  it("asks the origin once while the response is fresh, and again when it is stale", async () => {
    const site = openSite({ origin: numbered });
    const first = await site.get("/a");
    site.clock.advance(59.5);
    const second = await site.get("/a");
    expect([first.text, second.text, site.origin.count]).toEqual(["page 1", "page 1", 1]);
    expect(first.cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    expect(second.cacheStatus).toBe("tidemark; hit; ttl=0; detail=memory");
    expect([first.fields.get("age"), second.fields.get("age")]).toEqual([null, "59"]);
    site.clock.advance(0.5);
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("stores a 204 that states a length (RFC 9110 §8.6)", async () => {
    const headers = cc("max-age=60", { "content-length": "5" });
    const site = openSite({ origin: () => new Response(null, { status: 204, headers }) });
    await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it("adds the date of receipt to a response without Date (RFC 9110 §6.6.1)", async () => {
    const site = openSite({ origin: numbered });
    const receivedOn = site.clock.date();
    await site.get("/a");
    site.clock.advance(10);
    expect((await site.get("/a")).fields.get("date")).toBe(receivedOn);
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
    const fields = cc("max-age=60", { "cache-status": "inner; hit" });
    const site = openSite({ origin: () => page("page", fields) });
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

  it("forwards a HEAD on a miss, and stores nothing", async () => {
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

const etag = (tag: string) => cc("max-age=60", { etag: tag });

/** Opens a site whose stored response has just expired. */
async function openExpired(fields: FieldTexts = etag('"1"'), script?: Script) {
  const site = openSite({ origin: () => page("old", fields) });
  await site.get("/a");
  site.clock.advance(61);
  if (script !== undefined) site.origin.script = script;
  return site;
}

describe("validation", () => {
  it("sends the stored validators and freshens by the 304 (RFC 9111 §4.3.1, §4.3.4)", async () => {
    const site = await openExpired(cc("max-age=60", { etag: '"1"', x: "old" }), () =>
      unchanged(cc("max-age=30", { etag: '"1"', x: "new" })),
    );
    const validated = await site.get("/a");
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect(validated.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    const { status, text, fields } = validated;
    expect([status, text, fields.get("x")]).toEqual([200, "old", "new"]);
    site.clock.advance(29);
    const hit = await site.get("/a");
    expect([hit.text, hit.fields.get("age"), site.origin.count]).toEqual(["old", "29", 2]);
    site.clock.advance(1);
    await site.get("/a");
    expect(site.origin.count).toBe(3);
  });

  it("replaces by a 200", async () => {
    const site = await openExpired(etag('"1"'), () => page("new", etag('"2"')));
    expect((await site.get("/a")).text).toBe("new");
    expect((await site.get("/a")).text).toBe("new");
  });

  it("asks again without conditions when a 304 is about another response", async () => {
    const site = await openExpired(etag('"1"'), ({ headers }) =>
      headers.has("if-none-match") ? unchanged(etag('"2"')) : page("new", etag('"2"')),
    );
    expect((await site.get("/a")).text).toBe("new");
    const conditions = site.origin.asked.map(({ fields }) => fields.get("if-none-match"));
    expect(conditions).toEqual([null, '"1"', null]);
    expect((await site.get("/a")).text).toBe("new");
  });

  it("serves the stale response when that second request fails (RFC 5861 §4)", async () => {
    const stored = cc("max-age=60, stale-if-error=600", { etag: '"1"' });
    const site = await openExpired(stored, ({ headers }) =>
      headers.has("if-none-match") ? unchanged(etag('"2"')) : unreachable(),
    );
    expect((await site.get("/a")).text).toBe("old");
  });

  it("takes a 304 to a HEAD", async () => {
    const site = await openExpired(etag('"1"'), () => unchanged(etag('"1"')));
    const seen = await site.get("/a", { method: "HEAD" });
    expect([seen.fields.get("content-length"), seen.text]).toEqual(["3", ""]);
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("validates `no-cache` every time (RFC 9111 §5.2.2.4)", async () => {
    const site = await openExpired(cc("no-cache", { etag: '"1"' }), () =>
      unchanged({ etag: '"1"' }),
    );
    for (const _ of ["first", "second"]) expect((await site.get("/a")).text).toBe("old");
    expect(site.origin.count).toBe(3);
  });

  it("rejects a bare 304 to an unconditional request as the origin's failure", async () => {
    const site = openSite({ origin: () => new Response(null, { status: 304 }) });
    expect((await site.get("/a")).status).toBe(502);
  });
});

describe("a 304 that must not be stored (RFC 9111 §3.2, §4.3.4)", () => {
  it.each([
    { id: "no-store", fields: cc("no-store") },
    { id: "private", fields: cc("private, max-age=60") },
    { id: "set-cookie", fields: cc("max-age=60", { "set-cookie": "session=7" }) },
  ])("freshens for its own client, and ends the stored response: $id", async ({ fields }) => {
    const stored = cc("max-age=60, stale-if-error=600", { etag: '"1"' });
    const site = await openExpired(stored, () => unchanged({ ...fields, etag: '"1"' }));
    const own = await site.get("/a");
    expect([own.text, own.cacheStatus]).toEqual(["old", "tidemark; fwd=stale; fwd-status=304"]);
    // An anonymous request decides about the stored response.
    await site.get("/a");
    expect(site.origin.count).toBe(4);
    site.origin.script = unreachable;
    site.clock.advance(11);
    expect((await site.get("/a")).status).toBe(502);
  });

  it("ends a response that stale-while-revalidate allows", async () => {
    const stored = cc("max-age=60, stale-while-revalidate=600", { etag: '"1"' });
    const site = await openExpired(stored, () => unchanged(cc("private", { etag: '"1"' })));
    await site.get("/a");
    site.origin.script = () => page("new", stored);
    expect((await site.get("/a")).text).toBe("new");
  });

  it("a cookie that comes with a 304 reaches its own client, and nobody else", async () => {
    const site = await openExpired(etag('"1"'), ({ headers }, nth) => {
      const personal = { ...etag('"1"'), "set-cookie": `session=${nth}` };
      return headers.has("if-none-match") ? unchanged(personal) : page("page", personal);
    });
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["session=2"]);
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["session=4"]);
    expect(site.cache.text).not.toContain("session=");
  });

  it("a 304 to a client's cookie leaves the shared response as it is, unless it is public", async () => {
    const shared = cc("public, max-age=60", { etag: '"1"' });
    const site = await openExpired(shared, () => unchanged({ etag: '"1"', "x-user": "ada" }));
    const own = await site.get("/a", { headers: { cookie: "session=ada" } });
    expect([own.text, own.fields.get("x-user")]).toEqual(["old", "ada"]);
    site.origin.script = () => unchanged(shared);
    expect((await site.get("/a")).fields.get("x-user")).toBe(null);
  });
});
