// Tests stale responses that a directive allows during a refresh and instead of an error (RFC 5861
// §3, §4). test/pages/reuse/verdict.test.ts tests the limits of each allowance.
import { describe, expect, it } from "vitest";
import { idle, openSite, read, type Site, until } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  type FieldTexts,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";

const numbered =
  (fields: FieldTexts): Script =>
  (_, nth) =>
    page(`page ${nth}`, fields);
const failing = (status: number) => () => page("error", {}, status);

/** Opens a site whose stored response has just expired. */
async function openStale(fields: FieldTexts, script?: Script): Promise<Site> {
  const site = openSite({ origin: numbered(fields) });
  await site.get("/a");
  site.clock.advance(61);
  if (script !== undefined) site.origin.script = script;
  return site;
}

const texts = async (site: Site, count: number) => {
  const seen: string[] = [];
  for (let nth = 0; nth < count; nth += 1) seen.push((await site.get("/a")).text);
  return seen;
};

describe("stale-while-revalidate", () => {
  const fields = cc("max-age=60, stale-while-revalidate=30");

  it("answers at once, and refreshes in the background once at a time", async () => {
    const gate = closedGate();
    const site = await openStale(fields, async (_, nth) => {
      await gate.opened;
      return page(`page ${nth}`, fields);
    });
    for (let nth = 0; nth < 20; nth += 1) {
      const stale = await read(await site.ask("/a"));
      expect(stale.text).toBe("page 1");
      expect(stale.cacheStatus).toBe("tidemark; hit; ttl=-1; detail=memory");
    }
    await until(() => site.origin.count === 2);
    gate.open();
    await site.settle();
    expect((await site.get("/a")).text).toBe("page 2");
    expect(site.origin.count).toBe(2);
  });

  it("refreshes with the stored validators, not with the client's conditions", async () => {
    const site = await openStale({ ...fields, etag: '"1"' });
    const refreshed = async () => {
      await site.get("/a", { headers: { "if-none-match": '"client"', range: "bytes=0-1" } });
      const { fields: sent } = site.origin.last;
      return [site.origin.count, sent.get("if-none-match"), sent.get("range")];
    };
    // A client's own request fetched the first body, so the first refresh has no validators.
    expect(await refreshed()).toEqual([2, null, null]);
    site.clock.advance(61);
    site.origin.script = () => unchanged({ etag: '"1"' });
    expect(await refreshed()).toEqual([3, '"1"', null]);
    expect((await site.get("/a")).cacheStatus).toContain("ttl=60");
  });

  it("refreshes by GET for a HEAD", async () => {
    const site = await openStale(fields);
    await site.get("/a", { method: "HEAD" });
    expect(site.origin.last.method).toBe("GET");
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("takes a fresh copy from the shared tier instead of a refresh", async () => {
    const { clock, near, far } = openCounted(numbered(fields));
    await near.get("/a");
    clock.advance(61);
    expect((await far.get("/a")).text).toBe("page 1");
    // With a current view, the stale copy in memory answers at once.
    await near.get("/another");
    const before = near.origin.count;
    expect(await texts(near, 2)).toEqual(["page 1", "page 2"]);
    expect(near.origin.count).toBe(before);
  });

  it("keeps the response if the refresh fails, and refreshes again after a second", async () => {
    const site = await openStale(fields, unreachable);
    await site.get("/a");
    const failedCount = site.origin.count;
    expect(await texts(site, 1)).toEqual(["page 1"]);
    expect(site.origin.count).toBe(failedCount);
    site.clock.advance(1);
    expect(await texts(site, 1)).toEqual(["page 1"]);
    expect(site.origin.count).toBeGreaterThan(failedCount);
  });

  it("sends the stale response to followers of a refresh that fails", async () => {
    const gate = closedGate();
    const both = cc("max-age=60, stale-while-revalidate=5, stale-if-error=600");
    const site = await openStale(both, async () => {
      await gate.opened;
      return page("error", {}, 503);
    });
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

  it("forwards the request with the stored validator after its seconds have passed", async () => {
    const site = await openStale({ ...fields, etag: '"1"' });
    site.clock.advance(29);
    expect((await site.get("/a")).text).toBe("page 2");
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
  });
});

describe("stale-if-error", () => {
  const fields = cc("max-age=60, stale-if-error=600");

  it.each([500, 502, 503, 504])("sends the stale response with its age on %i", async (status) => {
    const seen = await (await openStale(fields, failing(status))).get("/a");
    expect([seen.status, seen.text, seen.fields.get("age")]).toEqual([200, "page 1", "61"]);
    const told = `tidemark; fwd=stale; fwd-status=${status}; detail=stale-if-error`;
    expect(seen.cacheStatus).toBe(told);
  });

  it.each([501, 404, 403, 429])("does not replace a %i (RFC 5861 §4)", async (status) => {
    const seen = await (await openStale(fields, failing(status))).get("/a");
    expect([seen.status, seen.text]).toEqual([status, "error"]);
  });

  it.each([
    { id: "with a validator", more: { etag: '"1"' } },
    { id: "without a validator", more: {} },
  ])("requests the page again in the background after a second: $id", async ({ more }) => {
    const site = await openStale({ ...fields, ...more });
    const { script } = site.origin;
    site.origin.script = unreachable;
    expect((await site.get("/a")).text).toBe("page 1");
    site.origin.script = script;
    const count = site.origin.count;
    expect([await texts(site, 1), site.origin.count]).toEqual([["page 1"], count]);
    site.clock.advance(1);
    expect([await texts(site, 1), site.origin.count]).toEqual([["page 1"], count + 1]);
    expect((await site.get("/a")).text).toBe(`page ${count + 1}`);
  });

  it.each([
    { id: "no-allowance", cacheControl: "max-age=60" },
    { id: "too-late", cacheControl: "max-age=51, stale-if-error=10" },
    { id: "must-revalidate", cacheControl: "max-age=60, stale-if-error=600, must-revalidate" },
  ])("does not prevent a 502 if a stale response is not allowed: $id", async ({ cacheControl }) => {
    const site = await openStale(cc(cacheControl, { etag: '"1"' }), unreachable);
    expect((await site.get("/a")).status).toBe(502);
  });
});

describe("an answer to a refresh that is not stored", () => {
  const kept = cc("max-age=60, stale-while-revalidate=600, stale-if-error=600", { etag: '"1"' });

  /** Returns the next answer of a failing origin, after an answer to a refresh. */
  const textAfter = async (answer: () => Response) => {
    const site = await openStale(kept, answer);
    await site.get("/a");
    site.origin.script = failing(503);
    return (await site.get("/a")).text;
  };
  const moved = cc("no-store", { location: "/b" });

  it.each([
    { id: "private", answer: () => page("new", cc("private")) },
    { id: "no-store", answer: () => page("new", cc("no-store")) },
    { id: "moved", answer: () => page("moved", moved, 301) },
    { id: "not found", answer: () => page("not found", {}, 404) },
    { id: "gone", answer: () => page("gone", cc("no-store"), 410) },
  ])("removes the stale response: $id", async ({ answer }) => {
    expect(await textAfter(answer)).toBe("error");
  });

  it.each([
    { id: "no lifetime", answer: () => page("new") },
    { id: "temporary redirect", answer: () => page("", moved, 307) },
    { id: "501", answer: () => page("trouble", {}, 501) },
    { id: "too many requests", answer: () => page("later", {}, 429) },
    { id: "bad request", answer: () => page("what?", cc("no-store"), 400) },
    { id: "forbidden", answer: () => page("not you", cc("private"), 403) },
  ])("keeps the stale response: $id", async ({ answer }) => {
    expect(await textAfter(answer)).toBe("page 1");
  });
});
