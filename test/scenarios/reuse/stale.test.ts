// Stale answers with leave: while a refresh runs behind them, and in place of an error
// (RFC 5861 §3, §4).
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import {
  idle,
  openColos,
  openSite,
  read,
  type Site,
  until,
} from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const numbered = (fields: ReturnType<typeof cc>) => (_: Request, nth: number) =>
  page(`page ${nth}`, fields);

describe("stale-while-revalidate", () => {
  const fields = cc("max-age=60, stale-while-revalidate=30");

  it("does not make its client wait, and refreshes behind it", async () => {
    const gate = closedGate();
    const site = openSite({ origin: numbered(fields) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = async (_, nth) => {
      await gate.opened;
      return page(`page ${nth}`, fields);
    };
    const stale = await read(await site.ask("/a"));
    expect([stale.text, stale.cacheStatus]).toEqual([
      "page 1",
      "tidemark; hit; ttl=-1; detail=memory",
    ]);
    gate.open();
    await site.settle();
    expect((await site.get("/a")).text).toBe("page 2");
    expect(site.origin.count).toBe(2);
  });

  it("refreshes one at a time", async () => {
    const gate = closedGate();
    const site = openSite({ origin: numbered(fields) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = async (_, nth) => {
      await gate.opened;
      return page(`page ${nth}`, fields);
    };
    for (let asked = 0; asked < 20; asked += 1) await read(await site.ask("/a"));
    await until(() => site.origin.count === 2);
    gate.open();
    await site.settle();
    expect(site.origin.count).toBe(2);
  });

  it("refreshes with the stored validators, whatever the client's own are", async () => {
    const site = openSite({ origin: () => page("page", { ...fields, etag: '"1"' }) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged({ etag: '"1"' });
    const headers = { "if-none-match": '"client"', range: "bytes=0-1" };
    await site.get("/a", { headers });
    const { fields: asked } = site.origin.last;
    expect([asked.get("if-none-match"), asked.get("range")]).toEqual(['"1"', null]);
    expect((await site.get("/a")).cacheStatus).toContain("ttl=60");
  });

  it("refreshes the whole for a HEAD", async () => {
    const site = openSite({ origin: numbered(fields) });
    await site.get("/a");
    site.clock.advance(61);
    await site.get("/a", { method: "HEAD" });
    expect(site.origin.last.method).toBe("GET");
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("takes a fresh copy out of the shared tier, if there is one by then", async () => {
    const clock = new FakeClock();
    const [near, far] = openColos(2, {
      clock,
      upstash: new FakeUpstash(clock),
      origin: numbered(fields),
    }) as [Site, Site];
    await near.get("/a");
    clock.advance(61);
    expect((await far.get("/a")).text).toBe("page 1");
    // With a current view the stale copy in memory answers at once.
    await near.get("/another");
    const before = near.origin.count;
    expect((await near.get("/a")).text).toBe("page 1");
    expect((await near.get("/a")).text).toBe("page 2");
    expect(near.origin.count).toBe(before);
  });

  it("keeps the stale one when the refresh fails, and tries again", async () => {
    const site = openSite({ origin: numbered(fields) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = unreachable;
    expect((await site.get("/a")).text).toBe("page 1");
    const failed = site.origin.count;
    expect((await site.get("/a")).text).toBe("page 1");
    expect(site.origin.count).toBe(failed);
    site.clock.advance(1);
    expect((await site.get("/a")).text).toBe("page 1");
    expect(site.origin.count).toBeGreaterThan(failed);
  });

  it("a refresh that gets an error leaves those who wait for it their stale answer", async () => {
    const gate = closedGate();
    const both = cc("max-age=60, stale-while-revalidate=5, stale-if-error=600");
    const site = openSite({ origin: numbered(both) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = async () => {
      await gate.opened;
      return page("error", {}, 503);
    };
    await read(await site.ask("/a"));
    await until(() => site.origin.count === 2);
    site.clock.advance(10);
    const waiting = [site.ask("/a").then(read), site.ask("/a").then(read)];
    await idle();
    gate.open();
    const seen = await Promise.all(waiting);
    expect([seen.map(({ text }) => text), site.origin.count]).toEqual([["page 1", "page 1"], 2]);
    await site.settle();
  });

  it("waits for the origin beyond its window, though what is stored is still kept", async () => {
    const kept = { ...fields, etag: '"1"' };
    const site = openSite({ origin: numbered(kept) });
    await site.get("/a");
    site.clock.advance(90);
    expect((await site.get("/a")).text).toBe("page 2");
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
  });

  it("waits for the origin beyond its window", async () => {
    const site = openSite({ origin: numbered(fields) });
    await site.get("/a");
    site.clock.advance(90);
    expect((await site.get("/a")).text).toBe("page 2");
  });
});

describe("stale-if-error", () => {
  const fields = cc("max-age=60, stale-if-error=600");

  it.each([
    { id: "500", script: () => page("error", {}, 500), text: "page" },
    { id: "502", script: () => page("error", {}, 502), text: "page" },
    { id: "503", script: () => page("error", {}, 503), text: "page" },
    { id: "504", script: () => page("error", {}, 504), text: "page" },
    { id: "network", script: unreachable, text: "page" },
    { id: "501", script: () => page("error", {}, 501), text: "error" },
    { id: "404", script: () => page("error", {}, 404), text: "error" },
    { id: "403", script: () => page("error", {}, 403), text: "error" },
    { id: "429", script: () => page("error", {}, 429), text: "error" },
  ])("on $id (RFC 5861 §4)", async ({ script, text }) => {
    const site = openSite({ origin: () => page("page", fields) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = script;
    const seen = await site.get("/a");
    expect(seen.text).toBe(text);
    expect(seen.cacheStatus.includes("detail=stale-if-error")).toBe(text === "page");
  });

  it.each([
    { id: "with-a-validator", more: { etag: '"1"' } },
    { id: "without", more: {} },
  ])(
    "lets nobody wait for the origin that just failed, and sees it back: $id",
    async ({ more }) => {
      const site = openSite({ origin: (_, nth) => page(`page ${nth}`, { ...fields, ...more }) });
      await site.get("/a");
      site.clock.advance(61);
      const { script } = site.origin;
      site.origin.script = unreachable;
      expect((await site.get("/a")).text).toBe("page 1");
      site.origin.script = script;
      const asked = site.origin.count;
      expect([(await site.get("/a")).text, site.origin.count]).toEqual(["page 1", asked]);
      site.clock.advance(1);
      expect([(await site.get("/a")).text, site.origin.count]).toEqual(["page 1", asked + 1]);
      expect((await site.get("/a")).text).toBe(`page ${asked + 1}`);
    },
  );

  it("tells a stale answer's age", async () => {
    const site = openSite({ origin: () => page("page", fields) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("error", {}, 503);
    const seen = await site.get("/a");
    expect([seen.status, seen.fields.get("age")]).toEqual([200, "61"]);
    expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=503; detail=stale-if-error");
  });

  it.each([
    { id: "no-leave", cacheControl: "max-age=60", advance: 61 },
    { id: "too-late", cacheControl: "max-age=60, stale-if-error=10", advance: 70 },
    {
      id: "must-revalidate",
      cacheControl: "max-age=60, stale-if-error=600, must-revalidate",
      advance: 61,
    },
  ])("says 502 without leave: $id", async ({ cacheControl, advance }) => {
    const site = openSite({ origin: () => page("page", cc(cacheControl, { etag: '"1"' })) });
    await site.get("/a");
    site.clock.advance(advance);
    site.origin.script = unreachable;
    expect((await site.get("/a")).status).toBe(502);
  });

  it("passes an error on without leave, with its own page", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=60")) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("their error", {}, 503);
    const seen = await site.get("/a");
    expect([seen.status, seen.text]).toEqual([503, "their error"]);
  });

  it("is the route's to give", async () => {
    const site = openSite({
      config: { routes: [{ name: "all", match: "*", fresh: "1m", staleIfError: "1h" }] },
    });
    await site.get("/a");
    site.clock.advance(600);
    site.origin.script = unreachable;
    expect((await site.get("/a")).text).toBe("page");
  });
});

describe("an answer that nobody may store", () => {
  const kept = cc("max-age=60, stale-while-revalidate=600, stale-if-error=600", { etag: '"1"' });
  const afterwards = async (answer: () => Response, path = "/a") => {
    const site = openSite({ origin: () => page("old", kept) });
    await site.get(path);
    site.clock.advance(61);
    site.origin.script = answer;
    await site.get(path);
    await site.settle();
    site.origin.script = () => page("error", {}, 503);
    return (await site.get(path)).text;
  };

  it.each([
    { id: "private", answer: () => page("new", cc("private")) },
    { id: "no-store", answer: () => page("new", cc("no-store")) },
    { id: "moved", answer: () => page("moved", cc("no-store", { location: "/b" }), 301) },
    { id: "not-found", answer: () => page("not found", {}, 404) },
    { id: "gone", answer: () => page("gone", cc("no-store"), 410) },
  ])("ends the stale response that it takes the place of: $id", async ({ answer }) => {
    expect(await afterwards(answer)).toBe("error");
  });

  it.each([
    { id: "not-worth-storing", answer: () => page("new") },
    { id: "sent-elsewhere", answer: () => page("", cc("no-store", { location: "/b" }), 307) },
    { id: "in-trouble", answer: () => page("trouble", {}, 501) },
    { id: "too-many-requests", answer: () => page("later", {}, 429) },
    { id: "bad-request", answer: () => page("what?", cc("no-store"), 400) },
    { id: "forbidden", answer: () => page("not you", cc("private"), 403) },
  ])("leaves it where it tells of the origin or of one request: $id", async ({ answer }) => {
    expect(await afterwards(answer)).toBe("old");
  });
});
