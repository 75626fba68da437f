// Tests the effect of an answer to HEAD on the stored response to GET (RFC 9111 §4.3.5).
import { describe, expect, it } from "vitest";
import { idle, openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  type FieldTexts,
  page,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";

/** Opens a site whose stored response has expired. */
async function openExpired(stored = cc("max-age=60", { etag: '"1"' })) {
  const site = openSite({ origin: () => page("hello", stored) });
  await site.get("/a");
  site.clock.advance(61);
  return site;
}

describe("a HEAD request for a stale response", () => {
  const headed = async (head: FieldTexts, status = 200) => {
    const site = await openExpired();
    site.origin.script = () => page("", head, status);
    await site.get("/a", { method: "HEAD" });
    site.origin.script = ({ headers }) => page(headers.get("if-none-match") ?? "whole");
    return site.get("/a");
  };

  it("freshens the response if the ETag is the same", async () => {
    const seen = await headed(cc("max-age=60", { etag: '"1"', "x-new": "1" }));
    expect(seen.cacheStatus).toContain("; hit; ttl=60");
    expect([seen.text, seen.fields.get("x-new")]).toEqual(["hello", "1"]);
  });

  it.each([
    { id: "another tag", head: { etag: '"2"' } },
    { id: "private", head: cc("private", { etag: '"1"' }) },
    { id: "no-store and another tag", head: cc("no-store", { etag: '"2"' }) },
    { id: "another status", head: cc("max-age=60", { etag: '"2"' }), status: 410 },
  ])("does not freshen, and the next GET validates: $id", async ({ head, status }) => {
    expect((await headed(head, status)).text).toBe('"1"');
  });

  it.each<{ id: string; head: FieldTexts }>([
    { id: "another tag", head: { etag: '"2"' } },
    { id: "no tag", head: {} },
    { id: "private", head: cc("private", { etag: '"1"' }) },
  ])("keeps the response for stale-if-error: $id", async ({ head }) => {
    const { clock, near: site } = openCounted(({ method }) =>
      method === "HEAD"
        ? page("", head)
        : page("hello", cc("max-age=60, stale-if-error=600", { etag: '"1"' })),
    );
    await site.get("/a");
    clock.advance(61);
    for (let nth = 0; nth < 3; nth += 1) await site.get("/a", { method: "HEAD" });
    site.origin.script = unreachable;
    const seen = await site.get("/a");
    expect([seen.status, seen.text]).toEqual([200, "hello"]);
    expect(seen.cacheStatus).toContain("detail=stale-if-error");
  });
});

it("a forwarded HEAD makes a fresh response stale in each tier if the ETag differs", async () => {
  const { clock, near, far } = openCounted(
    ({ method }) => page("hello", cc("max-age=600", { etag: `"${method}"` })),
    { routes: [{ name: "all", match: "*", honourRequestDirectives: true }] },
  );
  await near.get("/a");
  clock.advance(10);
  await near.get("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
  near.origin.script = ({ headers }) => page(headers.get("if-none-match") ?? "whole");
  for (const site of [near, far]) expect((await site.get("/a")).text).toBe('"GET"');
});

describe("an answer to HEAD for one client", () => {
  const personal = { etag: '"1"', "x-user": "ada" };
  const shared = cc("public, max-age=60, stale-if-error=600", { etag: '"1"' });
  const asAda = { method: "HEAD", headers: { cookie: "sid=ada" } };

  it.each<{ id: string; own: FieldTexts }>([
    {
      id: "with Set-Cookie",
      own: cc("public, max-age=60", { ...personal, "set-cookie": "sid=2" }),
    },
    { id: "for an unknown cookie", own: personal },
    { id: "for an unknown cookie, and public", own: cc("public, max-age=60", personal) },
  ])("adds no field to the shared response: $id", async ({ own }) => {
    const site = await openExpired(shared);
    site.origin.script = ({ headers }) => page("hello", headers.has("cookie") ? own : shared);
    await site.get("/a", asAda);
    expect((await site.get("/a")).fields.get("x-user")).toBe(null);
  });

  it("does not remove the shared response", async () => {
    const site = await openExpired(shared);
    site.origin.script = ({ headers }) =>
      headers.has("cookie") ? page("", cc("private", { etag: '"ada"' })) : unreachable();
    await site.get("/a", asAda);
    expect((await site.get("/a")).text).toBe("hello");
  });
});

describe("a HEAD request during a GET request", () => {
  it.each([
    { id: "same tag as the old response", etag: '"1"' },
    { id: "another tag", etag: '"3"' },
  ])("does not change or remove a newer response: $id", async ({ etag }) => {
    const gate = closedGate();
    const site = await openExpired();
    site.origin.script = async ({ method }) => {
      if (method !== "HEAD") return page("v2", cc("max-age=60", { etag: '"2"' }));
      await gate.opened;
      return page("", cc("max-age=60", { etag }));
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

  it("does not prevent the storing of the response to GET", async () => {
    const gate = closedGate();
    const site = await openExpired();
    site.origin.script = async ({ method }) => {
      if (method === "GET") await gate.opened;
      return page(method === "HEAD" ? "" : "v2", cc("max-age=60", { etag: '"2"' }));
    };
    const fetching = site.ask("/a");
    await idle();
    await site.ask("/a", { method: "HEAD" });
    gate.open();
    await (await fetching).text();
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });
});
