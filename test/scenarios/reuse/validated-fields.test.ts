// What a 304 changes: its fields count together with the stored ones (RFC 9111 §3.2, §4.1, §4.3.4).
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const named = 'public, max-age=1, private="x-user"';

describe("a field that a qualified private names", () => {
  it("is for its own client when a 304 brings it without saying so again", async () => {
    const site = openSite({
      origin: (_, nth) =>
        nth === 1
          ? page("page", cc(named, { etag: '"1"', "x-user": "ada" }))
          : unchanged({ etag: '"1"', "x-user": "bob" }),
    });
    expect((await site.get("/a")).fields.get("x-user")).toBe("ada");
    site.clock.advance(1);
    const second = await site.get("/a");
    expect([second.cacheStatus, second.fields.get("x-user")]).toEqual([
      "tidemark; fwd=stale; fwd-status=304; stored",
      "bob",
    ]);
    const third = await site.get("/a");
    expect([third.cacheStatus, third.fields.get("x-user")]).toEqual([
      "tidemark; hit; ttl=1; detail=memory",
      null,
    ]);
  });

  it("leaves what is stored when a 304 begins to name it", async () => {
    const site = openSite({
      origin: (_, nth) =>
        nth === 1
          ? page("page", cc("max-age=1", { etag: '"1"', "x-user": "ada" }))
          : unchanged({ etag: '"1"', "cache-control": named }),
    });
    await site.get("/a");
    site.clock.advance(1);
    await site.get("/a");
    expect((await site.get("/a")).fields.get("x-user")).toBeNull();
  });
});

it("a Vary that comes with a 304 selects from then on", async () => {
  const site = openSite({
    origin: ({ headers }, nth) =>
      nth === 2
        ? unchanged({ etag: '"1"', vary: "accept-language", "cache-control": "max-age=60" })
        : page(`in ${headers.get("accept-language") ?? "any"}`, cc("max-age=1", { etag: '"1"' })),
  });
  await site.get("/a");
  site.clock.advance(1);
  await site.get("/a");
  const french = await site.get("/a", { headers: { "accept-language": "fr" } });
  expect([french.text, french.cacheStatus]).toEqual([
    "in fr",
    'tidemark; fwd=vary-miss; fwd-status=200; stored; detail="vary: accept-language"',
  ]);
});

it("a 304 without Vary leaves what selects as it was", async () => {
  const site = openSite({
    origin: ({ headers }, nth) =>
      nth === 2
        ? unchanged({ etag: '"1"', "cache-control": "max-age=60" })
        : page(
            `in ${headers.get("accept-language") ?? "any"}`,
            cc("max-age=1", { etag: '"1"', vary: "accept-language" }),
          ),
  });
  const german = { headers: { "accept-language": "de" } };
  await site.get("/a", german);
  site.clock.advance(1);
  expect((await site.get("/a", german)).text).toBe("in de");
  expect((await site.get("/a", { headers: { "accept-language": "fr" } })).text).toBe("in fr");
});

it("a bare 304 that nobody asked for is the origin's failure", async () => {
  const site = openSite({ origin: () => new Response(null, { status: 304 }) });
  expect((await site.get("/a")).status).toBe(502);
});
