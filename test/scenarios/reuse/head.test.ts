// What an answer to HEAD does to the stored response to GET (RFC 9111 §4.3.5).
import { describe, expect, it } from "vitest";
import { freshenedByHead } from "../../../src/rules/validators.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import {
  idle,
  openColos,
  openSite,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  type FieldTexts,
  page,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { fieldsWith } from "../../../testing/examples/header-text.ts";

const modified = "Mon, 31 Dec 2029 12:00:00 GMT";
const stored = { etag: '"1"', "last-modified": modified, date: "Tue, 01 Jan 2030 12:00:00 GMT" };

describe("toldByHead", () => {
  it.each<{ id: string; head: Record<string, string>; old?: Record<string, string>; told: string }>(
    [
      { id: "same-tag", head: { etag: '"1"' }, told: "same" },
      { id: "other-tag", head: { etag: '"2"' }, told: "other" },
      { id: "tag-where-none-was", head: { etag: '"1"' }, old: {}, told: "other" },
      { id: "same-tag-and-length", head: { etag: '"1"', "content-length": "5" }, told: "same" },
      { id: "same-tag-other-length", head: { etag: '"1"', "content-length": "6" }, told: "other" },
      {
        id: "same-tag-other-date",
        head: { etag: '"1"', "last-modified": stored.date },
        told: "other",
      },
      { id: "same-date", head: { "last-modified": modified }, told: "same" },
      {
        id: "same-date-that-is-weak",
        head: { "last-modified": modified },
        old: { "last-modified": modified, date: modified },
        told: "unknown",
      },
      { id: "no-validator", head: { "content-length": "5" }, told: "unknown" },
      { id: "nothing", head: {}, told: "unknown" },
    ],
  )("$id", ({ head, old = stored, told }) => {
    const body = { bodyBytes: 5, bodyDate: (old as Record<string, string>)["date"] ?? null };
    expect(freshenedByHead(fieldsWith(head), fieldsWith(old), body)).toBe(told);
  });

  it("takes any length where the stored one is not known", () => {
    const head = fieldsWith({ etag: '"1"', "content-length": "6" });
    const body = { bodyBytes: null, bodyDate: stored.date };
    expect(freshenedByHead(head, fieldsWith(stored), body)).toBe("same");
  });
});

describe("a 200 to HEAD, once what is stored is stale", () => {
  const asked = async (head: FieldTexts, status = 200) => {
    const site = openSite({ origin: () => page("hello", cc("max-age=60", { etag: '"1"' })) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("", head, status);
    await site.get("/a", { method: "HEAD" });
    await site.settle();
    site.origin.script = (request) => page(request.headers.get("if-none-match") ?? "whole", {});
    return site;
  };

  it("freshens it where the tag is the same", async () => {
    const site = await asked(cc("max-age=60", { etag: '"1"', "x-new": "1" }));
    const seen = await site.get("/a");
    expect(seen.cacheStatus).toContain("; hit; ttl=60");
    expect([seen.text, seen.fields.get("x-new")]).toEqual(["hello", "1"]);
  });

  it.each([
    { id: "another tag", head: { etag: '"2"' }, status: 200 },
    { id: "another length", head: { etag: '"1"', "content-length": "6" }, status: 200 },
    { id: "no leave to store", head: cc("private", { etag: '"1"' }), status: 200 },
    {
      id: "no leave to store, and another tag",
      head: cc("no-store", { etag: '"2"' }),
      status: 200,
    },
    { id: "no validator", head: cc("max-age=60"), status: 200 },
    { id: "another status", head: cc("max-age=60", { etag: '"2"' }), status: 410 },
  ])("leaves it to be validated: $id", async ({ head, status }) => {
    expect((await (await asked(head, status)).get("/a")).text).toBe('"1"');
  });
});

it.each<{ id: string; head: FieldTexts }>([
  { id: "another tag", head: { etag: '"2"' } },
  { id: "no tag", head: {} },
  { id: "private", head: cc("private", { etag: '"1"' }) },
])(
  "an origin whose HEAD is unlike its GET takes no page from stale-if-error: $id",
  async ({ head }) => {
    const clock = new FakeClock();
    const site = openSite({
      clock,
      upstash: new FakeUpstash(clock),
      origin: ({ method }) =>
        method === "HEAD"
          ? page("", head)
          : page("hello", cc("max-age=60, stale-if-error=600", { etag: '"1"' })),
    });
    await site.get("/a");
    site.clock.advance(61);
    for (let nth = 0; nth < 3; nth += 1) await site.get("/a", { method: "HEAD" });
    site.origin.script = () => unreachable();
    const seen = await site.get("/a");
    expect([seen.status, seen.text]).toEqual([200, "hello"]);
    expect(seen.cacheStatus).toContain("detail=stale-if-error");
  },
);

it("a 200 to HEAD that passed over a fresh response makes it stale in every tier where the tag is another", async () => {
  const clock = new FakeClock();
  const options: SiteOptions = {
    clock,
    upstash: new FakeUpstash(clock),
    config: { honourRequestDirectives: true },
    origin: ({ method }) => page("hello", cc("max-age=600", { etag: `"${method}"` })),
  };
  const [near, far] = openColos(2, options) as [Site, Site];
  await near.get("/a");
  clock.advance(10);
  await near.get("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
  near.origin.script = (request) => page(request.headers.get("if-none-match") ?? "whole", {});
  for (const site of [near, far]) expect((await site.get("/a")).text).toBe('"GET"');
});

it("a 200 to HEAD that passed over a fresh response has it fetched anew where the tag is another", async () => {
  const site = openSite({
    config: { honourRequestDirectives: true },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600", { etag: `"${nth}"` })),
  });
  await site.get("/a");
  await site.get("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
  expect((await site.get("/a")).text).toBe("page 3");
});

describe("an answer to HEAD that is for one client", () => {
  const personal = { etag: '"1"', "x-user": "ada" };

  it.each<{ id: string; own: FieldTexts }>([
    {
      id: "with a cookie of its own",
      own: cc("public, max-age=60", { ...personal, "set-cookie": "sid=2" }),
    },
    { id: "to somebody's cookie", own: personal },
    { id: "to somebody's cookie, though shared", own: cc("public, max-age=60", personal) },
  ])("puts nothing into what all are given: $id", async ({ own }) => {
    const shared = cc("public, max-age=60", { etag: '"1"' });
    const site = openSite({
      origin: ({ method, headers }) =>
        page(method === "HEAD" ? "" : "hello", headers.has("cookie") ? own : shared),
    });
    await site.get("/a");
    site.clock.advance(61);
    await site.get("/a", { method: "HEAD", headers: { cookie: "sid=ada" } });
    expect((await site.get("/a")).fields.get("x-user")).toBe(null);
  });

  it("takes nothing from all either", async () => {
    const site = openSite({
      origin: () => page("hello", cc("public, max-age=60, stale-if-error=600", { etag: '"1"' })),
    });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = ({ headers }) =>
      headers.has("cookie") ? page("", cc("private", { etag: '"ada"' })) : unreachable();
    await site.get("/a", { method: "HEAD", headers: { cookie: "anything=1" } });
    expect((await site.get("/a")).text).toBe("hello");
  });
});

it.each([
  { id: "same", told: '"1"' },
  { id: "other", told: '"3"' },
])("a slow HEAD neither overwrites nor ends a newer response: $id", async ({ told }) => {
  const gate = closedGate();
  const site = openSite({ origin: () => page("v1", cc("max-age=60", { etag: '"1"' })) });
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = async ({ method }) => {
    if (method !== "HEAD") return page("v2", cc("max-age=60", { etag: '"2"' }));
    await gate.opened;
    return page("", cc("max-age=60", { etag: told }));
  };
  const head = site.ask("/a", { method: "HEAD" });
  await idle();
  await (await site.ask("/a")).text();
  await idle();
  site.clock.advance(1);
  gate.open();
  await head;
  await site.settle();
  const seen = await site.get("/a");
  expect([seen.text, seen.cacheStatus]).toEqual(["v2", "tidemark; hit; ttl=59; detail=memory"]);
});

it("a HEAD with another tag does not end what is just being fetched", async () => {
  const gate = closedGate();
  const site = openSite({ origin: () => page("v1", cc("max-age=60", { etag: '"1"' })) });
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = async ({ method }) => {
    if (method === "HEAD") return page("", cc("max-age=60", { etag: '"2"' }));
    await gate.opened;
    return page("v2", cc("max-age=60", { etag: '"2"' }));
  };
  const fetching = site.ask("/a");
  await idle();
  await site.ask("/a", { method: "HEAD" });
  gate.open();
  await (await fetching).text();
  await idle();
  expect((await site.ask("/a")).headers.get("cache-status")).toContain("; hit");
});
