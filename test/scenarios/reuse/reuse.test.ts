// Tests misses, hits, expiry and validation of a response (RFC 9111 §3, §4, §4.3; RFC 9211).
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

describe("the cache", () => {
  it("forwards once while the response is fresh, and again after it has expired", async () => {
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

  it("stores a 204 with a Content-Length (RFC 9110 §8.6)", async () => {
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

  it("includes the origin's response time in Age (RFC 9111 §4.2.3)", async () => {
    const site = openSite();
    site.origin.script = () => {
      site.clock.advance(7);
      return page("page", cc("max-age=60"));
    };
    await site.get("/a");
    expect((await site.get("/a")).fields.get("age")).toBe("7");
  });

  it("answers a HEAD from a stored response, with its length in bytes", async () => {
    const site = openSite({ origin: () => page("größer", cc("max-age=60")) });
    await site.get("/a");
    const seen = await site.get("/a", { method: "HEAD" });
    expect([seen.text, seen.fields.get("content-length")]).toEqual(["", "8"]);
    expect(site.origin.count).toBe(1);
  });

  it("keys a whole query, and passes No-Vary-Search to browsers", async () => {
    const fields = cc("max-age=60", { etag: '"1"', "no-vary-search": 'params=("utm")' });
    const site = openSite({ origin: ({ url }) => page(new URL(url).search, fields) });
    const [one, two] = [await site.get("/a?id=1&utm=1"), await site.get("/a?id=1&utm=2")];
    expect([one.text, two.text]).toEqual(["?id=1&utm=1", "?id=1&utm=2"]);
    const seen = [
      await site.get("/a?id=1&utm=1"),
      await site.get("/a?id=1&utm=1", { method: "HEAD" }),
      await site.get("/a?id=1&utm=1", { headers: { "if-none-match": '"1"' } }),
    ];
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 304]);
    expect(seen.map(({ fields: got }) => got.get("no-vary-search"))).toEqual(
      seen.map(() => 'params=("utm")'),
    );
    expect(site.origin.count).toBe(2);
  });

  it("forwards a HEAD on a miss, and does not store the answer", async () => {
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

/** Opens a site whose stored response is from a refresh, and has just expired. */
async function openRefreshed(fields: FieldTexts, script: Script) {
  const first = cc("max-age=60, stale-while-revalidate=600");
  const site = await openExpired(first, () => page("old", fields));
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = script;
  return site;
}

describe("a validation", () => {
  it("sends the stored validators, and its 304 freshens (RFC 9111 §4.3.1, §4.3.4)", async () => {
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

  it("replaces the stored response if the origin answers 200", async () => {
    const site = await openExpired(etag('"1"'), () => page("new", etag('"2"')));
    expect((await site.get("/a")).text).toBe("new");
    expect((await site.get("/a")).text).toBe("new");
  });

  it("is repeated without conditions if the 304 is about another response", async () => {
    const site = await openExpired(etag('"1"'), ({ headers }) =>
      headers.has("if-none-match") ? unchanged(etag('"2"')) : page("new", etag('"2"')),
    );
    expect((await site.get("/a")).text).toBe("new");
    const conditions = site.origin.asked.map(({ fields }) => fields.get("if-none-match"));
    expect(conditions).toEqual([null, '"1"', null]);
    expect((await site.get("/a")).text).toBe("new");
  });

  it("leads to the stale response if the repeated request fails (RFC 5861 §4)", async () => {
    const stored = cc("max-age=60, stale-if-error=600", { etag: '"1"' });
    const site = await openExpired(stored, ({ headers }) =>
      headers.has("if-none-match") ? unchanged(etag('"2"')) : unreachable(),
    );
    expect((await site.get("/a")).text).toBe("old");
  });

  it("by HEAD freshens the stored response with a 304", async () => {
    const site = await openExpired(etag('"1"'), () => unchanged(etag('"1"')));
    const seen = await site.get("/a", { method: "HEAD" });
    expect([seen.fields.get("content-length"), seen.text]).toEqual(["3", ""]);
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("precedes each answer with a `no-cache` response (RFC 9111 §5.2.2.4)", async () => {
    const site = await openExpired(cc("no-cache", { etag: '"1"' }), () =>
      unchanged({ etag: '"1"' }),
    );
    for (const _ of ["first", "second"]) expect((await site.get("/a")).text).toBe("old");
    expect(site.origin.count).toBe(3);
  });

  it("is not possible by a 304 to an unconditional request, which becomes a 502", async () => {
    const site = openSite({ origin: () => new Response(null, { status: 304 }) });
    expect((await site.get("/a")).status).toBe(502);
  });
});

describe("a 304 that must not be stored (RFC 9111 §3.2, §4.3.4)", () => {
  it.each([
    { id: "no-store", fields: cc("no-store") },
    { id: "private", fields: cc("private, max-age=60") },
    { id: "set-cookie", fields: cc("max-age=60", { "set-cookie": "session=7" }) },
  ])("answers its own client, and removes the stored response: $id", async ({ id, fields }) => {
    const stored = cc("max-age=60, stale-if-error=600", { etag: '"1"' });
    const site = await openRefreshed(stored, () => unchanged({ ...fields, etag: '"1"' }));
    const own = await site.get("/a");
    const cacheStatus = `tidemark; fwd=stale; fwd-status=304; detail=${id}`;
    expect([own.text, own.cacheStatus]).toEqual(["old", cacheStatus]);
    // An anonymous request in the background also gets such a 304, so the stored response is
    // removed.
    expect([site.origin.count, site.origin.last.fields.get("if-none-match")]).toEqual([4, '"1"']);
    site.origin.script = unreachable;
    site.clock.advance(11);
    expect((await site.get("/a")).status).toBe(502);
  });

  it("removes a response that a client's own request fetched", async () => {
    const stored = cc("max-age=60, stale-if-error=600", { etag: '"1"' });
    const own = cc("no-store", { etag: '"1"' });
    const site = await openExpired(stored, ({ headers }) =>
      headers.has("if-none-match") ? unchanged(own) : page("new", own),
    );
    expect((await site.get("/a")).text).toBe("old");
    // The anonymous request has no validators, so its answer is a 200 that must not be stored.
    expect([site.origin.count, site.origin.last.fields.has("if-none-match")]).toEqual([3, false]);
    site.origin.script = unreachable;
    site.clock.advance(11);
    expect((await site.get("/a")).status).toBe(502);
  });

  it("removes a response that stale-while-revalidate allows", async () => {
    const stored = cc("max-age=60, stale-while-revalidate=600", { etag: '"1"' });
    const site = await openRefreshed(stored, () => unchanged(cc("private", { etag: '"1"' })));
    await site.get("/a");
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    site.origin.script = () => page("new", stored);
    expect((await site.get("/a")).text).toBe("new");
  });

  it("sends its cookie only to its own client", async () => {
    const site = await openExpired(etag('"1"'), ({ headers }, nth) => {
      const personal = { ...etag('"1"'), "set-cookie": `session=${nth}` };
      return headers.has("if-none-match") ? unchanged(personal) : page("page", personal);
    });
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["session=2"]);
    expect((await site.get("/a")).fields.getSetCookie()).toEqual(["session=4"]);
    expect(site.cache.text).not.toContain("session=");
  });

  it("does not change the shared response if it answers an unknown cookie", async () => {
    const shared = cc("public, max-age=60", { etag: '"1"' });
    const site = await openExpired(shared, () => unchanged({ etag: '"1"', "x-user": "ada" }));
    const own = await site.get("/a", { headers: { cookie: "session=ada" } });
    expect([own.text, own.fields.get("x-user")]).toEqual(["old", "ada"]);
    site.origin.script = () => unchanged(shared);
    expect((await site.get("/a")).fields.get("x-user")).toBe(null);
  });
});
